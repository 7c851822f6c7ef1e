#!/usr/bin/env python3
"""The story without --once: it keeps serving, each command that it prints to look further does what
is said there, and Ctrl-C ends it well.

    serving_test.py --binary TALLYSTICK"""

import argparse
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# What a command must say, and how it must end, by the words above it; else 0 and anything.
ENDS = {
    "What the server counts": (0, "tallystick_"),
    "The consumer's contract and its count": (0, '"uses":5'),
    "A use more, which is refused": (1, "contract.uses_exhausted"),
    "The project, one disputed item of it, and the proof of what the model said of it": (0, '"'),
    "The released version, which names its parent and the project": (0, '"parent_version":1'),
    "The whole ledger, as the server shows it to an auditor": (0, "All is right."),
    "A receipt, checked with the log's public key alone": (0, "use.recorded/1"),
    "The ledger on disk, and the copy that was tampered with": None,
}


def read_until(process, words):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    sys.exit("FAILED: it ended before it said " + words + ":\n" + "".join(lines))


def commands_of(text):
    """(words, command) for each command under "Look further"."""
    words, found = "", []
    for line in text.split("Look further\n")[1].replace("\\\n", "").splitlines():
        if re.match(r"    \S", line):
            found.append((words, line.strip()))
        elif re.match(r"  \S", line):
            words = line.strip()
    return found


def expected_end(words, command):
    if words in ENDS and ENDS[words]:
        return ENDS[words]
    return (1, "WRONG at entry") if "tampered" in command else (0, "All is right.")


def try_commands(found):
    wrong = []
    for words, command in found:
        if command.startswith("curl") and not shutil.which("curl"):
            print(f"not tried, as there is no curl: {command}")
            continue
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        code, says = expected_end(words, command)
        if done.returncode != code or says not in done.stdout + done.stderr:
            wrong.append(f"{command}\nended with {done.returncode}, not {code} and {says}:\n"
                         f"{done.stdout}{done.stderr}")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    binary = parser.parse_args().binary
    with tempfile.TemporaryDirectory(prefix="tallystick-test-") as folder:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "examples/story/run.py"), "--binary", binary, "--port", "0",
             "--keep", folder + "/run"], stdout=subprocess.PIPE, text=True)
        try:
            found = commands_of(read_until(process, "until Ctrl-C"))
            wrong = try_commands(found)
            unknown = ENDS.keys() - {words for words, _ in found}
            wrong += [f"nothing is printed under: {words}" for words in unknown]
            process.send_signal(signal.SIGINT)
            code = process.wait(60)
        finally:
            process.kill()
            process.stdout.close()
    if code != 0:
        wrong.append(f"Ctrl-C ended it with {code}")
    print(f"{len(found)} commands tried")
    if wrong:
        sys.exit("FAILED:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
