#!/usr/bin/env python3
"""Makes a golden ledger: a space with every kind of entry, written by the binary that is given.

    tests/golden/make_ledger.py --binary build/release/api/tallystick tests/golden/ledger-b

A ledger that was made once is kept for ever: every later version opens, migrates and audits it
(open_ledgers.py). A version that adds kinds of entries or tables adds a ledger, and leaves the older
ones alone. Not run by the tests. Needs cc: the server runs on a clock that begins at 2025-01-01, so
that no machine finds the ledger in its future, and that jumps once.
"""
import argparse
import contextlib
import gzip
import json
import os
import pathlib
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))

import furniture  # noqa: E402
import server as binary  # noqa: E402
import space as people  # noqa: E402

ORIGIN = "space.example/golden"
BEGINNING = 1_735_689_600  # 2025-01-01T00:00:00Z
JUMP_SECONDS = 300
LARGE_BYTES = 12 << 20  # too much for the buffers between server and client


class MadeClock:
    """The server's wall clock, which we set."""

    def __init__(self, folder):
        self._file = folder / "moved_seconds"
        self._library = folder / "made_clock.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(self._library),
                        str(HERE / "made_clock.c"), "-ldl"], check=True)
        self.set(BEGINNING - int(time.time()))

    def set(self, seconds):
        self.moved_seconds = seconds
        written = self._file.with_suffix(".new")
        written.write_text(str(seconds))
        written.replace(self._file)
        people.moved_seconds = seconds

    def environment(self):
        return {**os.environ, "LD_PRELOAD": str(self._library), "MADE_CLOCK": str(self._file)}


def make_uses(space):
    """Uses and repetitions: enough entries for a whole bundle of 256."""
    consumer, contract = space.parties["consumer"], space.names["contract"]
    for number in range(90):
        message = {"purpose": "training.fine_tuning", "from": number % 25, "limit": 5}
        for _ in range(3 if number % 3 == 0 else 2):
            space.use(consumer, contract, message, f"use-{number}")
    space.use(consumer, space.names["file_contract"], {"purpose": "research"})
    space.use(consumer, space.names["remote_contract"], {"purpose": "research"})


def make_labels(space):
    """Answers of two people, a check of what the model was sure of, a release."""
    labeler, names = space.parties["labeler"], space.names
    project = f"/v1/projects/{names['project']}"
    answers = [{"task": names[f"task_{n}"], "lease": names[f"lease_{n}"], "labels": ["cat"]}
               for n in (1, 2)]
    space.post(f"{project}/answers", {"answers": answers}, space.tokens["annotator"])
    space.post(f"{project}/checks", {"items": ["item-1"], "seats": 2, "agree": 2}, labeler.token)
    for name, labels in (("annotator", ["bird"]), ("second_annotator", [])):
        leased = space.post(f"{project}/leases", {"count": 9}, space.tokens[name])["leases"]
        for lease in leased:
            space.post(f"/v1/tasks/{lease['task']}/answers",
                       {"lease": lease["token"], "labels": labels}, space.tokens[name])
    space.post(f"{project}/releases", {"note": "what people said"},
               space.parties["provider"].token)


def make_void_use(space):
    """A use that was recorded and cannot be delivered: its content breaks while it is being sent."""
    provider, consumer = space.parties["provider"], space.parties["consumer"]
    dataset = space.dataset(provider, "Large")
    version = space.version(provider, dataset, secrets.token_bytes(LARGE_BYTES),
                            "application/octet-stream")
    document = space.terms(provider, consumer, version, ["research"], 3, actions=["download"])
    contract = space.offer(provider, document)
    space.accept(consumer, contract, document)
    database = space.server.directory / "tallystick.db"
    body = people.canonical({"purpose": "research"})
    head = (f"POST /v1/contracts/{contract}/uses HTTP/1.1\r\nHost: x\r\nIdempotency-Key: broken\r\n"
            f"Authorization: Bearer {consumer.token}\r\nContent-Length: {len(body)}\r\n\r\n")
    with socket.socket() as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what is sent must wait for us
        stream.connect(space.server.address)
        stream.sendall(head.encode() + body)
        stream.recv(100)
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as db:
            db.execute("update content_chunk set sealed = zeroblob(length(sealed)) "
                       "where dataset = ? and chunk > 15", [dataset])
        received = 0
        while part := stream.recv(1 << 20):
            received += len(part)
    if received >= LARGE_BYTES:
        raise RuntimeError("the large file was delivered whole; no use is void")
    state = space.show(f"/v1/contracts/{contract}", consumer.token)["contract"]
    if state["rules"][0]["used"] != 0:
        raise RuntimeError("a use that was not delivered is still counted")
    return dataset


def make_clock_jump(space, clock):
    clock.set(clock.moved_seconds + JUMP_SECONDS)
    space.actor(space.parties["consumer"], "someone", ["parties:read"])  # any change will tell
    space.send("POST", "/v1/clock/acknowledge", token=space.operator, key=secrets.token_hex(8))


def kinds_of(entries):
    counts = {}
    for entry in entries:
        kind = json.loads(entry)["kind"]
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items()))


def read_entries(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = [row for (row,) in db.execute("select entries from ledger_bundle order by bundle")]
        rows += [row for (row,) in db.execute("select entries from ledger_tail order by first_seq")]
    for row in rows:
        while row:
            length = int.from_bytes(row[:2], "big")
            yield row[2:2 + length]
            row = row[2 + length:]


def keep(server, space, target, erased):
    """Everything that a later version needs: the database, its keys, a consumer's key, the facts."""
    database = server.directory / "tallystick.db"
    compact = server.directory / "compact.db"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as db:
        # Content is of the private class: it may be erased.
        db.execute("delete from content_chunk where dataset = ?", [erased])
        db.execute("vacuum into ?", [str(compact)])
    (target / "keys").mkdir(parents=True)
    (target / "tallystick.db.gz").write_bytes(gzip.compress(compact.read_bytes(), 9, mtime=0))
    for key in (server.directory / "keys").iterdir():
        shutil.copyfile(key, target / "keys" / key.name)
    shutil.copyfile(server.directory / "log.vkey", target / "log.vkey")
    shutil.copyfile(space.parties["consumer"].key_file, target / "consumer.key")


def expected(server, space):
    report = server.audit()
    return {"made_by": server.run("--version").strip(), "origin": ORIGIN,
            "entries": report["entries"], "entry_bytes": report["entry_bytes"],
            "root": report["head"]["root"],
            "kinds": kinds_of(read_entries(server.directory / "tallystick.db")),
            "consumer": space.parties["consumer"].id, "contract": space.names["contract"],
            "use": space.names["use"], "use_key": "the-first-use",
            "use_message": {"purpose": "training.fine_tuning", "limit": 2},
            "records": [json.loads(line) for line in furniture.records(2).splitlines()]}


def make(program, target):
    with tempfile.TemporaryDirectory() as folder:
        clock = MadeClock(pathlib.Path(folder))
        server = binary.Server(program, pathlib.Path(folder) / "data", clock.environment())
        server.init(ORIGIN)
        server.start()
        try:
            space = furniture.furnish(server)
            make_uses(space)
            make_labels(space)
            erased = make_void_use(space)
            make_clock_jump(space, clock)
            consumer = space.parties["consumer"]
            facts = {"uses": space.show(f"/v1/contracts/{space.names['contract']}",
                                        consumer.token)["contract"]["uses"]}
            facts["receipt"] = space.send("GET", f"/v1/uses/{space.names['use']}/receipt",
                                          token=consumer.token).text()
        finally:
            code = server.stop()
        if code != 0:
            raise RuntimeError("the server ended badly:\n" + server.log())
        facts.update(expected(server, space))
        keep(server, space, target, erased)
        (target / "expected.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"{target}: {facts['entries']} entries, {len(facts['kinds'])} kinds")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("target", type=pathlib.Path, help="a folder that is not there yet")
    given = arguments.parse_args()
    given.target.mkdir(parents=True)
    make(given.binary, given.target)
