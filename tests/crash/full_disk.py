#!/usr/bin/env python3
"""The real program on a disk that takes no more: the request that could not be stored is told so, the
process ends with 70, and after a restart every answer that was given stands and nothing is there twice.

The disk is full for this process alone: a limit on the size of its files."""
import argparse
import json
import pathlib
import resource
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "http"))
import exchange  # noqa: E402
from server import Server  # noqa: E402
from space import Space, canonical  # noqa: E402

EXIT_UNKNOWN = 70
ROOM_BYTES = 2_000_000  # of the log, until the disk is full
REQUESTS_MAX = 500


def demand(holds, words):
    if not holds:
        raise SystemExit("FAILED: " + words)


def register(server, provider, number):
    headers = [("Authorization", f"Bearer {provider.token}"), ("Idempotency-Key", f"key-{number}")]
    body = canonical({"title": f"Dataset {number}", "description": "made for a test"})
    return server.send(exchange.Request("POST", "/v1/datasets", headers, body))


def fill_the_disk(server, provider):
    """What was answered, by number; and the number that was not."""
    log = server.directory / "tallystick.db-wal"
    limit = log.stat().st_size + ROOM_BYTES
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (limit, limit))
    answers = {}
    for number in range(REQUESTS_MAX):
        answer = register(server, provider, number)
        if answer.status == 503:
            code = json.loads(answer.body)["code"]
            demand(code == "outcome_unknown", f"refused with {code}")
            return answers, number
        demand(answer.status == 201, answer.text())
        answers[number] = json.loads(answer.body)
    raise SystemExit("FAILED: the disk was never full")


def check(server, provider, answers, unknown):
    for number, answer in answers.items():
        again = register(server, provider, number)
        demand(again.status == 200, f"an answered key is new: {again.status} {again.text()}")
        demand(json.loads(again.body) == answer, "an answered key has another answer")
    demand(register(server, provider, unknown).status in (200, 201), "the retry was refused")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--binary", required=True)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(given.binary, pathlib.Path(folder) / "space")
        server.init()
        server.start()
        provider = Space(server, server.operator_token()).party("provider", ["provider"])
        answers, unknown = fill_the_disk(server, provider)
        code = server.process.wait(timeout=30)
        demand(code == EXIT_UNKNOWN, f"the process ended with {code}: {server.log()}")
        server.stop()
        server.start()
        check(server, provider, answers, unknown)
        demand(server.stop() == 0, server.log())
        kinds = server.audit()
        demand(kinds["audit"] == "passed", json.dumps(kinds))
        datasets = 4 + 3 + len(answers) + 1  # the opening, the provider, one entry for each key
        demand(kinds["entries"] == datasets, f"{kinds['entries']} entries, not {datasets}")
    print(f"full after {len(answers)} answers: all stand, and the one that was unknown came once")


main()
