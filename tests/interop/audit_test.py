#!/usr/bin/env python3
"""What the verifiers of others are given, given to `tallystick audit`: no net is needed.

    tests/interop/audit_test.py TALLYSTICK SERVED_LEDGER"""
import functools
import http.server
import sys
import tempfile
import threading

from workbench import Workbench, corrupted, run



class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def hosted(directory):
    """A plain web server in front of a directory."""
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=directory))
    threading.Thread(target=host.serve_forever, daemon=True).start()
    return host


programs = {"tallystick": sys.argv[1], "served_ledger": sys.argv[2]}
with tempfile.TemporaryDirectory() as folder:
    bench = Workbench(programs, folder)
    ledger = bench.ledger()
    for size in (1, 256, 257, 511):
        ledger.grow(size)
        directory = ledger.export(f"export-{size}")
        for place in (directory, ledger.url):
            code, words = run(programs["tallystick"], "audit", "--structural", place, "--key", ledger.vkey,
                              "--token-file", ledger.token_file)
            bench.accepts(f"size {size}", code == 0 and f"entries     {size} right" in words, words)
        for what, copy in corrupted(directory):
            code, words = run(programs["tallystick"], "audit", "--structural", copy, "--key", ledger.vkey)
            bench.refuses(f"size {size}, {what}", code == 1 and "WRONG at" in words, words)
    # Any web server can host an export, and another can be made from there.
    host = hosted(ledger.directory)
    url = f"http://127.0.0.1:{host.server_address[1]}/export-511"
    code, words = run(programs["tallystick"], "audit", "--structural", url, "--key", ledger.vkey)
    bench.accepts("hosted by a plain web server", code == 0 and "entries     511 right" in words, words)
    bench.tallystick("ledger", "export", ledger.directory / "again", "--from", url, "--entries", "--key", ledger.vkey)
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        copy = ledger.directory / "again" / path.relative_to(directory)
        bench.accepts(f"{path.name} is the same", copy.is_file() and copy.read_bytes() == path.read_bytes())
    host.shutdown()
    ledger.close()
print("\n".join(bench.wrong) or f"interop: {bench.accepted} accepted, {bench.refused} corrupted copies refused")
sys.exit(1 if bench.wrong else 0)
