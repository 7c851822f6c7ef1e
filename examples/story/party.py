"""What every party of the story is: a process with a directory, a key and a token of its own.

A party takes orders as JSON lines on standard input, {"do": name, "with": {..}}, and answers each
on standard output with {"progress": ..} lines and one {"done": {..}} or {"failed": {..}}. Orders
and answers carry public facts only (ids, digests, counts, paths). In DIRECTORY stay:

    party.key     made by `tallystick keygen`; signs, by `tallystick sign`
    token         the bearer token that the space gave
    receipts/     a .tlog-proof file for each change this party made
"""

import argparse
import datetime
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys

from api import Client, Problem

DAY_SECONDS = 24 * 3600


class Failed(Exception):
    """Something is not as the story says it must be."""


def expect(is_so, words):
    if not is_so:
        raise Failed(words)


def order(method):
    """Marks a method that may be called by a line on standard input."""
    method.is_order = True
    return method


def say(message):
    print(json.dumps(message), flush=True)


def say_progress(words, done=None, total=None):
    say({"progress": {"words": words, "done": done, "total": total}})


def time_text(seconds_from_now=0):
    moment = datetime.datetime.now(datetime.timezone.utc)
    moment += datetime.timedelta(seconds=seconds_from_now)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def new_key(purpose):
    """An Idempotency-Key that nobody used before."""
    return f"{purpose}-{secrets.token_hex(8)}"


def write_secret(path, text):
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


class Receipts:
    """A folder of .tlog-proof files, numbered in the order in which they came."""

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, name, proof):
        number = sum(1 for _ in self._folder.iterdir()) + 1
        path = self._folder / f"{number:03}-{name}.tlog-proof"
        path.write_text(proof)
        return path

    def file(self, name, answer):
        """The receipt that came with the answer to a change."""
        return self.keep(name, answer["receipt"]["proof"])

    def copy_to(self, folder):
        shutil.copytree(self._folder, folder)
        return sum(1 for _ in folder.iterdir())


class Party:
    name = ""   # as it registers

    def __init__(self, options):
        self.options = options
        self.directory = pathlib.Path(options.directory)
        self.directory.mkdir(mode=0o700)
        self.receipts = Receipts(self.directory / "receipts")
        self.client = Client(options.url)
        self.id = None

    # --- orders that every party understands -----------------------------------------------------

    @order
    def register(self):
        """Makes a key and shows the space that we hold it."""
        made = json.loads(self.run("keygen", str(self.key_file()), "--json"))
        self.id = made["party"]
        document = {"format": "tallystick/party/v1", "id": self.id, "name": self.name,
                    "nonce": secrets.token_hex(16), "public_key": made["public_key"]}
        answer = self.client.change("/v1/parties", self.sign("register", document))
        self.receipts.file("party-registered", answer)
        return {"party": self.id, "key": made["key"]}

    @order
    def take_token(self):
        """After the approval: a signed request gives the party's first token."""
        document = {"format": "tallystick/token-request/v1", "party": self.id,
                    "actor_name": self.name, "issued_at": time_text(),
                    "nonce": secrets.token_hex(16), "expires_in_seconds": DAY_SECONDS}
        answer = self.client.change(f"/v1/parties/{self.id}/tokens", self.sign("token", document))
        self.receipts.file("actor-added", answer)
        self.take(answer["token"])
        return {"actor": answer["actor"]["id"]}

    @order
    def accept(self, contract, purpose, uses):
        """As the consumer of a contract: reads what is offered, and signs if it is what we want."""
        shown = self.client.ask(f"/v1/contracts/{contract}")["contract"]
        document = shown["document"]
        permission = document["permissions"][0]
        counts = [c["value"] for c in permission["constraints"] if c["operand"] == "count"]
        expect(document["parties"]["consumer"] == self.id and permission["purpose"] == [purpose] and
               counts == [uses], f"contract {contract} is not what was agreed: {document}")
        answer = self.client.change(f"/v1/contracts/{contract}/accept",
                                    self.sign("accept", document), new_key("accept"))
        self.receipts.file("contract-accepted", answer)
        expect(answer["contract"]["state"] == "active", f"the contract is not active: {answer}")
        return {"contract": contract, "digest": document["dataset"]["digest"]}

    @order
    def show_contract(self, contract):
        shown = self.client.ask(f"/v1/contracts/{contract}")["contract"]
        rule = shown["rules"][0]
        return {"state": shown["state"], "uses": shown["uses"], "limit": rule["limit"]}

    @order
    def hand_over(self, directory):
        """Copies of our receipts, for the auditor; they hold nothing secret."""
        target = pathlib.Path(directory) / self.directory.name
        return {"receipts": self.receipts.copy_to(target)}

    # --- what they do with it --------------------------------------------------------------------

    def key_file(self):
        return self.directory / "party.key"

    def take(self, token):
        write_secret(self.directory / "token", token + "\n")
        self.client.token = token

    def run(self, *arguments, text=""):
        """Runs `tallystick`, which must succeed; what it printed."""
        done = subprocess.run([self.options.binary, *arguments], input=text, capture_output=True,
                              text=True, check=False)
        expect(done.returncode == 0, f"tallystick {arguments[0]} ended with {done.returncode}:\n"
               f"{done.stdout}{done.stderr}")
        return done.stdout

    def sign(self, verb, document):
        """The message to send: {"document", "key", "signature"}."""
        printed = self.run("sign", verb, "-", "--key", str(self.key_file()), "--origin",
                           self.options.origin, "--party", self.id, text=json.dumps(document))
        return json.loads(printed)

    def download(self, contract, purpose):
        """One use: the whole file of the contract's dataset version."""
        ask = json.dumps({"purpose": purpose, "action": "download"}).encode()
        answer = self.client.send("POST", f"/v1/contracts/{contract}/uses", ask,
                                  "application/json", new_key("download"))
        receipt = self.client.send("GET", answer.headers["Tallystick-Receipt"])
        self.receipts.keep("use-recorded", receipt.body.decode())
        return answer.body

    def verify(self, path):
        """What `tallystick verify` says of a receipt, with the public key of the log alone."""
        return json.loads(self.run("verify", str(path), "--key", self.options.log_key, "--json"))

    # --- the process -----------------------------------------------------------------------------

    def obey(self):
        """Takes orders until standard input ends; 1 as soon as one failed."""
        for line in sys.stdin:
            message = json.loads(line)
            method = getattr(self, message["do"], None)
            if not getattr(method, "is_order", False):
                say({"failed": {"words": f"no such order: {message['do']}"}})
                return 1
            try:
                say({"done": method(**message["with"])})
            except Problem as problem:
                say({"failed": {"words": str(problem), "problem": problem.document}})
                return 1
            except (Failed, OSError, ValueError, KeyError) as error:
                say({"failed": {"words": f"{type(error).__name__}: {error}"}})
                return 1
        return 0


def options_parser(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--directory", required=True, help="where key, token and receipts lie")
    parser.add_argument("--binary", required=True, help="the program tallystick")
    parser.add_argument("--url", required=True, help="the space")
    parser.add_argument("--origin", required=True, help="the ledger's origin")
    parser.add_argument("--log-key", required=True, help="the log's public key, a vkey")
    return parser


def main(party_class):
    # Ctrl-C is for whoever started us, who then closes our standard input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    options = options_parser(party_class.__doc__).parse_args()
    sys.exit(party_class(options).obey())
