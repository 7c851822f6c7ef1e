"""schemas/http/README.md, read as what it is: a list of routes, each with what it demands, answers
and refuses. The server is held to it, route by route."""
import json
import pathlib
import re

import exchange

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent.parent / "schemas" / "http"

HEADING = re.compile(r"^### `(\w+) (\S+)`$", re.M)
CODE = re.compile(r"`([a-z_]+(?:\.[a-z_]+)?)`")
SCHEMA = re.compile(r"\[`(\w+)`\]\((\w+)\.schema\.json\)")
GENERAL = re.compile(r"^\| (\d{3}) \| (.*) \|$", re.M)


class Route:
    def __init__(self, method, pattern, text):
        self.method, self.pattern = method, pattern
        facts = dict(re.findall(r"^- (\w+)(?:: (.*))?$", text, re.M))
        scope = CODE.search(facts["scope"].replace(":", "."))
        self.scope = scope.group(1).replace(".", ":") if scope else ""
        self.needs_token = facts["scope"] != "none"
        self.needs_key = "key" in facts
        self.query = CODE.findall(facts.get("query", ""))
        self.body = facts.get("body", "")
        self.schema = self._schema_of(self.body)
        self.takes_lines = self.body.startswith("lines")
        self.answer = self._schema_of(facts["answer"])
        self.status = int(facts["answer"][:3])
        self.codes = set(CODE.findall(facts.get("problems", "")))
        inside = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern))
        self._matches = re.compile(re.sub(r"\\\{\w+\\\.\\\.\\\.\\\}", ".+", inside) + "$").match

    @staticmethod
    def _schema_of(text):
        found = SCHEMA.search(text)
        return found.group(1) if found else None

    def matches(self, path):
        return self._matches(path) is not None

    def example(self):
        """A path that leads here, to things that are not there."""
        path = self.pattern.replace("{version}", "1").replace("{item}", "x")
        prefix = {"parties": "pty", "actors": "act", "datasets": "dst", "contracts": "ctr",
                  "uses": "use", "projects": "prj", "tasks": "tsk", "answers": "ans"}
        kind = prefix.get(path.split("/")[2] if path.count("/") > 1 else "", "")
        path = path.replace("{id}", kind + "_01ARZ3NDEKTSV4RRFFQ69G5FAV")
        return path.replace("{path...}", "0/000").replace("{seq}", "999999999").replace(
            "{key}", "key_0123456789abcdef")


class Pages:
    def __init__(self, routes, general):
        self.routes, self.general = routes, general

    def find(self, method, target):
        path = target.split("?")[0]
        method = "GET" if method == "HEAD" else method
        fits = [route for route in self.routes if route.method == method and route.matches(path)]
        return max(fits, key=lambda route: len(route.pattern), default=None)

    def problem_codes(self, method, target):
        route = self.find(method, target)
        return self.general | (route.codes if route else set())

    @staticmethod
    def schema(name):
        return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def read():
    text = (SCHEMAS / "README.md").read_text()
    general = {code for _, row in GENERAL.findall(text) for code in CODE.findall(row)}
    heads = list(HEADING.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    routes = [Route(*head.groups(), text[head.end():end]) for head, end in zip(heads, ends)]
    return Pages(routes, general)


def refused_requests(route, tokens):
    """(what is asked, the code that it must be refused with) of things that every route refuses."""
    path = route.example()

    def request(target=path, token=None, key="k", method=route.method):
        headers = [("Authorization", f"Bearer {tokens[token]}")] if token else []
        headers += [("Idempotency-Key", key)] if key else []
        return exchange.Request(method, target, headers)

    yield request(method="DELETE"), "route.method_not_allowed"
    yield request(target=path + "/%2e%2e/x"), "request.malformed_path"
    if route.needs_token:
        yield request(), "token.missing"
        yield request(token="nobody"), "token.unknown"
    if route.scope:
        other = "annotator" if route.scope in ("parties:read", "ledger:read") else "reader"
        yield request(token=other), "scope.missing"
    able = next((name for name, scopes in HOLDERS.items() if route.scope in scopes), None)
    if route.needs_token and not route.scope:
        able = "reader"
    yield request(target=path + "?colour=red", token=able), "request.unknown_parameter"
    if route.query:
        name = route.query[0]
        yield (request(target=f"{path}?{name}=1&{name}=1", token=able),
               "request.repeated_parameter")
    if route.needs_key:
        yield request(token=able, key=None), "idempotency_key.missing"
        yield request(token=able, key="a b"), "idempotency_key.malformed"
    if route.schema and not route.takes_lines:
        yield request(token=able), "json.malformed"


# Who may what, as far as the routes ask.
HOLDERS = {
    "operator": {"parties:approve", "clock:acknowledge", "ledger:read", "parties:read"},
    "provider": {"datasets:write", "datasets:read", "contracts:write", "contracts:read",
                 "actors:write"},
    "labeler": {"projects:write", "projects:read", "tasks:work", "contracts:use"},
}
