#!/usr/bin/env python3
"""The main job against the real server: its figures are those of the issue, and those that
examples/cifar10/figures.py computes from the files alone; so are the bytes of the release.

    story_test.py --binary TALLYSTICK"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE_SHA256 = "750b00951953972c6636fdae65cd38d0a06b0e226259248a28c95ff42ee426c9"
EXPECTED = {
    "accepted": 7659, "human": 2249, "held": 92, "human_labels": 3420, "checks": 71,
    "accepted_equal": 7588, "auto_accept_errors_low": 54, "auto_accept_errors_high": 66,
    "upheld": 221, "contradicted": 22, "with_model": 18, "neither": 4, "in_doubt": 32,
    "released": 9872, "released_unlike_published": 18, "release_sha256": RELEASE_SHA256,
    "uses_granted": 5, "uses_refused": 1, "audit": "passed",
}


def run(*command):
    """Runs a Python script of the project; what it printed on standard output."""
    done = subprocess.run([sys.executable, *command], stdout=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"FAILED: {command[0]} ended with {done.returncode}")
    return done.stdout


def compare(what, found, expected):
    """The lines that say where they differ."""
    return [f"{what}: {name} is {found.get(name)}, not {value}"
            for name, value in expected.items() if found.get(name) != value]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    binary = parser.parse_args().binary
    with tempfile.TemporaryDirectory(prefix="tallystick-test-") as folder:
        kept = pathlib.Path(folder) / "run"
        printed = run(str(ROOT / "examples/story/run.py"), "--binary", binary, "--once", "--json",
                      "--keep", str(kept))
        story = json.loads(printed.splitlines()[-1])
        lines = pathlib.Path(folder) / "released.ndjson"
        figures = json.loads(run(str(ROOT / "examples/cifar10/figures.py"), "--json", "--released",
                                 str(lines)))
        used = (kept / "parties/consumer/dataset.ndjson").read_bytes()
        wrong = compare("the story", story, EXPECTED)
        wrong += compare("the story, by the files,", story, figures)
        if used != lines.read_bytes() or hashlib.sha256(used).hexdigest() != RELEASE_SHA256:
            wrong.append("the consumer obtained other bytes than the files give")
    print(json.dumps(story, indent=2))
    if wrong:
        sys.exit("FAILED:\n" + "\n".join(wrong))


if __name__ == "__main__":
    main()
