#!/usr/bin/env python3
"""Every ledger that is kept here opens, migrates, serves and audits with the binary that is given.

    tests/golden/open_ledgers.py --binary build/release/api/tallystick"""
import argparse
import gzip
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "http"))

import server as binary  # noqa: E402
import space as people  # noqa: E402


def demand(condition, words):
    if not condition:
        raise AssertionError(words)


def unpack(ledger, directory):
    """A data directory as the version that made the ledger left it."""
    shutil.copytree(ledger / "keys", directory / "keys")
    for key in (directory / "keys").iterdir():
        key.chmod(0o600)
    shutil.copyfile(ledger / "log.vkey", directory / "log.vkey")
    database = directory / "tallystick.db"
    database.write_bytes(gzip.decompress((ledger / "tallystick.db.gz").read_bytes()))
    database.chmod(0o600)
    (directory / "tallystick.toml").touch()


def check_audit(server, expected):
    check_report(server.audit(), expected)


def check_report(report, expected):
    demand(report["audit"] == "passed", json.dumps(report))
    demand(report["entries"] == expected["entries"], f"{report['entries']} entries")
    demand(report["entry_bytes"] == expected["entry_bytes"], f"{report['entry_bytes']} bytes")
    demand(report["head"]["root"] == expected["root"], f"the root is {report['head']['root']}")


def check_export(program, server, expected, folder):
    """The same ledger as static files."""
    key = "@" + str(server.directory / "log.vkey")
    directory = pathlib.Path(folder) / "exported"
    for kept in (False, True):
        made = run(program, "ledger", "export", directory, "--from", server.directory, "--entries", "--key", key)
        demand(made["root"] == expected["root"] and made["size"] == expected["entries"], json.dumps(made))
        demand((made["files_written"] == 0) == kept, json.dumps(made))
    check_report(run(program, "audit", directory, "--key", key), expected)


def run(program, *words):
    done = subprocess.run([program, *map(str, words), "--json"], capture_output=True, text=True)
    demand(done.returncode == 0, done.stdout + done.stderr)
    return json.loads(done.stdout)


def enter_again(space, ledger, expected):
    """The consumer of the ledger: its key is kept, and gets a new token."""
    key_file = space.folder / "consumer.key"
    shutil.copyfile(ledger / "consumer.key", key_file)
    key_file.chmod(0o600)
    consumer = people.Party(space, "consumer", party=expected["consumer"])
    consumer.token = consumer.ask_for_token()["token"]
    return consumer


def use_it(server, ledger, expected):
    """What was recorded is still there and still counts; what is permitted is still served."""
    space = people.Space(server, operator=None)
    consumer = enter_again(space, ledger, expected)
    contract = f"/v1/contracts/{expected['contract']}"
    before = space.show(contract, consumer.token)["contract"]
    demand(before["uses"] == expected["uses"], f"{before['uses']} uses")
    receipt = space.send("GET", f"/v1/uses/{expected['use']}/receipt", token=consumer.token)
    demand(receipt.text() == expected["receipt"], "an old receipt has other bytes now")
    old = space.use(consumer, expected["contract"], expected["use_message"], expected["use_key"])
    demand(json.loads(old.body)["receipt"]["use"] == expected["use"], "an old key is forgotten")
    fresh = json.loads(space.use(consumer, expected["contract"], expected["use_message"]).body)
    demand(fresh["records"] == expected["records"], "sealed content opens as something else")
    after = space.show(contract, consumer.token)["contract"]
    demand(after["uses"] == before["uses"] + 1, f"{after['uses']} uses after one more")


def check(program, ledger):
    expected = json.loads((ledger / "expected.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        server = binary.Server(program, folder)
        server.origin = expected["origin"]
        unpack(ledger, server.directory)
        check_audit(server, expected)
        server.start()
        demand(server.stop() == 0, "the server ended badly:\n" + server.log())
        check_audit(server, expected)  # migrated, and not an entry more
        check_export(program, server, expected, folder)
        server.start()
        try:
            use_it(server, ledger, expected)
        finally:
            code = server.stop()
        demand(code == 0, "the server ended badly:\n" + server.log())
        report = server.audit()
        demand(report["audit"] == "passed", json.dumps(report))
    print(f"{ledger.name}: {expected['entries']} entries of {len(expected['kinds'])} kinds, "
          f"made by {expected['made_by']}; {report['entries']} after it was used again")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--binary", required=True)
    given = arguments.parse_args()
    ledgers = sorted(path for path in HERE.glob("ledger-*") if path.is_dir())
    demand(ledgers, "no ledger is kept here")
    for ledger in ledgers:
        check(given.binary, ledger)


main()
