"""golang.org/x/mod/sumdb: note for checkpoints, tlog for tiles, inclusion and consistency."""
import shutil

from workbench import HERE, corrupted, run

VERIFIER = "golang.org/x/mod sumdb note, tlog"
VERSION = next(line.split()[-1] for line in (HERE / "go" / "go.mod").read_text().splitlines()
               if "golang.org/x/mod" in line)
SIZES = (0, 1, 2, 255, 256, 257, 511, 65_536, 65_537)


def verify(bench):
    program = bench.go_program("sumdb")
    ledger = bench.ledger()
    olds = []

    def prove(place, entries, old_checkpoints=(), key=ledger.vkey):
        code, words = run(program, "-ledger", place, "-key", key, "-token", ledger.token,
                          "-entries", ",".join(map(str, entries)), "-old", ",".join(map(str, old_checkpoints)))
        return code == 0 and words.startswith("PROVED"), code == 1 and words.startswith("REFUSED"), words

    for size in SIZES:
        ledger.grow(size)
        entries = sorted({n for n in (0, 1, 254, 255, 256, size // 2, size - 2, size - 1) if 0 <= n < size})
        is_right, _, words = prove(ledger.url, entries, olds)
        bench.accepts(f"size {size}, {len(entries)} entries, {len(olds)} older checkpoints", is_right, words)
        directory = ledger.export(f"export-{size}")
        is_right, _, words = prove(directory, entries, olds)
        bench.accepts(f"size {size}, exported", is_right, words)
        old = ledger.directory / f"checkpoint-{size}"
        shutil.copyfile(directory / "checkpoint", old)
        olds.append(old)

    # Every entry of the first and the last bundle, so that no corrupted one is overlooked.
    for size in (257, 511):
        directory = ledger.directory / f"export-{size}"
        for what, copy in corrupted(directory):
            _, is_refused, words = prove(copy, range(size))
            bench.refuses(f"size {size}, {what}", is_refused, words)
    fork = bench.ledger()
    fork.grow(300)
    forked = fork.export("export") / "checkpoint"
    _, is_refused, words = prove(ledger.url, [0], [forked])
    bench.refuses("a checkpoint of another history", is_refused, words)
    fork.close()
    stranger = bench.ledger("another key")
    _, is_refused, words = prove(ledger.url, [0], key=stranger.vkey)
    bench.refuses("the key of another log", is_refused, words)
    stranger.close()
    ledger.close()
