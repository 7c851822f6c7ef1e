"""@sigstore/verify: a checkpoint's signature and an entry's inclusion, from our receipts."""
import base64

from workbench import HERE, run

VERIFIER = "@sigstore/verify"
VERSION = "3.1.1"  # the last that runs on Node 20
SEQS = (0, 1, 2, 100, 255, 256, 257, 510, 511, 512, 998, 999)


def corrupted(text):
    """The receipt with one thing wrong, in each way: (what, text)."""
    lines = text.split("\n")
    entry, index = lines[1].split(" ")[1], int(lines[2].split(" ")[1])
    gap = lines.index("")

    def changed(at, line):
        return "\n".join(lines[:at] + [line] + lines[at + 1:])

    def flipped(coded, at):
        raw = bytearray(base64.b64decode(coded))
        raw[at] ^= 1
        return base64.b64encode(bytes(raw)).decode()

    yield "a byte of the entry", changed(1, "extra " + flipped(entry, 9))
    yield "the index", changed(2, f"index {index ^ 1}")
    yield "an index beyond the size", changed(2, "index 4000000000")
    if gap > 3:
        yield "a byte of the path", changed(3, flipped(lines[3], 5))
        yield "a hash of the path left out", "\n".join(lines[:3] + lines[4:])
    yield "a hash too many", "\n".join(lines[:gap] + [base64.b64encode(bytes(32)).decode()] + lines[gap:])
    yield "the checkpoint's size", changed(gap + 2, str(int(lines[gap + 2]) + 1))
    yield "the checkpoint's root", changed(gap + 3, flipped(lines[gap + 3], 0))
    name = lines[gap + 5].rsplit(" ", 1)[0]
    signature = lines[gap + 5].rsplit(" ", 1)[1]
    yield "a byte of the signature", changed(gap + 5, f"{name} {flipped(signature, 40)}")
    yield "the key's id", changed(gap + 5, f"{name} {flipped(signature, 0)}")


def verify(bench):
    modules = bench.node_modules(VERIFIER, VERSION)
    ledger = bench.ledger()

    def prove(path):
        code, words = run("node", HERE / "node" / "sigstore.js", modules, ledger.vkey, path)
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
        if seq not in (0, 256, 999):
            continue
        for what, text in corrupted(receipt.read_text()):
            path = ledger.directory / "corrupted.tlog-proof"
            path.write_text(text)
            _, is_refused, words = prove(path)
            bench.refuses(f"entry {seq}, {what}", is_refused, words)
    ledger.close()
