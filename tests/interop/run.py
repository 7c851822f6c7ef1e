#!/usr/bin/env python3
"""Runs verifiers that we did not write against ledgers of ours, and against corrupted copies of them.

    tests/interop/run.py --tallystick PATH --served-ledger PATH [NAME ..]

Each file verify_<name>.py here is one. Exits 0 only when each of them ran, accepted what is right and
refused every corrupted copy; 77 when one was skipped, which is named; 1 when one judged wrongly."""
import argparse
import importlib
import sys
import tempfile
import traceback

import workbench

HERE = workbench.HERE
sys.path.insert(0, str(HERE))


def names():
    return sorted(path.stem.removeprefix("verify_") for path in HERE.glob("verify_*.py"))


def run(name, programs):
    """The row of one verifier: (verifier, version, accepted, refused, state)."""
    module = importlib.import_module("verify_" + name)
    row = [module.VERIFIER, module.VERSION]
    with tempfile.TemporaryDirectory(prefix="tallystick-interop-") as folder:
        bench = workbench.Workbench(programs, folder)
        try:
            print(f"{module.VERIFIER} {module.VERSION} ..", file=sys.stderr, flush=True)
            module.verify(bench)
        except workbench.Skip as reason:
            print(f"skipped: {reason}", file=sys.stderr)
            return row + ["skipped", "skipped", "skipped"]
        except Exception:  # whatever broke, the others still run
            traceback.print_exc()
            return row + ["broken", "broken", "failed"]
    for words in bench.wrong:
        print(f"WRONG: {words}", file=sys.stderr)
    if bench.accepted == 0 or bench.refused == 0:
        bench.wrong.append("nothing was asked")
    not_accepted = sum("was not accepted" in words for words in bench.wrong)
    not_refused = sum("was not refused" in words for words in bench.wrong)
    return row + [f"{bench.accepted - not_accepted} of {bench.accepted}",
                  f"{bench.refused - not_refused} of {bench.refused}", "failed" if bench.wrong else "passed"]


def print_table(rows):
    table = [("verifier", "version", "accepted", "corrupted refused")] + [tuple(row[:4]) for row in rows]
    widths = [max(len(row[column]) for row in table) for column in range(4)]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tallystick", required=True)
    parser.add_argument("--served-ledger", required=True)
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("names", nargs="*", help="only these verifiers")
    given = parser.parse_args()
    if given.list:
        print("\n".join(names()))
        return 0
    unknown = [name for name in given.names if name not in names()]
    if unknown:
        parser.error(f"there is no verifier {unknown[0]}; there are: {' '.join(names())}")
    programs = {"tallystick": given.tallystick, "served_ledger": given.served_ledger}
    rows = [run(name, programs) for name in given.names or names()]
    print_table(rows)
    if any(row[4] == "failed" for row in rows):
        print("interop: a verifier judged wrongly, or broke")
        return 1
    skipped = [row[0] for row in rows if row[4] == "skipped"]
    if skipped:
        print(f"interop: skipped: {', '.join(skipped)}")
        return 77
    print("interop: every verifier ran, accepted what is right and refused what is not")
    return 0


sys.exit(main())
