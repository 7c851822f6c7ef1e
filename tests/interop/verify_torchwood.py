"""filippo.io/torchwood: the proof verifier of .tlog-proof files, on our receipts."""
from verify_sigstore import SEQS, corrupted
from workbench import CORPUS_VKEY, HERE, corpus, run

VERIFIER = "filippo.io/torchwood"
VERSION = next(line.split()[-1] for line in (HERE / "go" / "go.mod").read_text().splitlines()
               if "filippo.io/torchwood" in line)

# What we refuse and torchwood does not judge, or takes: Go's base64 and ParseInt know several spellings, x/mod looks
# at the first of several lines by one key, and what an entry says is nothing that a proof is about.
OURS_ALONE = {"index-leading-zero", "index-plus", "note-loose-base64", "path-loose-base64", "root-loose-base64",
              "signature-wrong-beside-good", "entry-not-json", "entry-two-seqs", "entry-wrong-seq"}


def verify(bench):
    program = bench.go_program("torchwood")
    ledger = bench.ledger()

    def prove(path, key=ledger.vkey):
        code, words = run(program, key, path)
        return code == 0 and words.startswith("PROVED"), code == 1 and words.startswith("REFUSED"), words

    sizes = iter((1, 2, 257, 511, 1_000))
    size = 0
    for seq in SEQS:
        while size <= seq:
            size = next(sizes)
            ledger.grow(size)
        receipt = ledger.receipt(seq)
        is_right, _, words = prove(receipt)
        bench.accepts(f"entry {seq} of {size}", is_right, words)
        for what, text in corrupted(receipt.read_text()):
            path = ledger.directory / "corrupted.tlog-proof"
            path.write_text(text)
            _, is_refused, words = prove(path)
            bench.refuses(f"entry {seq}, {what}", is_refused, words)
    for name, what, path in corpus("proof"):
        if name not in OURS_ALONE:
            _, is_refused, words = prove(path, CORPUS_VKEY)
            bench.refuses(f"corpus, {name}: {what}", is_refused, words)
    stranger = bench.ledger("another key")
    _, is_refused, words = prove(ledger.receipt(0), stranger.vkey)
    bench.refuses("the key of another log", is_refused, words)
    stranger.close()
    ledger.close()
