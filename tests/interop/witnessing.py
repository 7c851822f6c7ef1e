"""Logs and witnesses of ours, for those of others: `tallystick serve` with a policy, `tallystick witness`."""
import base64
import hashlib
import json
import pathlib
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def vkey(name, public_key, kind=4):
    """The text of a key of a log (1) or a witness (4)."""
    typed = bytes([kind]) + public_key
    key_id = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    return f"{name}+{key_id.hex()}+{base64.b64encode(typed).decode()}"


def post(url, body):
    """(status, body) of a POST, whatever the status."""
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "text/plain; charset=utf-8"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def started(words, **options):
    """A program that says where it listens in its first line: (process, URL)."""
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               text=True, **options)
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        process.kill()
        process.wait()
        raise RuntimeError(f"{words[0]} does not listen: {line}")
    return process, line.split()[-1]


def ended(process):
    process.terminate()
    if process.wait(timeout=60) != 0:
        raise RuntimeError("a server ended badly")
    process.stdout.close()


class Space:
    """A space whose ledger is published under a policy; serve() and close()."""

    def __init__(self, bench, origin):
        self.bench = bench
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=bench.folder))
        self.directory = self.folder / "space"
        bench.tallystick("init", self.directory, "--origin", origin)
        self.vkey = (self.directory / "log.vkey").read_text().strip()
        self.token = (self.directory / "operator.token").read_text().strip()
        self.policy = self.folder / "policy"
        self.actors = 0

    def serve(self, *policy_lines):
        self.policy.write_text("\n".join((f"log {self.vkey}",) + policy_lines) + "\n")
        self.process, self.url = started([self.bench.programs["tallystick"], "serve", self.directory, "--port", "0",
                                          "--witness-policy", self.policy])

    def close(self):
        ended(self.process)

    def _ask(self, path, body=None):
        headers = {"Authorization": "Bearer " + self.token}
        if body is not None:
            self.actors += 1
            headers |= {"Content-Type": "application/json", "Idempotency-Key": f"actor-{self.actors}"}
        request = urllib.request.Request(self.url + path, body and json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def append(self):
        """Another entry; its number."""
        answer = self._ask("/v1/actors", {"expires_in_seconds": 600, "name": "a", "scopes": ["ledger:read"]})
        return json.loads(answer)["receipt"]["seq"]

    def published(self, size, seconds=20):
        """The published checkpoint as soon as it holds so many entries; nothing if that takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                note = self._ask("/ledger/checkpoint")
                if int(note.split("\n")[1]) >= size:
                    return note
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
            time.sleep(0.1)
        return None

    def cosigned_receipt(self, seq):
        path = self.folder / f"{seq}.tlog-proof"
        path.write_text(self._ask(f"/v1/ledger/entries/{seq}/receipt?cosigned=true"))
        return path


class Witness:
    """`tallystick witness serve` for the logs with these vkeys: `url`, `vkey`, held()."""

    def __init__(self, bench, name, log_vkeys):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=bench.folder)) / "witness"
        bench.tallystick("witness", "init", self.directory, "--name", name)
        self.vkey = (self.directory / "witness.vkey").read_text().strip()
        lines = [f"log {key}" for key in log_vkeys] + ["quorum none", ""]
        (self.directory / "logs.policy").write_text("\n".join(lines))
        self.process, self.url = started([bench.programs["tallystick"], "witness", "serve", self.directory, "--port", "0"])

    def held(self, origin):
        """What it shows of a log."""
        digest = hashlib.sha256(origin.encode()).hexdigest()
        try:
            with urllib.request.urlopen(f"{self.url}/{digest}/checkpoint", timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError:
            return None

    def close(self):
        ended(self.process)
