"""The part of JSON Schema 2020-12 that schemas/http uses. A keyword that is not known here is an
error, so that nothing passes by being skipped."""
import re

ANNOTATIONS = {"$schema", "$id", "title", "description", "format"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def check(value, schema, at=""):
    """Each finding in words; an empty list if the value is valid."""
    findings = []
    for keyword, argument in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword not in RULES:
            raise ValueError(f"unknown keyword {keyword}")
        findings += RULES[keyword](value, argument, schema, at)
    return findings


def _type(value, name, _, at):
    fits = isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
    return [] if fits else [f"{at or '/'} is no {name}"]


def _properties(value, properties, _, at):
    if not isinstance(value, dict):
        return []
    return [finding for name, member in properties.items() if name in value
            for finding in check(value[name], member, f"{at}/{name}")]


def _required(value, names, _, at):
    missing = [name for name in names if isinstance(value, dict) and name not in value]
    return [f"{at}/{name} is missing" for name in missing]


def _additional(value, permitted, schema, at):
    if permitted or not isinstance(value, dict):
        return []
    return [f"{at}/{name} is not known" for name in value if name not in schema["properties"]]


def _items(value, schema, _, at):
    if not isinstance(value, list):
        return []
    return [finding for n, item in enumerate(value) for finding in check(item, schema, f"{at}/{n}")]


def _bound(kind, measure, fits):
    def rule(value, bound, _, at):
        if not isinstance(value, kind) or fits(measure(value), bound):
            return []
        return [f"{at} is out of bounds ({bound})"]
    return rule


RULES = {
    "type": _type,
    "properties": _properties,
    "required": _required,
    "additionalProperties": _additional,
    "items": _items,
    "enum": lambda value, names, _, at: [] if value in names else [f"{at} is none of {names}"],
    "pattern": lambda value, pattern, _, at: [] if not isinstance(value, str) or re.search(
        pattern, value) else [f"{at} does not match {pattern}"],
    "minimum": _bound(int, lambda v: v, lambda v, bound: v >= bound),
    "maximum": _bound(int, lambda v: v, lambda v, bound: v <= bound),
    "minLength": _bound(str, len, lambda v, bound: v >= bound),
    "maxLength": _bound(str, len, lambda v, bound: v <= bound),
    "minItems": _bound(list, len, lambda v, bound: v >= bound),
    "maxItems": _bound(list, len, lambda v, bound: v <= bound),
}
