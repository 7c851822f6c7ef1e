#!/usr/bin/env python3
"""The parts of the story that need no server: proofs of lines, and the dealing of votes."""

import hashlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "examples/story"))

import crowd  # noqa: E402
import line_proof  # noqa: E402


def node(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def tree(lines, index):
    """Root, and audit path of leaf `index`, straight from RFC 6962 section 2.1."""
    if len(lines) == 1:
        return node(b"\0", lines[0].encode()), []
    split = 1
    while split * 2 < len(lines):
        split *= 2
    left, left_path = tree(lines[:split], min(index, split - 1))
    right, right_path = tree(lines[split:], max(index - split, 0))
    path = left_path + [right] if index < split else right_path + [left]
    return node(b"\1", left, right), path


class LineProof(unittest.TestCase):
    def test_every_line_of_small_trees_is_proved(self):
        for size in range(1, 40):
            lines = [f"line {number}" for number in range(size)]
            for index, line in enumerate(lines):
                root, path = tree(lines, index)
                path = [step.hex() for step in path]
                self.assertEqual(line_proof.root_of(line, index, size, path), root.hex())
                self.assertNotEqual(line_proof.root_of(line + "!", index, size, path), root.hex())

    def test_a_path_of_another_length_is_refused(self):
        lines = [f"line {number}" for number in range(7)]
        path = [step.hex() for step in tree(lines, 3)[1]]
        for wrong in (path[:-1], path + path[:1]):
            with self.assertRaises(ValueError):
                line_proof.root_of(lines[3], 3, 7, wrong)


class Deal(unittest.TestCase):
    def test_the_example_of_the_rules(self):
        line = crowd.read_votes()["cifar10-test-00020"]
        self.assertEqual(crowd.seat_answers(line),
                         [["dog", "horse"], ["dog", "horse"], ["horse"], ["horse"], ["horse"]])

    def test_items_without_votes_repeat_the_published_label(self):
        people = crowd.Crowd({"cifar10-test-00000": "cat"})
        self.assertEqual(people.answer("cifar10-test-00000", 1), ["cat"])


if __name__ == "__main__":
    unittest.main()
