#!/usr/bin/env python3
"""schemas/http/README.md against the sources: every route that the server adds has its paragraph, with
its scope, and every paragraph its route; every code that it names is one that the sources give, and
every code that the routes may give is named.

Prints each finding; exit 1 if any."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "http"))

import manual  # noqa: E402

ROUTE = re.compile(r'(?:router\.add|\bon)\(\s*"(GET|POST|PUT)",\s*"(/[^"]*)"')
CODE = re.compile(r'"([a-z_]+\.[a-z_]+)"')
# What is spelled like a code and is none, or never leaves by a route.
NO_CODES = re.compile(r"^(analysis|evaluation|labeling|operation|research|training|space)\.|"
                      r"^(log|master|secret|operator|moved)\.key$|^checkpoint\.|^note\.|^vkey\.|^proof\.|"
                      r"^signing_key\.|^dataset\.no_records$|^keys\.missing$|^party\.not_operator$|^replica\.(broken|ledger_behind|ledger_forked|other_log)$")
SOURCES = ("space", "labeling", "api/routes", "api/request.h", "api/request.cpp", "api/router.cpp", "api/wire.cpp",
           "api/connection.cpp", "api/http_server.cpp", "api/app.cpp", "core/json.cpp",
           "core/mapping.cpp", "core/sql/writer.cpp", "api/replicator.cpp")


def files():
    for name in SOURCES:
        path = ROOT / name
        found = sorted(path.rglob("*.cpp")) if path.is_dir() else [path]
        # What an audit finds, or the check of evidence, is no answer of a route.
        yield from (each for each in found if each.parent.name != "conduct" and
                    each.name not in ("replay.cpp", "evidence_check.cpp", "shown_keys.cpp"))


def main():
    pages = manual.read()
    added = {found for path in (ROOT / "api" / "routes").glob("*.cpp")
             for found in ROUTE.findall(path.read_text())}
    told = {(route.method, route.pattern) for route in pages.routes}
    findings = [f"no paragraph for {method} {path}" for method, path in sorted(added - told)]
    findings += [f"nobody answers {method} {path}" for method, path in sorted(told - added)]

    given = {code for path in files() for code in CODE.findall(path.read_text())
             if not NO_CODES.match(code)}
    named = set(pages.general).union(*(route.codes for route in pages.routes))
    named = {code for code in named if "." in code}  # `internal` and `outcome_unknown` have no noun
    findings += [f"the code {code} is not named" for code in sorted(given - named)]
    findings += [f"the code {code} is given nowhere" for code in sorted(named - given)]

    schemas = {path.name.split(".")[0] for path in manual.SCHEMAS.glob("*.schema.json")}
    spoken = set(manual.SCHEMA.findall((manual.SCHEMAS / "README.md").read_text()))
    findings += [f"the schema {name} stands in no paragraph"
                 for name in sorted(schemas - {name for name, _ in spoken})]
    findings += [f"the link `{name}` leads to {target}"
                 for name, target in sorted(spoken) if name != target or name not in schemas]
    print("\n".join(findings) if findings else f"routes: {len(added)} routes, {len(named)} codes")
    return 1 if findings else 0


sys.exit(main())
