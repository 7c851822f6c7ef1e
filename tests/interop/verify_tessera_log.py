"""A log of Tessera's (its example posix-oneshot): its checkpoints are cosigned by `tallystick witness`."""
import pathlib
import shutil
import subprocess
import tempfile

from witnessing import Space, Witness
from workbench import run

VERIFIER = "Tessera posix-oneshot"
VERSION = "v1.0.4"
ORIGIN = "interop.example/tessera"


class TesseraLog:
    """A log in a directory. Its key is one that `tallystick init` made: the format is the same."""

    def __init__(self, bench, program, key_file):
        self.program, self.key_file = program, key_file
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=bench.folder))
        self.storage = self.folder / "log"
        self.number = 0

    def grow(self, count, policy, prefix="entry", seconds=60):
        """Appends, and waits for a checkpoint that its witnesses cosigned: (whether it came, words)."""
        self.number += 1
        entries = self.folder / f"entries-{self.number}"
        entries.mkdir()
        for i in range(count):
            (entries / str(i)).write_text(f"{prefix} {self.number} {i}")
        try:
            code, words = run(self.program, f"--storage_dir={self.storage}", f"--entries={entries}/*",
                              f"--private_key={self.key_file}", f"--witness_policy_file={policy}",
                              "--witness_timeout=2s", timeout=seconds)
        except subprocess.TimeoutExpired as slow:
            return False, str(slow.output)
        return code == 0, words

    def checkpoint(self):
        path = self.storage / "checkpoint"
        return path.read_text() if path.exists() else ""


def verify(bench):
    program = bench.go_tool("github.com/transparency-dev/tessera/cmd/examples/posix-oneshot", VERSION)
    keys = Space(bench, ORIGIN)
    key_file = bench.folder / "log.key"
    key_file.write_text((keys.directory / "keys" / "log.key").read_text().strip())
    witness = Witness(bench, "witness.example/tallystick", [keys.vkey])
    policy = bench.folder / "policy"
    policy.write_text(f"witness w {witness.vkey} {witness.url}\nquorum w\n")

    log = TesseraLog(bench, program, key_file)
    for count in (1, 2, 7, 255, 300):
        is_done, words = log.grow(count, policy)
        bench.accepts(f"{count} more entries", is_done and witness.vkey.split("+")[0] in log.checkpoint(), words)
        held = witness.held(ORIGIN)
        bench.accepts("what the witness holds is what the log published",
                      held is not None and held.split("\n")[:3] == log.checkpoint().split("\n")[:3], held or "")

    # The same log goes on under a policy with a key that is not the witness's: our cosignature is refused.
    stranger = Witness(bench, "witness.example/tallystick", [])
    wrong = bench.folder / "wrong"
    wrong.write_text(f"witness w {stranger.vkey} {witness.url}\nquorum w\n")
    copy = TesseraLog(bench, program, key_file)
    shutil.copytree(log.storage, copy.storage)
    before = copy.checkpoint()
    is_done, words = copy.grow(1, wrong, seconds=20)
    bench.refuses("a cosignature by another key", not is_done and copy.checkpoint() == before, words)
    stranger.close()

    # Another history under the same key: the witness does not cosign it, so it is not published.
    held = witness.held(ORIGIN)
    fork = TesseraLog(bench, program, key_file)
    is_done, words = fork.grow(600, policy, prefix="fork", seconds=20)
    fork_held = witness.held(ORIGIN)
    bench.refuses("a fork of the log", not is_done and "— witness" not in fork.checkpoint() and fork_held == held, words)
    witness.close()
