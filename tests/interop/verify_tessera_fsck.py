"""Tessera's fsck: every bundle, every tile and the root of a log, by the authors of tlog-tiles."""
from workbench import corrupted, run

VERIFIER = "Tessera fsck"
VERSION = "v1.0.4"
SIZES = (0, 1, 255, 256, 257, 511, 65_536, 65_537)


def verify(bench):
    program = bench.go_tool("github.com/transparency-dev/tessera/cmd/fsck", VERSION)

    # It exits 0 whatever it finds; the verdict is in its log.
    def fsck(place, ledger, size):
        _, log = run(program, "--ui=false", "-N=2", f"--storage_url={place}", f"--public_key={ledger.vkey_file}",
                     f"--bearer_token={ledger.token}")
        success = f"Successfully fsck'd log with size {size} " in log
        return success, "fsck failed" in log and "Successfully" not in log, log

    ledger = bench.ledger()
    for size in SIZES:
        ledger.grow(size)
        is_right, _, log = fsck(ledger.url + "/", ledger, size)
        bench.accepts(f"size {size}, served", is_right, log)
        directory = ledger.export(f"export-{size}")
        is_right, _, log = fsck(f"file://{directory}/", ledger, size)
        bench.accepts(f"size {size}, exported", is_right, log)
        for what, copy in corrupted(directory):
            _, is_refused, log = fsck(f"file://{copy}/", ledger, size)
            bench.refuses(f"size {size}, {what}", is_refused, log)
    ledger.close()

    server = bench.server()
    is_right, _, log = fsck(server.url + "/", server, server.size())
    bench.accepts("tallystick serve", is_right, log)
    server.close()
