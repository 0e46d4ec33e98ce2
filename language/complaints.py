"""CEL's complaints in the words of people who write playbooks."""

import re
from collections.abc import Mapping

from pydantic_core import ErrorDetails

from language.errors import nearest, short
from language.kinds import Kind, words
from language.walk import Flaw

_LINE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_NO_FIELD = re.compile(r"undefined field '([^']*)' not found in struct '([^']*)'")
_NO_NAME = re.compile(r"undeclared reference to '([^']*)'")
_NO_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_NO_RANGE = re.compile(r"expression of type '([^']*)' cannot be the range")
_NO_PARTS = re.compile(r"expression of type '([^']*)' cannot be the operand of a select")
_PLAIN = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be `key: value` lines",
    "model_type": "must be `key: value` lines",
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "datetime_type": "must be a time with its zone, as 2026-03-01T02:40:00Z",
    "datetime_parsing": "must be a time with its zone, as 2026-03-01T02:40:00Z",
    "datetime_from_date_parsing": "must be a time with its zone, as 2026-03-01T02:40:00Z",
    "timezone_aware": "must be a time with its zone, as 2026-03-01T02:40:00Z",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "is not written as it must be ({pattern})",
    "too_short": "must not be empty",
    "too_long": "must have at most {max_length} items",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
}
_OTHERS = {
    "=": "two things are compared with ==",
    "and": "write && for and",
    "or": "write || for or",
    "not": "write ! for not",
    "&": "write && for and",
    "|": "write || for or",
    "<>": "write != for not equal",
}
_OPERATORS = {"_[_]": "[…]", "_?_:_": "? :", "!_": "!", "-_": "-", "@in": "in"}
FUNCTIONS = frozenset(
    [
        "size",
        "has",
        "all",
        "exists",
        "exists_one",
        "filter",
        "map",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "lowerAscii",
        "upperAscii",
        "split",
        "join",
        "string",
        "int",
        "bool",
        "timestamp",
        "duration",
        "getFullYear",
        "getHours",
    ]
)


def flaws(error: str, text: str, fields: Mapping[str, Mapping[str, Kind]], variables: frozenset[str]) -> list[Flaw]:
    """Turn one compile error into what is wrong where. Follow-ups of an earlier mistake are left out."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for row, column, said in _LINE.findall(error):
        offset = max(0, starts[min(int(row), len(starts)) - 1] + int(column) - 1)
        if "*error*" not in said:
            found.append(_flaw(said, offset, text, fields, variables))
    if not found and "recursion limit" in error:
        return [Flaw("too_deep", 0, "this expression is too deep: break it up")]
    # Beside a place that cannot be read, and below a call that is none, nothing said is about what was meant.
    first = next((f for f in found if f.code == "syntax"), None) or next(
        (f for f in found if "() takes" in f.message), None
    )
    return [first] if first else found[:5] or [Flaw("expression", 0, f"`{short(text)}` cannot be read: {short(error)}")]


def _flaw(
    said: str, offset: int, text: str, fields: Mapping[str, Mapping[str, Kind]], variables: frozenset[str]
) -> Flaw:
    where = f", in `{short(text)}`"
    if no_field := _NO_FIELD.search(said):
        name, struct = no_field.groups()
        hint = nearest(name, fields.get(struct, {}))
        if struct == "rf.Steps":
            return Flaw("unknown_step", offset + 1, f"no step '{name}'{hint}{where}")
        return Flaw("unknown_field", offset + 1, f"no field '{name}'{hint}{where}", struct)
    if no_name := _NO_NAME.search(said):
        path = no_name.group(1)
        # CEL points at the last dot of a path of which it knows nothing.
        name, offset = path.partition(".")[0], offset - max(0, path.rfind("."))
        if name == "item":
            return Flaw(
                "unknown_name", offset, f"`item` is known in `where` and `with` of a step with for_each{where}", name
            )
        if text[offset : offset + 1] in {"(", "."} or text[offset + len(name) : offset + len(name) + 1] == "(":
            offset -= len(name) if text[offset : offset + 1] == "(" else 0
            if name in FUNCTIONS:
                return Flaw("wrong_type", max(0, offset), f"{name}() takes other things than it is given{where}")
            return Flaw("unknown_function", max(0, offset), f"no function '{name}'{nearest(name, FUNCTIONS)}{where}")
        return Flaw("unknown_name", offset, f"no name '{name}'{nearest(name, variables)}{where}")
    if no_overload := _NO_OVERLOAD.search(said):
        name, types = no_overload.groups()
        operator = _OPERATORS.get(name, name.strip("_"))
        parts = _types(types)
        return Flaw("wrong_type", offset, f"`{operator}` does not go with {' and '.join(map(words, parts))}{where}")
    if no_range := _NO_RANGE.search(said):
        return Flaw("wrong_type", offset, f"a loop needs a list, but this is {words(no_range.group(1))}{where}")
    if said.startswith("has() argument"):
        return Flaw("optional", offset, f"has() takes a path whose end may be absent{where}")
    if no_parts := _NO_PARTS.search(said):
        return Flaw("unknown_field", offset + 1, f"{words(no_parts.group(1))} has no fields{where}")
    if "must be a simple identifier" in said:
        return Flaw("syntax", offset, f"a loop names its element first, as in items.exists(i, i.open){where}")
    if said.startswith("invalid int literal"):
        return Flaw("syntax", offset, f"this number is too large{where}")
    if said.startswith(("Syntax error", "unsupported syntax", "reserved identifier")):
        return Flaw("syntax", offset, f"not an expression from here on{_meant(text, offset)}{where}")
    return Flaw("expression", offset, f"{short(said)}{where}")


def _meant(text: str, offset: int) -> str:
    """What people write who think of another language."""
    before = text[:offset].split()[-1:]
    for written, meant in _OTHERS.items():
        if text.startswith(written, offset) or before == [written]:
            return f" ({meant})"
    return ""


def _types(text: str) -> list[str]:
    """Split `(string).(list(rf.X), int)` at its outer commas and dots."""
    inner = text.replace(").(", ", ").removeprefix("(").removesuffix(")")
    parts, depth, last = [], 0, ""
    for char in inner:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(last)
            last = ""
        else:
            last += char
    return [re.sub(r"^list\((.*)\)$", r"LIST<\1>", p.strip()) for p in [*parts, last] if p.strip()]


def plainly(detail: ErrorDetails) -> str:
    """Say pydantic's complaint as people would; what has no words of ours keeps pydantic's."""
    said = _PLAIN.get(detail["type"])
    return said.format(**detail.get("ctx", {})) if said else detail["msg"].removeprefix("Value error, ")
