"""Messages that are wrong in one place: a body that was taken, with one member dropped, one added, or
one value put in the place of another, everywhere in turn."""
import copy

import script

VALUES = [None, True, -1, 0, 9007199254740991, "", "x" * 5000, "\u0001", [], [[]], {}]


def pointers(value, at=""):
    """Every place in the value, the whole first."""
    yield at
    inside = value.items() if isinstance(value, dict) else \
        enumerate(value) if isinstance(value, list) else ()
    for name, member in inside:
        token = str(name).replace("~", "~0").replace("/", "~1")
        yield from pointers(member, f"{at}/{token}")


def of(message):
    """(what was done, the message after it)"""
    for pointer in pointers(message):
        for value in VALUES:
            yield f"{pointer} = {str(value)[:20]}", changed(message, pointer, value)
        if pointer:
            yield f"without {pointer}", changed(message, pointer, None, drop=True)
        if isinstance(script.find(message, pointer), dict):
            yield f"{pointer}/colour", changed(message, pointer + "/colour", "red")


def changed(message, pointer, value, drop=False):
    if not pointer:
        return value
    other = copy.deepcopy(message)
    script.put(other, pointer, value, drop)
    return other
