#!/usr/bin/env python3
"""Each kind of entry in the sources has its page in schemas/entries, and each page its kind; what a
page says of the members is what the sources say, and its example is an entry.

Prints each finding; exit 1 if any."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ROOT / "schemas" / "entries"
FLOORS = ("ledger", "space", "labeling")

# struct UseRecorded { static constexpr std::string_view kind = "use.recorded/1"; .. fields = ..};
KIND = re.compile(r'constexpr std::string_view (?:kind|\w+_kind) =\s*"([a-z_.]+/\d+)"')
FIELD = re.compile(r'core::field\(\s*"(\w+)"')
ROW = re.compile(r"^\| `(\w+)` \| (.*?) \| .* \|$", re.M)
EXAMPLE = re.compile(r"^```json\n(.*?)\n```$", re.M | re.S)
ENVELOPE = ["at", "body", "by", "kind", "prev", "seq"]


def kinds_in_sources():
    """Kind -> the members of its body, or None where the body has no struct."""
    kinds = {}
    for path in sorted(p for floor in FLOORS for p in (ROOT / floor).rglob("*.h")):
        text = path.read_text()
        for found in KIND.finditer(text):
            in_struct = " kind =" in found.group(0)
            end = text.find("\n};", found.end())
            members = FIELD.findall(text[found.end():end]) if in_struct else None
            if members or found.group(1) not in kinds:
                kinds[found.group(1)] = members
    return kinds


def check_example(page, kind, rows):
    found = EXAMPLE.search(page)
    if not found:
        return ["has no example"]
    text = found.group(1)
    entry = json.loads(text)
    spelled = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    findings = []
    if spelled != text:
        findings.append("the example is not canonical JSON")
    if list(entry) != ENVELOPE or entry["kind"] != kind:
        findings.append("the example is not an entry of this kind")
    for name in set(entry["body"]) ^ set(rows):
        if name not in rows or "optional" not in rows[name]:
            findings.append(f"the example and the table disagree about `{name}`")
    return findings


def check_page(name, page, kinds):
    title = re.match(r"# `([a-z_.]+/\d+)`\n", page)
    kind = title.group(1) if title else ""
    if kind not in kinds:
        return [f"is about `{kind}`, which no source knows"]
    findings = [] if kind.split("/")[0] == name else [f"is about `{kind}`"]
    rows = dict(ROW.findall(page))
    members = kinds[kind]
    if members is not None and set(members) != set(rows):
        findings.append("members differ from the source's: " +
                        ", ".join(sorted(set(members) ^ set(rows))))
    if "Written by" not in page:
        findings.append("does not say who writes it")
    return findings + check_example(page, kind, rows)


def main():
    kinds = kinds_in_sources()
    pages = {path.stem: path.read_text() for path in sorted(PAGES.glob("*.md"))}
    findings = [f"schemas/entries/{name}.md {words}"
                for name, page in pages.items() for words in check_page(name, page, kinds)]
    findings += [f"{kind} has no page in schemas/entries" for kind in sorted(kinds)
                 if not any(page.startswith(f"# `{kind}`\n") for page in pages.values())]
    print("\n".join(findings) if findings else f"entries: {len(kinds)} kinds, each with a true page")
    return 1 if findings else 0


sys.exit(main())
