"""HTTP/1.1 by hand: what is sent is what stands here, byte for byte. No client library tidies a path,
joins headers or refuses to send what a server must refuse to take."""
import socket

TIMEOUT_SECONDS = 30
BLOCK_BYTES = 64 * 1024


class Answer:
    """`headers` by lower-case name; of a repeated one, the values joined by commas."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def text(self):
        return self.body.decode("utf-8", "replace")


class Request:
    """A body is bytes, or pieces that are sent in chunks."""

    def __init__(self, method, target, headers=(), body=b"", chunks=None):
        self.method, self.target, self.headers = method, target, list(headers)
        self.body, self.chunks = body, chunks

    def bytes(self, host):
        if self.method == "RAW":  # the target is the whole request, which need not be one
            yield self.target.encode("latin-1")
            return
        names = [name.lower() for name, _ in self.headers]
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        if "host" not in names:
            lines.append(f"Host: {host}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunks is not None:
            lines.append("Transfer-Encoding: chunked")
        elif "content-length" not in names and (self.body or self.method in ("POST", "PUT")):
            lines.append(f"Content-Length: {len(self.body)}")
        yield "\r\n".join(lines + ["Connection: close", "", ""]).encode("latin-1")
        if self.chunks is None:
            yield self.body
            return
        for piece in self.chunks:
            yield b"%x\r\n%s\r\n" % (len(piece), piece)
        yield b"0\r\n\r\n"


def exchange(address, request):
    """Sends the request on a connection of its own; the answer."""
    with socket.create_connection(address, timeout=TIMEOUT_SECONDS) as stream:
        try:
            for part in request.bytes("%s:%d" % address):
                stream.sendall(part)
        except OSError:
            pass  # a server may answer a body that it refuses before it has read it all
        return read_answer(stream, request.method)


def read_answer(stream, method):
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(stream)
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if method == "HEAD" or status in (204, 304):
        return Answer(status, headers, rest)
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, read_chunks(stream, rest))
    length = int(headers.get("content-length", 0))
    while len(rest) < length:
        rest += receive(stream)
    return Answer(status, headers, rest)


def read_chunks(stream, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            data += receive(stream)
        size, _, data = data.partition(b"\r\n")
        length = int(size, 16)
        while len(data) < length + 2:
            data += receive(stream)
        body, data = body + data[:length], data[length + 2:]
        if length == 0:
            return body


def receive(stream):
    block = stream.recv(BLOCK_BYTES)
    if not block:
        raise ConnectionError("the answer ended early")
    return block
