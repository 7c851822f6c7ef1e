"""One line of a bulk entry, proved alone (RFC 6962): the ledger holds but the root of a chunk."""

import hashlib


def root_of(line, index, size, path):
    """The root of a tree of `size` leaves in which `line` is leaf `index`, by its audit path."""
    node = hashlib.sha256(b"\0" + line.encode()).digest()
    path = [bytes.fromhex(step) for step in path]
    last = size - 1
    for step in path:
        if last == 0:
            raise ValueError("the path is too long")
        if index % 2 == 1 or index == last:
            node = hashlib.sha256(b"\1" + step + node).digest()
            while index % 2 == 0 and index != 0:
                index, last = index // 2, last // 2
        else:
            node = hashlib.sha256(b"\1" + node + step).digest()
        index, last = index // 2, last // 2
    if last != 0:
        raise ValueError("the path is too short")
    return node.hex()
