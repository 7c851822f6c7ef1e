#!/usr/bin/env python3
"""Plays the main job on a fresh space, over HTTP, with the data of ../cifar10, and tells about it.

    run.py --binary TALLYSTICK [--once] [--json] [--keep DIR] [--port N]

Starts a server and a process for each party, and passes between them what is public: ids, digests,
the log's public key. Exit 0 when the story is done and everything in it was verified, 1 when a step
failed, 2 when it could not begin. See README.md beside this file."""

import argparse
import contextlib
import json
import pathlib
import shutil
import signal
import socket
import sys
import tempfile

import account
from display import Display
from processes import PartyProcess, Server, StepFailed, run_program

ORIGIN = "story.example/cifar10"
PORT = 8461
USES = 5
FIGURES = ["accepted", "human", "held", "human_labels", "released", "upheld", "contradicted",
           "in_doubt", "uses_granted", "uses_refused", "audit"]
PARTIES = {  # directory, script, name under which it registers, roles
    "provider": ("provider.py", "CIFAR-10 label provider", ["provider"]),
    "labeling-team": ("labeler.py", "Labeling team", ["labeler"]),
    "consumer": ("consumer.py", "Model training team", ["consumer"]),
    "auditor": ("auditor.py", "Auditor", ["auditor"]),
}


class Story:
    """The main job from an empty directory to an audited ledger. `figures` fills as it goes."""

    def __init__(self, binary, port, directory, display):
        self._binary, self._port, self._directory = binary, port, directory
        self._space = directory / "space"
        self._display = display
        self._parties = {}
        self._ids = {}
        self.server = None
        self.figures = {}
        self.places = {"binary": binary, "parties": directory / "parties", "space": self._space,
                       "log_key_file": self._space / "log.vkey"}

    def play(self):
        self._open_space()
        self._gather_parties()
        self._publish()
        self._label()
        self._release()
        self._use()
        self._audit()

    def end_parties(self):
        for party in self._parties.values():
            party.end()
        self._parties = {}

    # --- the acts --------------------------------------------------------------------------------

    def _open_space(self):
        made = json.loads(run_program(self._binary, "init", str(self._space), "--origin", ORIGIN,
                                      "--json"))
        self._log_key = made["log_vkey"]
        self._token_file = made["token_file"]
        self.server = Server(self._binary, self._space, self._port,
                             self._directory / "server.log")
        self.places["url"] = self.server.url
        self._tell("operator", f"made a space, served at {self.server.url}")

    def _gather_parties(self):
        (self._directory / "parties").mkdir()
        self._start("operator", "space_operator.py")
        self._ask("operator", "take_over", token_file=self._token_file)
        for who, (script, name, roles) in PARTIES.items():
            self._start(who, script)
            self._ids[who] = self._ask(who, "register")["party"]
            self._ask("operator", "approve", party=self._ids[who], name=name, roles=roles)
            self._ask(who, "take_token")
        self._tell("operator", f"approved {len(PARTIES)} parties, each with its own key and token")

    def _publish(self):
        self._version = self._ask("provider", "publish")
        self.figures["records"] = self._version["records"]
        self.places["dataset"] = self._version["dataset"]
        self._tell("provider", f"dataset version {self._version['version']}: "
                   f"{self._version['records']:,} ids with published labels, sealed")

    def _label(self):
        contract = self._agree("labeling-team", self._version, "labeling", ["download"], 1)
        obtained = self._ask("labeling-team", "obtain", contract=contract, purpose="labeling",
                             digest=self._version["digest"])
        self._tell("labeling-team", f"1 use: obtained {obtained['records']:,} items")
        project = self._ask("labeling-team", "open_project", contract=contract)["project"]
        self.places["project"] = project
        imported = self._ask("labeling-team", "import_predictions")
        self._tell("labeling-team", f"imported {imported['imported']:,} predictions: "
                   f"{imported['accepted']:,} accepted, {imported['human']:,} for people, "
                   f"{imported['held']:,} held")
        sent = self._ask("labeling-team", "send_to_check")
        self.figures["accepted_equal"] = sent["accepted_equal"]
        self._tell("labeling-team", f"sent {sent['checks']} accepted items to people as a check")
        answered = self._ask("labeling-team", "have_answered")
        self.figures["annotators"] = answered["annotators"]
        self._tell("annotators", f"{answered['annotators']} processes gave {answered['answers']:,} "
                   "labels, each under a lease")
        outcome = self._ask("labeling-team", "read_outcome")
        self.figures.update(outcome)
        self._tell("labeling-team", f"of {outcome['disputed']} disputed labels "
                   f"{outcome['upheld']} upheld, {outcome['contradicted']} contradicted, "
                   f"{outcome['in_doubt']} in doubt")

    def _release(self):
        released = self._ask("provider", "release", project=self.places["project"])
        self._version = {**self._version, "version": released["version"],
                         "digest": released["digest"]}
        self.places["version"] = released["version"]
        self.figures.update(version=released["version"], released=released["released"],
                            release_sha256=released["digest"],
                            released_unlike_published=released["unlike_published"])
        self._tell("provider", f"released {released['released']:,} labels as version "
                   f"{released['version']}, made from version {released['parent_version']}")

    def _use(self):
        contract = self._agree("consumer", self._version, "training", ["read", "download"], USES)
        self.places["contract"] = contract
        used = self._ask("consumer", "use", contract=contract, purpose="training", uses=USES,
                         digest=self._version["digest"])
        self.figures.update(uses_granted=used["granted"], uses_refused=used["refused"],
                            uses_limit=USES, refusal=used["refusal"]["code"])
        self._tell("consumer", f"{used['granted']} uses granted, one more refused, an old key "
                   "repeated without charge")

    def _audit(self):
        handed = self._directory / "handed-over"
        handed.mkdir()
        for who in self._parties:
            self._ask(who, "hand_over", directory=str(handed))
        self._ask("auditor", "copy_ledger", database=str(self._space / "tallystick.db"))
        audit = self._ask("auditor", "audit")
        self.figures.update(audit=audit["audit"], entries=audit["entries"],
                            audit_ms=audit["duration_ms"])
        self._tell("auditor", f"audit {audit['audit']}: {audit['entries']:,} entries")
        verified = self._ask("auditor", "verify_receipts", directory=str(handed))
        self.figures["receipts_verified"] = verified["receipts"]
        self._tell("auditor", f"verified {verified['receipts']} receipts offline")
        found = self._ask("auditor", "find_tampering", seq=verified["last_use"])
        self.figures.update(tamper_found_at=found["found_at"], tamper_before=found["before"],
                            tamper_after=found["after"])
        self.places.update(tampered=found["copy"], receipt=verified["last_use_receipt"])
        self._tell("auditor", f"a tampered copy was caught at entry {found['found_at']}")

    # --- the means -------------------------------------------------------------------------------

    def _start(self, who, script):
        self._parties[who] = PartyProcess(
            who, script, self._directory / "parties" / who,
            ["--binary", self._binary, "--url", self.server.url, "--origin", ORIGIN,
             "--log-key", self._log_key])

    def _ask(self, who, order, **facts):
        return self._parties[who].ask(order, self._display.count, **facts)

    def _agree(self, consumer, version, purpose, actions, uses):
        """The provider offers, the other party accepts; the contract's id."""
        offered = self._ask("provider", "offer", consumer=self._ids[consumer],
                            dataset=version["dataset"], version=version["version"],
                            digest=version["digest"], purpose=purpose, actions=actions, uses=uses)
        self._ask(consumer, "accept", contract=offered["contract"], purpose=purpose, uses=uses)
        self._tell(consumer, f"contract with the provider: {purpose}, {uses} "
                   f"{'use' if uses == 1 else 'uses'}, signed by both")
        return offered["contract"]

    def _tell(self, who, words):
        self._display.step(who, words)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(options):
    """The one that was asked for; the usual one to keep serving, if it is free; else any."""
    if options.port is not None:
        return options.port
    return PORT if not options.once and is_free(PORT) else 0


def make_directory(keep):
    """Where everything of this run lies. One that is kept must be new or empty."""
    if not keep:
        return pathlib.Path(tempfile.mkdtemp(prefix="tallystick-"))
    directory = pathlib.Path(keep).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise OSError(f"{directory} is not empty")
    return directory


def tell_failure(display, failure, story, directory):
    what = failure.what.replace("_", " ")
    display.say(f"\nFAILED: {failure.who} could not {what}: {failure.words}")
    if failure.problem:
        display.say("The server's problem document:\n" + json.dumps(failure.problem, indent=2))
    if story.server:
        state = "runs" if story.server.is_running() else "has ended"
        display.say(f"The server {state}; the end of its log:\n" + story.server.log_end())
    display.say(f"Everything of this run is kept in {directory}.")


def result(story, display):
    first = {name: story.figures[name] for name in FIGURES}
    return {**first, **story.figures, "seconds": round(display.seconds(), 1)}


def keep_serving(story, display, is_kept):
    display.say(f"Serving at {story.server.url} until Ctrl-C" +
                ("." if is_kept else "; then all of this is removed (see --keep)."))
    with contextlib.suppress(KeyboardInterrupt):  # it reaches the server, too
        story.server.wait()
    display.say("Stopped.")


def tell(story, display, is_serving, is_kept):
    display.say(account.what_happened(story.figures))
    if is_serving or is_kept:
        display.say(account.look_further(story.places, is_serving))


def run(options, display, directory):
    """Plays the story; 0, or 1 when a step failed."""
    story = Story(options.binary, choose_port(options), directory, display)
    try:
        story.play()
        story.end_parties()
        tell(story, display, not options.once, options.keep)
        if options.json:
            print(json.dumps(result(story, display)), flush=True)
        if not options.once:
            keep_serving(story, display, options.keep)
        code = story.server.stop()
        if code != 0:
            raise StepFailed("server", "stop", f"it ended with {code}")
        return 0
    except StepFailed as failure:
        tell_failure(display, failure, story, directory)
        return 1
    finally:
        story.end_parties()
        if story.server:
            story.server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the program tallystick")
    parser.add_argument("--once", action="store_true", help="stop when the story is done")
    parser.add_argument("--json", action="store_true",
                        help="print the figures as one JSON object, all else on standard error")
    parser.add_argument("--keep", metavar="DIR", help="keep everything of this run in DIR")
    parser.add_argument("--port", type=int, metavar="N", help=f"where to serve (usually {PORT})")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options.binary = str(pathlib.Path(options.binary).resolve(strict=True))
        directory = make_directory(options.keep)
    except OSError as error:
        print(f"run: {error}", file=sys.stderr)
        sys.exit(2)
    try:
        code = run(options, Display(sys.stderr if options.json else sys.stdout), directory)
    except KeyboardInterrupt:
        code = 130
    if not options.keep and code != 1:  # of a failure everything is left, to be looked at
        shutil.rmtree(directory)
    sys.exit(code)


if __name__ == "__main__":
    main()
