#!/usr/bin/env python3
"""docs/walkthrough.md, run as it stands: what each step prints is what the page says."""

import argparse
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "walkthrough.md"
PORT = "8461"
MARK = "-- step {} --"


def blocks(text):
    """(commands, what they print) of each step; the second is empty where the page does not say."""
    fence = re.compile(r"^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
    return [(commands, printed or "") for commands, printed in fence.findall(text)]


def free_port():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return str(held.getsockname()[1])


def missing_lines(promised, printed):
    """The promised lines that do not stand in what was printed, in that order."""
    at, missing = 0, []
    for line in promised.splitlines():
        found = re.compile(".*".join(map(re.escape, line.split("..."))), re.MULTILINE).search(printed, at)
        if found:
            at = found.end()
        else:
            missing.append(line)
    return missing


def play(steps, binary, directory):
    script = ["set -euo pipefail"]
    for number, (commands, _) in enumerate(steps):
        script += [f"echo '{MARK.format(number)}'", commands]
    path = f"{pathlib.Path(binary).resolve().parent}:{os.environ['PATH']}"
    shell = subprocess.Popen(["bash", "-c", "\n".join(script)], cwd=directory, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                             env={**os.environ, "PATH": path})
    try:
        out, err = shell.communicate(timeout=120)
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)  # the server, where a step failed
        except ProcessLookupError:
            pass
    return shell.returncode, out, err


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    binary = parser.parse_args().binary
    steps = blocks(PAGE.read_text().replace(PORT, free_port()))
    with tempfile.TemporaryDirectory() as directory:
        code, out, err = play(steps, binary, directory)
    wrong = [] if code == 0 else [f"exit code {code}"]
    for number, (_, promised) in enumerate(steps):
        after = out.partition(MARK.format(number))[2].partition(MARK.format(number + 1))[0]
        wrong += [f"step {number} did not print: {line}" for line in missing_lines(promised, after)]
    if wrong or not steps:
        print(*wrong, out, err, sep="\n", file=sys.stderr)
        return 1
    print(f"{len(steps)} steps, as the page says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
