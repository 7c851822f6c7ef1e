#!/usr/bin/env python3
"""Compute the story's figures from the files of this folder alone, by the rules of rules.md.

    python3 figures.py [--json] [--released FILE]

It uses nothing of the program, so that two independent computations can be compared.
--json prints one object, --released writes the lines of the release. Python 3.9 or later.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import sys
import zlib

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
ACCEPT_PPM = 990_000
HOLD_PPM = 500_000
SEATS = 5
QUORUM = 3
SEED = "tallystick/cifar10/v1"
HERE = pathlib.Path(__file__).resolve().parent


def read_lines(name):
    """The objects of a file by item, in the file's order."""
    with gzip.open(HERE / name, "rt", encoding="utf-8") as file:
        objects = [json.loads(line) for line in file]
    by_item = {o["item"]: o for o in objects}
    if len(by_item) != len(objects):
        raise ValueError(f"{name}: an item occurs twice")
    return by_item


def deal(line):
    """The five answers to an item, seat by seat. An answer is a set of classes."""
    answer_of = {
        "given": {line["published"]},
        "guessed": {line["predicted"]},
        "both": {line["published"], line["predicted"]},
        "neither": set(),
    }
    cards = [frozenset(answer_of[kind])
             for kind in ("given", "guessed", "both", "neither")
             for _ in range(line["votes"][kind])]
    if len(cards) != SEATS:
        raise ValueError(f"{line['item']}: {len(cards)} votes for {SEATS} seats")

    def key(index):
        return hashlib.sha256(f"{SEED}/{line['item']}/{index}".encode()).digest()

    return [cards[index] for index in sorted(range(SEATS), key=key)]


def decide(answers, quorum):
    """The first answer that `quorum` people gave alike; None: in doubt."""
    count = {}
    for answer in answers:
        count[answer] = count.get(answer, 0) + 1
        if count[answer] == quorum:
            return answer
    return None


def route(scores):
    top = max(scores)
    return "accepted" if top >= ACCEPT_PPM else "held" if top < HOLD_PPM else "human"


def replay(predictions, published, votes):
    """Play the story: returns its figures and the lines of the release."""
    f = dict.fromkeys(
        ("accepted", "human", "held", "human_labels", "released", "upheld", "contradicted",
         "in_doubt", "with_model", "neither", "accepted_equal", "released_unlike_published",
         "auto_accept_errors_low", "auto_accept_errors_high", "checks"), 0)
    release = []
    if predictions.keys() != published.keys() or not votes.keys() <= predictions.keys():
        raise ValueError("the files speak of different items")

    for item in sorted(predictions):
        scores = predictions[item]["scores_ppm"]
        if len(scores) != len(CLASSES) or abs(sum(scores) - 1_000_000) > 10:
            raise ValueError(f"{item}: not the scores of {len(CLASSES)} classes")
        predicted = frozenset([CLASSES[scores.index(max(scores))]])
        given = frozenset([published[item]["label"]])
        where = route(scores)
        f[where] += 1
        f["accepted_equal"] += where == "accepted" and predicted == given

        if where == "held":
            if item in votes:
                raise ValueError(f"{item}: votes for an item that is held")
            continue
        asked = where == "human" or predicted != given
        if not asked:
            decided, source = predicted, "model"
        elif item in votes:
            line = votes[item]
            if ({line["published"]}, {line["predicted"]}) != (given, predicted):
                raise ValueError(f"{item}: the votes are about other labels")
            answers = deal(line)
            f["human_labels"] += len(answers)
            decided, source = decide(answers, QUORUM), "people"
            count_disputed(f, decided, given, predicted)
            if where == "accepted":
                f["checks"] += 1
                f["auto_accept_errors_low"] += decided is not None and not predicted <= decided
                f["auto_accept_errors_high"] += decided is None or not predicted <= decided
        elif where == "human":
            f["human_labels"] += 1
            decided, source = decide([given], 1), "people"
        else:
            raise ValueError(f"{item}: accepted unlike the published label, but without votes")

        if decided:  # neither in doubt nor decided as "none fits"
            f["released"] += 1
            f["released_unlike_published"] += decided != given
            labels = [c for c in CLASSES if c in decided]
            release.append({"item": item, "labels": labels, "source": source})
    return f, release


def count_disputed(f, decided, given, predicted):
    if decided is None:
        f["in_doubt"] += 1
    elif given <= decided:
        f["upheld"] += 1
    else:
        f["contradicted"] += 1
        f["with_model"] += decided == predicted
        f["neither"] += not decided


def table(f):
    def share(n):
        return f"{100 * n / f['accepted']:.2f} %"

    rows = [
        ("items accepted / human / held", f"{f['accepted']:,} / {f['human']:,} / {f['held']:,}"),
        ("human labels", f"{f['human_labels']:,}"),
        ("accepted items equal to the published label",
         f"{f['accepted_equal']:,} ({share(f['accepted_equal'])})"),
        ("accepted items that the crowd checked", f"{f['checks']:,}"),
        ("auto-accept errors by the crowd, if the equal ones are right",
         f"{f['auto_accept_errors_low']} to {f['auto_accept_errors_high']} of {f['accepted']:,} "
         f"({share(f['auto_accept_errors_low'])} to {share(f['auto_accept_errors_high'])})"),
        ("disputed published labels upheld", f"{f['upheld']}"),
        ("  contradicted",
         f"{f['contradicted']} ({f['with_model']} with the model, {f['neither']} neither)"),
        ("  in doubt", f"{f['in_doubt']}"),
        ("labels released", f"{f['released']:,}"),
        ("  unlike the published ones", f"{f['released_unlike_published']}"),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--released", metavar="FILE", help="write the released lines to FILE")
    args = parser.parse_args()
    try:
        figures, release = replay(read_lines("predictions.ndjson.gz"),
                                  read_lines("published.ndjson.gz"),
                                  read_lines("votes.ndjson.gz"))
        if args.released:
            with open(args.released, "w", encoding="utf-8", newline="\n") as file:
                for line in release:
                    file.write(json.dumps(line, separators=(",", ":")) + "\n")
    except (OSError, EOFError, ValueError, KeyError, zlib.error) as error:
        sys.exit(f"figures.py: {error}")
    print(json.dumps(figures) if args.json else table(figures))


if __name__ == "__main__":
    main()
