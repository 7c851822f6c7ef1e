#!/usr/bin/env python3
"""Runs the scripts beside it against the real binary: one space, every script in its order.

    tests/http/run.py --binary build/release/api/tallystick [NAME ..]

Of every answer it is demanded, whatever the script says: no 5xx; a refusal is a problem document and
leaves ledger and database as they were, as GET and HEAD do; every receipt verifies offline; a body
that was taken fits its schema in schemas/http; a change names every entry that it wrote, and the
receipt of each can be had. Of every route that changes something this has to be seen. Exit 1 if anything is not as it should be."""
import argparse
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile

import exchange
import furniture
import manual
import mutations
import script
import server as binary
import space as people
from json_schema import check as check_schema

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE / "scripts"
VARIABLE = re.compile(r"\$\{([^}]*)\}")
# A lease is no entry: the label that is given under it names it. A decision changes nothing.
WITHOUT_ENTRY = ("/v1/projects/{id}/leases", "/v1/contracts/{id}/decisions")
PROBLEM_MEMBERS = {"code", "detail", "instance", "status", "title", "type"}


class Failure(Exception):
    """What was not as expected, in words."""


def demand(condition, words):
    if not condition:
        raise Failure(words)


def unescaped(text):
    r"""`\xff\r\n` as bytes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


class Runner:
    def __init__(self, server, space, state):
        self.server, self.space, self.state = server, space, state
        self.pages = manual.read()
        self.standing = state.read()
        self.requests = self.refusals = self.receipts = 0
        self.codes = set()
        self.recorded = set()  # routes whose entries were all named and proved
        self.taken = {}  # the first request of each route whose body was taken

    # --- what a script may name -------------------------------------------------------------------

    def expand(self, text):
        return VARIABLE.sub(lambda found: self.value(found.group(1)), text)

    def value(self, name):
        if name == "nonce":
            return secrets.token_hex(16)
        if name.startswith("new "):
            return people.fresh_id(name[4:])
        if name.startswith("now"):
            return people.rfc3339(int(name[3:] or 0))
        if name not in self.space.names:
            raise Failure(f"nobody knows ${{{name}}}")
        return self.space.names[name]

    # --- a request --------------------------------------------------------------------------------

    def run(self, step):
        if isinstance(step, script.Line):  # keygen NAME
            party = people.Party(self.space, step.rest)
            self.space.parties[step.rest] = party
            self.space.names.update({step.rest: party.id, f"{step.rest}_key": party.key,
                                     f"{step.rest}_public_key": party.public_key})
            return
        request, message = self.build(step)
        answer = self.exchange(request)
        for line in step.expecting:
            getattr(self, "expect_" + line.word)(line.rest, answer, message)

    def exchange(self, request):
        answer = self.server.send(request)
        self.requests += 1
        self.judge(request, answer)
        return answer

    def build(self, step):
        target = self.expand(step.target)
        if step.method == "RAW":
            target = unescaped(target).decode("latin-1")
        request = exchange.Request(step.method, target)
        message = None  # the body as JSON, where it is made as JSON
        for line in step.sending:
            text = self.expand(line.rest)
            if line.word == "as":
                request.headers.append(("Authorization", "Bearer " + self.space.tokens[text]))
            elif line.word == "key":
                key = secrets.token_hex(8) if text == "fresh" else text
                request.headers.append(("Idempotency-Key", key))
            elif line.word == "header:":
                name, _, value = text.partition(":")
                request.headers.append((name.strip(), value.strip()))
            elif line.word == "send":
                request.body += text.encode()
            elif line.word == "bytes":
                request.body += unescaped(text)
            elif line.word == "fill":
                count, _, byte = text.partition(" ")
                request.body += byte.encode() * int(count)
            elif line.word == "chunked":
                request.chunks = []
            else:
                message = self.change(line.word, text, message)
                request.body = people.canonical(message)
        if request.chunks is not None:
            size = 64 * 1024
            request.chunks = [request.body[at:at + size] for at in range(0, len(request.body), size)]
        return request, message

    def change(self, word, text, message):
        """sign VERB PARTY [origin=NAME] [for=PARTY] [new=PARTY] DOCUMENT; set POINTER VALUE; drop POINTER."""
        if word == "sign":
            verb, party, rest = text.split(" ", 2)
            options = {}
            while not rest.startswith("{"):
                option, _, rest = rest.partition(" ")
                name, _, value = option.partition("=")
                options["party" if name == "for" else name] = value
            if "party" in options:
                options["party"] = self.space.names[options["party"]]
            if "new" in options:
                options["new"] = self.space.parties[options["new"]]
            return self.space.parties[party].sign(verb, json.loads(rest), **options)
        pointer, _, rest = text.partition(" ")
        script.put(message, pointer, json.loads(rest) if rest else None, drop=word == "drop")
        return message

    # --- what is demanded of every answer -------------------------------------------------------------

    def judge(self, request, answer):
        demand(answer.status < 500, f"{answer.status}: {answer.text()[:300]}")
        for name, value in (("x-content-type-options", "nosniff"), ("cache-control", None),
                            ("x-request-id", None)):
            demand(name in answer.headers, f"no header {name}")
            demand(value in (None, answer.headers[name]), f"{name}: {answer.headers[name]}")
        before, self.standing = self.standing, self.state.read()
        is_refused = answer.status >= 400
        if is_refused or request.method in ("GET", "HEAD"):
            demand(before == self.standing, f"{answer.status}, and yet the state is another")
        if not is_refused and request.method in ("POST", "PUT"):
            self.judge_entries(request, answer, before, self.standing)
        if is_refused:
            self.refusals += 1
            if request.method != "HEAD":
                self.judge_problem(request, answer)
        else:
            self.judge_success(request, answer)

    def judge_problem(self, request, answer):
        kind = answer.headers.get("content-type")
        demand(kind == "application/problem+json", f"{answer.status} as {kind}")
        problem = json.loads(answer.body)
        demand(set(problem) - {"errors"} == PROBLEM_MEMBERS, f"members {sorted(problem)}")
        demand(problem["status"] == answer.status, f"status says {problem['status']}")
        demand(problem["type"] == "urn:tallystick:problem:" + problem["code"], problem["type"])
        request_id = answer.headers["x-request-id"]
        demand(problem["instance"] == "urn:tallystick:request:" + request_id, problem["instance"])
        for error in problem.get("errors", []):
            demand(set(error) == {"pointer", "code", "detail"}, f"an error {error}")
            demand(error["pointer"] == "" or error["pointer"][0] == "/", f"{error['pointer']}")
        self.codes.add(problem["code"])
        known = self.pages.problem_codes(request.method, request.target)
        demand(problem["code"] in known,
               f"schemas/http/README.md does not say that this may be {problem['code']}")

    def judge_success(self, request, answer):
        route = self.pages.find(request.method, request.target)
        demand(route is not None, "schemas/http/README.md does not know this route")
        if route.schema and request.body:
            self.judge_body(route, request.body)
            self.taken.setdefault(route.pattern, request)
        kind = answer.headers.get("content-type", "")
        if route.pattern.endswith("/receipt") and request.method != "HEAD":
            self.verify(answer.body)
        elif kind == "application/json" and request.method != "HEAD":
            said = json.loads(answer.body)
            if route.answer:
                findings = check_schema(said, self.pages.schema(route.answer))
                demand(not findings, f"the answer is no {route.answer}: {findings}")
            if isinstance(said.get("receipt"), dict):
                self.verify(said["receipt"]["proof"].encode())

    def judge_entries(self, request, answer, before, after):
        """Each entry that a change wrote is named by its answer, and its receipt can be had by the
        same token, in both formats."""
        route = self.pages.find(request.method, request.target)
        written = set(range(binary.size_of(before), binary.size_of(after)))
        if route.pattern in WITHOUT_ENTRY:
            demand(not written, "an entry, where none is told of")
            return
        named = self.entries_named(request, answer)
        demand(written <= named, f"it wrote {sorted(written)} and names {sorted(named)}")
        if written:
            self.recorded.add((route.method, route.pattern))
        token = [header for header in request.headers if header[0] == "Authorization"]
        for seq in sorted(written if token else ()):  # who has no token yet has the answer's receipt
            for form in ("tlog-proof", "cose"):
                path = f"/v1/ledger/entries/{seq}/receipt?format={form}"
                found = self.server.send(exchange.Request("GET", path, token))
                demand(found.status == 200, f"{found.status} for the receipt of entry {seq}")
                demand(self.verify(found.body) == seq, f"the receipt of entry {seq} is another's")

    def entries_named(self, request, answer):
        named = set()
        token = [header for header in request.headers if header[0] == "Authorization"]
        if "tallystick-redelivery" in answer.headers:
            named.add(int(answer.headers["tallystick-redelivery"].split("/")[4]))
        if "tallystick-receipt" in answer.headers:
            path = answer.headers["tallystick-receipt"]
            named.add(self.verify(self.server.send(exchange.Request("GET", path, token)).body))
        if answer.headers.get("content-type") == "application/json":
            said = json.loads(answer.body)
            named.update(said.get("entries", ()))
            named.update(answered["seq"] for answered in said.get("answers", ()))
            if "receipt" in said:
                named.add(said["receipt"]["seq"])
        return named

    def unproved_routes(self):
        """Routes that change something, and of which no change was seen with its receipts."""
        changing = {(route.method, route.pattern) for route in self.pages.routes
                    if route.method in ("POST", "PUT") and route.pattern not in WITHOUT_ENTRY}
        return sorted(changing - self.recorded)

    def judge_body(self, route, body):
        schema = self.pages.schema(route.schema)
        lines = body.splitlines() if route.takes_lines else [body]
        for line in lines:
            findings = check_schema(json.loads(line), schema)
            demand(not findings, f"taken, though it is no {route.schema}: {findings}")

    def verify(self, receipt):
        path = self.server.directory / "receipt"
        path.write_bytes(receipt)
        done = subprocess.run([self.server.binary, "verify", str(path), "--json", "--key",
                               self.server.vkey()], capture_output=True, text=True)
        demand(done.returncode == 0, "the receipt does not verify: " + done.stderr)
        self.receipts += 1
        return json.loads(done.stdout)["index"]

    # --- what a script demands --------------------------------------------------------------------

    def expect_code(self, text, answer, _):
        demand(f"== {answer.status}" == text, f"code {text}, not {answer.status}: "
               f"{answer.text()[:600]}")

    def expect_header(self, text, answer, _):
        name, relation, value = (self.expand(text) + " ").split(" ", 2)
        self.compare(name, answer.headers.get(name.lower(), ""), relation, value.strip())

    def expect_body(self, text, answer, _):
        relation, _, value = text.partition(" ")
        if relation == "==":  # \\n is a line feed
            value = unescaped(value).decode("utf-8")
        self.compare("body", answer.text(), relation, self.expand(value))

    def expect_json(self, text, answer, _):
        pointer, relation, value = self.expand(text).split(" ", 2)
        try:
            found = script.find(json.loads(answer.body), pointer)
        except LookupError:
            raise Failure(f"nothing at {pointer}: {answer.text()[:600]}") from None
        if relation == "~":
            self.compare(pointer, found, relation, value)
        else:
            demand(found == json.loads(value), f"{pointer} is {json.dumps(found)}, not {value}")

    def expect_problem(self, text, answer, _):
        code, _, rest = text.partition(" ")
        problem = json.loads(answer.body)
        demand(problem["code"] == code, f"{code}, not {problem['code']}: {problem}")
        if rest:  # POINTER [CODE]
            pointer, _, detail = rest.partition(" ")
            errors = [(e["pointer"], e["code"]) for e in problem.get("errors", [])]
            fits = [e for e in errors if e[0] == pointer.strip('"') and detail in ("", e[1])]
            demand(fits, f"no error {rest} among {errors}")

    def expect_keep(self, text, answer, message):
        """keep NAME = POINTER | sent POINTER | header NAME"""
        name, _, place = text.partition(" = ")
        source, _, rest = place.partition(" ")
        if source == "header":
            self.space.names[name] = answer.headers[rest.lower()]
            return
        value = script.find(message, rest) if source == "sent" else script.find(
            json.loads(answer.body), place)
        self.space.names[name] = value if isinstance(value, str) else json.dumps(value)

    def expect_token(self, text, answer, _):
        name, _, pointer = text.partition(" = ")
        self.space.tokens[name] = script.find(json.loads(answer.body), pointer)

    @staticmethod
    def compare(what, found, relation, value):
        fits = {"==": lambda: found == value, "!=": lambda: found != value,
                "~": lambda: re.search(value, found) is not None,
                "!~": lambda: re.search(value, found) is None}
        if relation not in fits:
            raise Failure(f"{relation}?")
        demand(fits[relation](), f"{what} should be {relation} {value}, is {found[:400]}")


def run_script(runner, path):
    """Failures in words, each with its place. A script goes on behind a request that failed."""
    failures = []
    for step in script.parse(path.read_text()):
        try:
            runner.run(step)
        except (Failure, LookupError, ValueError, ConnectionError) as wrong:
            what = f"{step.method} {step.target}" if isinstance(step, script.Step) else step.word
            words = str(wrong) if isinstance(wrong, Failure) else repr(wrong)
            failures.append(f"{path.name}:{step.number}: {what}\n    {words}")
            runner.standing = runner.state.read()
    return failures


def run_routes(runner):
    """What every route refuses, asked of every route that the manual has."""
    failures = []
    before = runner.requests
    for route in runner.pages.routes:
        for request, code in manual.refused_requests(route, runner.space.tokens):
            try:
                answer = runner.exchange(request)
                said = json.loads(answer.body)
                demand(said["code"] == code, f"{code}, not {said['code']}: {said['detail']}")
                if code == "scope.missing":
                    demand(said["detail"].endswith(" " + route.scope), said["detail"])
            except (Failure, ValueError, ConnectionError) as wrong:
                failures.append(f"every route: {request.method} {request.target}: {wrong}")
                runner.standing = runner.state.read()
    print(f"every route: {runner.requests - before} requests, all refused")
    return failures


def run_mutations(runner):
    """Every message that was taken, wrong in one place: never a 5xx, never a change by a refusal."""
    failures = []
    before = runner.requests, runner.refusals
    for request in list(runner.taken.values()):
        first, end, rest = request.body.partition(b"\n")  # of lines, the first is changed
        headers = [header for header in request.headers if header[0] != "Idempotency-Key"]
        for what, message in mutations.of(json.loads(first)):
            key = [("Idempotency-Key", secrets.token_hex(8))]
            body = json.dumps(message).encode() + end + rest
            try:
                runner.exchange(exchange.Request(request.method, request.target, headers + key,
                                                 body))
            except (Failure, ValueError, ConnectionError) as wrong:
                failures.append(f"{request.method} {request.target} {what}: {wrong}")
                runner.standing = runner.state.read()
    print(f"every member: {runner.requests - before[0]} requests, "
          f"{runner.refusals - before[1]} refused")
    return failures


def run_all(server, paths):
    space = furniture.furnish(server)
    state = binary.State(server)
    runner = Runner(server, space, state)
    failures = []
    for path in paths:
        if not path.name[0].isdigit():
            furniture.wait_for_expiry(space)
        before = runner.requests, runner.refusals
        failures += run_script(runner, path)
        print(f"{path.name}: {runner.requests - before[0]} requests, "
              f"{runner.refusals - before[1]} refused", flush=True)
    failures += run_routes(runner)
    failures += run_mutations(runner)
    if len(paths) == len(list(SCRIPTS.glob("*.txt"))):
        failures += [f"no receipt was seen of {method} {pattern}"
                     for method, pattern in runner.unproved_routes()]
    print(f"receipts of every entry that was written, by {len(runner.recorded)} routes")
    state.close()
    print(f"{runner.requests} requests, {runner.refusals} of them refused with "
          f"{len(runner.codes)} codes; {runner.receipts} receipts verified")
    return failures


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--binary", required=True)
    arguments.add_argument("names", nargs="*", help="scripts to run, all if none is named")
    given = arguments.parse_args()
    paths = [path for path in sorted(SCRIPTS.glob("*.txt"))
             if not given.names or path.stem in given.names]
    environment = {**os.environ, "TALLYSTICK_LEASE_REAPER_SECONDS": "3600"}
    with tempfile.TemporaryDirectory() as folder:
        server = binary.Server(given.binary, pathlib.Path(folder) / "data", environment)
        server.init()
        server.start()
        try:
            failures = run_all(server, paths)
        finally:
            code = server.stop()
        failures += [] if code == 0 else [f"the server exited {code}"]
        failures += [line for line in server.log().splitlines() if "[info]" not in line]
        if any(path.stem == "7_erasure" for path in paths):
            server.audit_after_erasures()
        else:
            server.audit()
    print("\n".join(failures) if failures else "http: all as it should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
