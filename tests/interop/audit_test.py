#!/usr/bin/env python3
"""What the verifiers of others are given, given to `tallystick audit`: no net is needed.

    tests/interop/audit_test.py TALLYSTICK SERVED_LEDGER"""
import sys
import tempfile

from workbench import Workbench, corrupted, run

programs = {"tallystick": sys.argv[1], "served_ledger": sys.argv[2]}
with tempfile.TemporaryDirectory() as folder:
    bench = Workbench(programs, folder)
    ledger = bench.ledger()
    for size in (1, 256, 257, 511):
        ledger.grow(size)
        directory = ledger.export(f"export-{size}")
        for place in (directory, ledger.url):
            code, words = run(programs["tallystick"], "audit", place, "--key", ledger.vkey,
                              "--token-file", ledger.token_file)
            bench.accepts(f"size {size}", code == 0 and f"entries     {size} right" in words, words)
        for what, copy in corrupted(directory):
            code, words = run(programs["tallystick"], "audit", copy, "--key", ledger.vkey)
            bench.refuses(f"size {size}, {what}", code == 1 and "WRONG at" in words, words)
    ledger.close()
print("\n".join(bench.wrong) or f"interop: {bench.accepted} accepted, {bench.refused} corrupted copies refused")
sys.exit(1 if bench.wrong else 0)
