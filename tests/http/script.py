"""Reads the scripts: requests, and what is expected of their answers. README.md tells the form."""
import re

REQUEST = re.compile(r"^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|BREW|RAW) (\S.*)$")
TOPLEVEL = ("keygen",)
SENDING = ("as", "key", "header:", "send", "sign", "set", "drop", "fill", "bytes", "chunked")
EXPECTING = ("code", "header", "body", "json", "problem", "keep", "token")


class Mistake(Exception):
    """The script itself is wrong."""


class Line:
    def __init__(self, number, word, rest):
        self.number, self.word, self.rest = number, word, rest


class Step:
    """One request with its lines, or a line that stands for itself."""

    def __init__(self, number, method, target):
        self.number, self.method, self.target = number, method, target
        self.sending, self.expecting = [], []


def logical_lines(text):
    """(number, line): without comments and blank lines; what is indented continues the line before."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t":
            if not lines:
                raise Mistake(f"line {number} continues nothing")
            lines[-1][1] += " " + line.strip()
        else:
            lines.append([number, line.rstrip()])
    return lines


def parse(text):
    steps = []
    for number, line in logical_lines(text):
        request = REQUEST.match(line)
        if request:
            steps.append(Step(number, *request.groups()))
            continue
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word in TOPLEVEL:
            steps.append(Line(number, word, rest))
        elif not steps or not isinstance(steps[-1], Step):
            raise Mistake(f"line {number}: a request should stand before: {line}")
        elif word in SENDING:
            steps[-1].sending.append(Line(number, word, rest))
        elif word in EXPECTING:
            steps[-1].expecting.append(Line(number, word, rest))
        else:
            raise Mistake(f"line {number}: {word}?")
    for step in steps:
        if isinstance(step, Step) and not any(line.word == "code" for line in step.expecting):
            raise Mistake(f"line {step.number}: which code is expected?")
    return steps


def find(value, pointer):
    """The value at a JSON pointer (RFC 6901); LookupError if there is none."""
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value


def put(value, pointer, new, drop=False):
    """Sets or drops what the pointer names, in place."""
    parent, _, last = pointer.rpartition("/")
    inside = find(value, parent)
    last = int(last) if isinstance(inside, list) else last
    if drop:
        del inside[last]
    else:
        inside[last] = new
