#!/usr/bin/env python3
"""The labeling team's lead: obtains the items under a contract, imports what the model predicts,
has people answer what the model is unsure of, and reads the outcome from the project.

Its annotators are processes of their own (annotator.py), actors of the party with a token each."""

import hashlib
import json
import pathlib
import subprocess
import sys
import threading
import time

import crowd
import line_proof
import party
from party import DAY_SECONDS, Party, Receipts, expect, new_key, order, say_progress, write_secret

ANNOTATORS = 6
MODEL = "cleanlab-cifar10-cross-validated"
POLICY = {"accept_from_ppm": 990_000, "hold_below_ppm": 500_000, "priority": "least_confidence",
          "seats": 1, "agree": 1, "lease_seconds": 600}
HERE = pathlib.Path(__file__).resolve().parent


class Annotator:
    """One of the team's people: an actor of the party, and the process that plays them."""

    def __init__(self, directory, number):
        self.name = f"annotator-{number}"
        self.directory = directory / self.name
        self.directory.mkdir(mode=0o700)
        self.answers = 0
        self.said = {}
        self.process = None
        self._reader = threading.Thread(target=self._read, daemon=True)

    def start(self, url, project, items):
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "annotator.py"), "--directory", str(self.directory),
             "--url", url, "--project", project, "--items", str(items)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._reader.start()

    def is_working(self):
        return self._reader.is_alive()

    def _read(self):
        for line in self.process.stdout:
            self.said = json.loads(line)
            self.answers = self.said.get("answers", self.answers)
        self.process.wait()


class Labeler(Party):
    """The lead of the labeling team."""
    name = "Labeling team"

    def __init__(self, options):
        super().__init__(options)
        self._votes = crowd.read_votes()  # which items were put before the crowd
        self._published = {}              # item -> label: what we obtained under the contract
        self._model = {}                  # item -> labels: where the model was trusted
        self._checked = []
        self._project = None

    @order
    def obtain(self, contract, purpose, digest):
        """One use brings the whole file, where pages of 1,000 records would take ten."""
        content = self.download(contract, purpose)
        expect(hashlib.sha256(content).hexdigest() == digest, "this is not the contract's file")
        self._items_file().write_bytes(content)
        self._published = {line["item"]: line["label"] for line in crowd.parse_lines(content)}
        return {"records": len(self._published), "bytes": len(content)}

    @order
    def open_project(self, contract):
        answer = self.client.change("/v1/projects", {
            "contract": contract, "title": "CIFAR-10, a second look", "classes": crowd.CLASSES,
            "policy": POLICY}, new_key("project"))
        self.receipts.file("project-opened", answer)
        self._project = answer["project"]["id"]
        return {"project": self._project}

    @order
    def import_predictions(self):
        """NDJSON, one line an item. An item with votes gets a seat for each of them."""
        lines = crowd.parse_lines(crowd.read_data("predictions.ndjson.gz"))
        for line in lines:
            if line["item"] in self._votes:
                line.update(seats=crowd.SEATS, agree=crowd.AGREE)
        body = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
        answer = self.client.send("POST", self._path(f"predictions?model={MODEL}"), body,
                                  "application/x-ndjson", new_key("import")).json()
        self.receipts.file("predictions-imported", answer)
        return {name: answer[name] for name in ("imported", "accepted", "human", "held", "chunks")}

    @order
    def send_to_check(self):
        """Where the model was sure, and the published label says otherwise."""
        self._model = {item["item"]: item["labels"]
                       for item in self._export() if item["route"] == "accept"}
        self._checked = [item for item, labels in self._model.items()
                         if labels != [self._published[item]]]
        answer = self.client.change(
            self._path("checks"),
            {"items": self._checked, "seats": crowd.SEATS, "agree": crowd.AGREE}, new_key("checks"))
        self.receipts.file("items-sent-to-check", answer)
        return {"checks": answer["checks"],
                "accepted_equal": len(self._model) - len(self._checked)}

    @order
    def hand_over(self, directory):
        """Our people's receipts, too."""
        handed = super().hand_over(directory)["receipts"]
        for folder in sorted(self.directory.glob("annotator-*")):
            handed += Receipts(folder / "receipts").copy_to(pathlib.Path(directory) / folder.name)
        return {"receipts": handed}

    @order
    def have_answered(self):
        """Sends the annotators to work, until nothing is open."""
        total = self._seats_open()
        team = [self._hire(number + 1) for number in range(ANNOTATORS)]
        for annotator in team:
            annotator.start(self.options.url, self._project, self._items_file())
        while any(annotator.is_working() for annotator in team):
            say_progress("answers", sum(annotator.answers for annotator in team), total)
            time.sleep(0.2)
        for annotator in team:
            expect(annotator.process.returncode == 0, f"{annotator.name} gave up: {annotator.said}")
        counts = self._counts()
        expect(counts["open"] == 0, f"nobody works, and tasks are open: {counts}")
        return {"annotators": len(team), "answers": counts["answers"]}

    @order
    def read_outcome(self):
        """The figures, from the project's counts, its export, and proofs of single lines."""
        counts = self._counts()
        items = {item["item"]: item for item in self._export()}
        disputed = [item for item in items.values() if item["answers"] == crowd.SEATS]
        decided = [item for item in disputed if item["state"] == "decided"]
        contradicted = [item for item in decided
                        if self._published[item["item"]] not in item["labels"]]
        predicted = self._prove_predicted(contradicted)
        checks = [items[name] for name in self._checked]
        errors = [item for item in checks if item["state"] == "decided" and
                  not set(self._model[item["item"]]) <= set(item["labels"])]
        doubts = [item for item in checks if item["state"] == "in_doubt"]
        in_doubt = len(disputed) - len(decided)
        expect(in_doubt == counts["in_doubt"], f"the export has {in_doubt} in doubt, not {counts}")
        return {
            "accepted": counts["accepted"], "human": counts["human"], "held": counts["held"],
            "human_labels": counts["answers"], "checks": counts["checks"],
            "disputed": len(disputed), "upheld": len(decided) - len(contradicted),
            "contradicted": len(contradicted), "in_doubt": counts["in_doubt"],
            "with_model": sum(item["labels"] == [predicted[item["item"]]] for item in contradicted),
            "neither": sum(item["labels"] == [] for item in contradicted),
            "auto_accept_errors_low": len(errors),
            "auto_accept_errors_high": len(errors) + len(doubts),
            "lines_proved": len(predicted),
        }

    # --- the project -----------------------------------------------------------------------------

    def _path(self, what):
        return f"/v1/projects/{self._project}/{what}"

    def _counts(self):
        return self.client.ask(f"/v1/projects/{self._project}")["counts"]

    def _export(self):
        return crowd.parse_lines(self.client.send("GET", self._path("export")).body)

    def _items_file(self):
        return self.directory / "items.ndjson"

    def _seats_open(self):
        """How many answers will be asked for: five where there are votes, else one."""
        asked = [item for item in self._export() if item["state"] == "open"]
        return sum(crowd.SEATS if item["item"] in self._votes else 1 for item in asked)

    def _hire(self, number):
        annotator = Annotator(self.directory, number)
        answer = self.client.change("/v1/actors", {
            "name": annotator.name, "scopes": ["tasks:work", "projects:read"],
            "expires_in_seconds": DAY_SECONDS // 2}, new_key("actor"))
        self.receipts.file("actor-added", answer)
        write_secret(annotator.directory / "token", answer["token"] + "\n")
        return annotator

    def _prove_predicted(self, items):
        """item -> the class that the model preferred, proved by its line under a chunk's root."""
        roots, predicted = {}, {}
        for item in items:
            proof = self.client.ask(self._path(f"items/{item['item']}/proof"))["prediction"]
            if proof["seq"] not in roots:
                receipt = self.receipts.keep("predictions-chunk", proof["receipt"])
                roots[proof["seq"]] = self.verify(receipt)["entry"]["body"]["root"]
            root = line_proof.root_of(proof["line"], proof["index"], proof["size"], proof["path"])
            expect(root == roots[proof["seq"]], f"the line about {item['item']} is not proved")
            predicted[item["item"]] = crowd.CLASSES[json.loads(proof["line"])["predicted"]]
        return predicted


if __name__ == "__main__":
    party.main(Labeler)
