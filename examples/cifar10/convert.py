#!/usr/bin/env python3
"""Make the example's data from the files that cleanlab/label-errors publishes.

    python3 convert.py SOURCE [TARGET]

SOURCE holds cifar10_test_set_pyx.npy, cifar10_test_set_original_labels.npy and cifar10_mturk.json;
TARGET (this folder, unless given) receives predictions.ndjson.gz, published.ndjson.gz and
votes.ndjson.gz. Needs Python 3.9 or later, nothing else. Prints each result's SHA-256, of the lines
themselves: compressed bytes may differ between versions of zlib.
"""

import argparse
import ast
import gzip
import hashlib
import json
import pathlib
import struct
import sys

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
ITEMS = 10_000
NPY_TYPES = {"<f8": "d", "<i8": "q", "<u2": "H"}


def read_npy(path):
    """Shape and flat values of a .npy file, version 1: magic, header length, header, values."""
    data = path.read_bytes()
    if data[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError(f"{path.name}: not a .npy file of version 1.0")
    start = 10 + struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:start].decode("latin-1").strip())
    if header["fortran_order"] or header["descr"] not in NPY_TYPES:
        raise ValueError(f"{path.name}: cannot read {header}")
    count = 1
    for n in header["shape"]:
        count *= n
    return header["shape"], struct.unpack(f"<{count}{NPY_TYPES[header['descr']]}", data[start:])


def write_lines(path, objects):
    lines = "".join(json.dumps(o, separators=(",", ":")) + "\n" for o in objects).encode()
    with open(path, "wb") as file:
        # No name and no time in the header: the same lines give the same file.
        with gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(lines)
    print(f"{hashlib.sha256(lines).hexdigest()}  {path.name[:-len('.gz')]}")


def item(index):
    return f"cifar10-test-{index:05d}"


def convert(source, target):
    shape, p = read_npy(source / "cifar10_test_set_pyx.npy")
    if shape != (ITEMS, len(CLASSES)):
        raise ValueError(f"predictions have the shape {shape}")
    shape, published = read_npy(source / "cifar10_test_set_original_labels.npy")
    if shape != (ITEMS,):
        raise ValueError(f"published labels have the shape {shape}")
    # No p * 10^6 of these lies near a half, so the way halves are rounded does not matter.
    scores = [[round(x * 1_000_000) for x in p[10 * i : 10 * i + 10]] for i in range(ITEMS)]

    votes = []
    crowd = json.loads((source / "cifar10_mturk.json").read_text(encoding="utf-8"))
    for entry in sorted(crowd, key=lambda e: e["id"]):
        i = entry["id"]
        top = scores[i].index(max(scores[i]))
        if (entry["given_original_label"], entry["our_guessed_label"]) != (published[i], top):
            raise ValueError(f"{item(i)}: the crowd was asked about other labels")
        kinds = ("given", "guessed", "both", "neither")
        votes.append({
            "item": item(i),
            "published": CLASSES[published[i]],
            "predicted": CLASSES[top],
            "votes": {kind: entry["mturk"][kind] for kind in kinds},
        })

    write_lines(target / "predictions.ndjson.gz",
                ({"item": item(i), "scores_ppm": s} for i, s in enumerate(scores)))
    write_lines(target / "published.ndjson.gz",
                ({"item": item(i), "label": CLASSES[k]} for i, k in enumerate(published)))
    write_lines(target / "votes.ndjson.gz", votes)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path, help="folder with the three original files")
    parser.add_argument("target", type=pathlib.Path, nargs="?",
                        default=pathlib.Path(__file__).resolve().parent)
    args = parser.parse_args()
    try:
        convert(args.source, args.target)
    except (OSError, ValueError, KeyError, struct.error) as error:
        sys.exit(f"convert.py: {error}")


if __name__ == "__main__":
    main()
