#!/usr/bin/env python3
"""One of the labeling team's people, replayed: leases seats of tasks, the most uncertain first, and
answers each as the recorded crowd did, until nothing is open.

Prints {"answers": so far} lines, and {"failed": why} before it gives up."""

import argparse
import json
import pathlib
import signal
import sys
import time

from api import Client, Problem
from crowd import Crowd, parse_lines
from party import Receipts, new_key, say

LEASES = 50
PAUSE_SECONDS = 0.1


class Annotator:
    def __init__(self, options):
        token = (pathlib.Path(options.directory) / "token").read_text().strip()
        items = parse_lines(pathlib.Path(options.items).read_bytes())
        self._crowd = Crowd({line["item"]: line["label"] for line in items})
        self._client = Client(options.url, token)
        self._project = f"/v1/projects/{options.project}"
        self._receipts = Receipts(pathlib.Path(options.directory) / "receipts")
        self._answers = 0

    def work(self):
        while True:
            # `include_held`: what an answer of the server, lost on its way, had leased to us.
            leases = self._client.change(f"{self._project}/leases",
                                         {"count": LEASES, "include_held": True},
                                         new_key("lease"))["leases"]
            if leases:
                self._answer(leases)
            elif self._client.ask(self._project)["counts"]["open"] == 0:
                return
            else:
                time.sleep(PAUSE_SECONDS)  # others are at the last ones; they may come back

    def _answer(self, leases):
        answers = [{"task": lease["task"], "lease": lease["token"],
                    "labels": self._crowd.answer(lease["item"], lease["seat"])} for lease in leases]
        done = self._client.change(f"{self._project}/answers", {"answers": answers},
                                   new_key("answers"))
        self._receipts.keep("label-recorded", done["receipt"]["proof"])
        self._answers += len(done["answers"])
        say({"answers": self._answers})


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("directory", "url", "project", "items"):
        parser.add_argument("--" + name, required=True)
    try:
        Annotator(parser.parse_args()).work()
    except Problem as problem:
        say({"failed": str(problem), "problem": problem.document})
        sys.exit(1)
    except (OSError, ValueError, KeyError) as error:
        say({"failed": f"{type(error).__name__}: {error}"})
        sys.exit(1)


if __name__ == "__main__":
    main()
