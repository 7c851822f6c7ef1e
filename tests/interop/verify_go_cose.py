"""veraison/go-cose: the signature of our COSE receipts (RFC 9942), over the root that transparency-dev/merkle
computes from entry and path."""
import base64
import hashlib

from verify_sigstore import SEQS
from workbench import CORPUS_VKEY, HERE, corpus, flip, run

VERIFIER = "github.com/veraison/go-cose"
VERSION = next(line.split()[-1] for line in (HERE / "go" / "go.mod").read_text().splitlines()
               if "go-cose" in line)

# What we refuse and go-cose takes: other encodings of the same values, headers that it does not know, and claims and
# key ids, which it leaves to its caller; what an entry says is nothing that a receipt is about.
OURS_ALONE = {"algorithm-long", "label-long", "size-long", "path-indefinite", "header-not-sorted", "header-more",
              "header-proofs-within", "open-more", "open-algorithm", "proofs-both", "claims-more", "issuer-http",
              "issuer-other", "key-long", "key-none", "key-other", "entry-not-json", "entry-wrong-seq"}


def verify(bench):
    program = bench.go_program("cose")
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
        receipt = ledger.cose_receipt(seq)
        is_right, _, words = prove(receipt)
        entry = ledger.receipt(seq).read_text().split("\n")[1].split(" ")[1]
        digest = hashlib.sha256(base64.b64decode(entry)).hexdigest()
        bench.accepts(f"entry {seq} of {size}", is_right and digest in words, words)
        if seq not in (0, 256, 999):
            continue
        # One bit in every seventh byte. What is not signed is hashed to what is: nothing may pass.
        data = receipt.read_bytes()
        copy = ledger.directory / "corrupted.cose"
        for at in range(0, len(data), 7):
            copy.write_bytes(data)
            flip(copy, at)
            _, is_refused, words = prove(copy)
            bench.refuses(f"entry {seq}, byte {at}", is_refused, words)
    for name, what, path in corpus("cose"):
        if name not in OURS_ALONE:
            _, is_refused, words = prove(path, CORPUS_VKEY)
            bench.refuses(f"corpus, {name}: {what}", is_refused, words)
    stranger = bench.ledger("another key")
    _, is_refused, words = prove(ledger.cose_receipt(0), stranger.vkey)
    bench.refuses("the key of another log", is_refused, words)
    stranger.close()
    ledger.close()
