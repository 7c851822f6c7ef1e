"""The people of the story: recorded answers of crowd workers, replayed by ../cifar10/rules.md.

There are no images, so nobody looks at anything. An item with votes has five seats, and seat k says
what the k-th dealt vote says; any other item has one seat, which repeats the published label."""

import gzip
import hashlib
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parent.parent / "cifar10"
CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
SEATS = 5
AGREE = 3
SEED = "tallystick/cifar10/v1"


def read_data(name):
    """The bytes of a file of the example: NDJSON, as it was before it was compressed."""
    with gzip.open(DATA / name, "rb") as file:
        return file.read()


def parse_lines(ndjson):
    return [json.loads(line) for line in ndjson.splitlines()]


def read_votes():
    """item -> its line in the file of votes."""
    return {line["item"]: line for line in parse_lines(read_data("votes.ndjson.gz"))}


def seat_answers(line):
    """What the five seats say, seat 1 first; each a list of classes in class order."""
    votes, published, predicted = line["votes"], line["published"], line["predicted"]
    cards = ([[published]] * votes["given"] + [[predicted]] * votes["guessed"] +
             [sorted([published, predicted], key=CLASSES.index)] * votes["both"] +
             [[]] * votes["neither"])

    def draw(index):
        return hashlib.sha256(f"{SEED}/{line['item']}/{index}".encode("ascii")).digest()

    return [cards[index] for index in sorted(range(len(cards)), key=draw)]


class Crowd:
    """Knows the answer of each seat of each item."""

    def __init__(self, published_by_item):
        self._published = published_by_item
        self._dealt = {item: seat_answers(line) for item, line in read_votes().items()}

    def answer(self, item, seat):
        if item in self._dealt:
            return self._dealt[item][seat - 1]
        return [self._published[item]]
