#!/usr/bin/env python3
"""The rules that no compiler keeps: one door for each foreign name, no unfinished marks, small files.

Run by scripts/check and by the tests. Prints each finding as file:line: words; exit 1 if any."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# A name, and the files that may speak it.
DOORS = [
    (r"\bsqlite3_", r"core/sql/sqlite/|tests/support/disk/"),
    (r"\bEVP_|\bSHA256_", r"core/hash\.cpp|bench/"),
    (r"\bcrypto_(sign|aead|secret|scalar)|\brandombytes|\bsodium_", r"core/(signature|random|sodium|seal)\.(cpp|h)"),
    (r"\bnlohmann::", r"core/json\.cpp"),
    (r"\bhttplib::", r"api/(http_server|http_client)\.cpp|tests/|bench/"),
    (r"\btoml::", r"api/config\.cpp"),
    (r"system_clock::now", r"core/time\.cpp"),
    (r"\bcatch \(", r"api/|core/sql/writer\.cpp|core/json\.cpp|tests/|bench/"),
    (r"std::(mutex|condition_variable)\b",
     r"core/guarded\.h|core/sql/writer\.(h|cpp)|api/|tests/|bench/"),
    (r"std::j?thread\b", r"core/sql/writer\.(h|cpp)|ledger/auditor|api/|tests/|bench/"),
]
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
LINES_MAX = 500


def tracked():
    out = subprocess.run(["git", "ls-files", "*.cpp", "*.h"], cwd=ROOT, capture_output=True, text=True)
    names = out.stdout.split()
    if out.returncode != 0 or not names:  # an archive without .git
        names = [str(p.relative_to(ROOT)) for top in ("core", "ledger", "space", "labeling", "api", "tests", "bench")
                 for p in (ROOT / top).rglob("*") if p.suffix in (".cpp", ".h")]
    return sorted(n for n in names if (ROOT / n).exists())


def code_of(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line.split("//")[0])


def main():
    findings = []
    for name in tracked():
        lines = (ROOT / name).read_text().splitlines()
        if len(lines) > LINES_MAX:
            findings.append(f"{name}: {len(lines)} lines; is it two rooms?")
        for number, line in enumerate(lines, 1):
            if MARKS.search(line):
                findings.append(f"{name}:{number}: an unfinished mark")
            code = code_of(line)
            for pattern, rooms in DOORS:
                if re.search(pattern, code) and not re.match(rooms, name):
                    findings.append(f"{name}:{number}: {pattern} may stand only in {rooms}")
    print("\n".join(findings) if findings else "doors: all good")
    return 1 if findings else 0


sys.exit(main())
