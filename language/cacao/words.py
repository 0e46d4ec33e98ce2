"""Foreign text as it may stand in a playbook of ours: variables filled in, secrets left out, nothing that cannot be seen.

A `${` of theirs is text; the only `${…}` that comes out is ours, for an input.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from language.cacao.ledger import Ledger, Path
from language.cacao.model import VARIABLE, CacaoPlaybook, Step, Variable
from language.cacao.rules import USED
from language.spelling import RESERVED

SECRET_NAME = re.compile(
    r"(?i)authorization|cookie|passw|passphrase|secret|token|api[-_]?key|private[-_]?key|credential|bearer|x-auth"
)
LEFT_OUT = "(left out: a secret)"
_USERINFO = re.compile(r"(?<=://)[^\s/@\"'<>]+(?=@)")
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*(?:(?:bearer|basic|token|digest)\s+)?+['\"]?)([^\s'\"]+)"
)
_FORGOTTEN = re.compile(r"\{(?=\s*(?:inputs|steps|item|incident|org|run|alert)\.)")
_SHORTEST_SECRET = 6
_NO_SECRETS = frozenset({"type", "name", "description", "kms", "kms_key_identifier", "user_id", "username"})


class Words:
    """The texts of one CACAO playbook, and the inputs that they turned out to need."""

    def __init__(self, book: CacaoPlaybook, ledger: Ledger) -> None:
        self.inputs: dict[str, Variable] = {}
        self._book = book
        self._ledger = ledger
        self._names: dict[str, str] = {}
        leaves = list(_leaves(book.authentication_info_definitions))
        self._secret_names = {name for leaf in leaves for name in USED.findall(leaf)}
        scopes = [book.playbook_variables, *(step.step_variables for step in book.workflow.values())]
        held = [v.value for scope in scopes for name, v in scope.items() if v.value and self._is_secret(name)]
        secrets = {leaf for leaf in (*leaves, *held) if len(leaf) >= _SHORTEST_SECRET and not USED.search(leaf)}
        self._secrets = sorted(secrets, key=len, reverse=True)

    def say(self, text: str, where: Path, step_id: str = "") -> str:
        """Make a text ours. What had to be left out or shown otherwise is in the ledger, at `where`."""
        parts: list[tuple[bool, str]] = []  # whether it is the name of an input, else a literal
        for number, part in enumerate(USED.split(text)):
            given, said = self._value(part, step_id) if number % 2 else (False, self._without_secrets(part, where))
            if given:
                parts.append((True, said))
            elif parts and not parts[-1][0]:
                parts[-1] = (False, parts[-1][1] + said)
            else:
                parts.append((False, said))
        said = _joined([(given, said if given else self._seen(said, where)) for given, said in parts])
        return "\n".join(line.rstrip() for line in said.split("\n")).strip()

    def plain(self, text: str, where: Path = ()) -> str:
        """Make a text ours that is no template: a title, a comment, an input's default."""
        shown = text.replace("${", "$ {")
        if shown != text and where:
            self._ledger.lose("`${` is written `$ {` here, where nothing fills it", *where)
        return self._seen(self._without_secrets(shown, where), where).strip()

    def source(self, given: str) -> str:
        """Give the variable that an input was made of."""
        return next(name for name, made in self._names.items() if made == given)

    def described(self, given: str) -> None:
        """Note that the description of an input's variable is in the file."""
        self._ledger.carry("playbook_variables", self.source(given), "description")

    def named(self, name: str, step_id: str) -> str:
        """Say a variable that an argument names: its name, and its value where it is known."""
        name = name.removesuffix(":value")
        plain = name.strip("_")
        value = self.say(f"{name}:value", (), step_id)
        described = self._find(name, step_id)
        about = self.say(described[1].description, (), step_id) if described and described[1].description else ""
        about = f" ({about})" if about else ""
        return f"{plain}{about}" if value == plain else f"{plain} = {value}{about}"

    def _find(self, name: str, step_id: str) -> tuple[Path, Variable] | None:
        step = self._book.workflow.get(step_id) if step_id else None
        if step and name in step.step_variables:
            return ("workflow", step_id, "step_variables", name), step.step_variables[name]
        if name in self._book.playbook_variables:
            return ("playbook_variables", name), self._book.playbook_variables[name]
        return None

    def _is_secret(self, name: str) -> bool:
        return name in self._secret_names or SECRET_NAME.search(name) is not None

    def _value(self, name: str, step_id: str) -> tuple[bool, str]:
        """Give the name of the input that will hold a variable's value, or a text that stands for it."""
        found = self._find(name, step_id)
        if found is None:
            return False, name.strip("_")
        path, variable = found
        if self._is_secret(name):
            self._ledger.lose("its name, or where it is used, says that it is a secret: ask its keeper", *path)
            return False, f"(the secret {name.strip('_')})"
        if variable.external and path[0] == "playbook_variables":
            self._carry(path, variable, "external", "value")
            return True, self._input(name, variable)
        if variable.value is None:
            self._ledger.lose("its value is found on the way: the text names it, nothing hands it on", *path)
            return False, name.strip("_")
        self._carry(path, variable, "external", "value", "constant")
        if not variable.constant:
            self._ledger.lose("may change on the way: the text holds its first value", *path, "value")
        return False, self._without_secrets(variable.value, (*path, "value"))

    def _carry(self, path: Path, variable: Variable, *keys: str) -> None:
        for key in keys:
            self._ledger.carry(*path, key)
        if variable.type == "string":
            self._ledger.carry(*path, "type")
        else:
            self._ledger.lose("is text here: nothing checks that it is of this type", *path, "type")

    def _input(self, name: str, variable: Variable) -> str:
        if name not in self._names:
            free = slug(name, "given")
            if hasattr(BaseModel, free):  # `copy`, `json`: the language keeps these names
                free = f"{free[:33]}_given"
            self._names[name] = unique(free, self.inputs)
            self.inputs[self._names[name]] = variable
        return self._names[name]

    def _without_secrets(self, text: str, where: Path) -> str:
        cleaned = text
        for secret in self._secrets:  # the longest first: one may hold another
            cleaned = cleaned.replace(secret, LEFT_OUT)
        cleaned = _HEADER.sub(lambda m: m[0] if LEFT_OUT.startswith(m[2]) else m[1] + LEFT_OUT, cleaned)
        cleaned = _USERINFO.sub(lambda m: m[0] if VARIABLE.search(m[0]) else LEFT_OUT, cleaned)
        if cleaned != text and where:
            self._ledger.lose("a secret stood in the text: it was left out", *where)
        return cleaned

    def _seen(self, text: str, where: Path) -> str:
        """Show what cannot be seen: a mark that turns a line around must not reach the one who reads the step aloud."""
        text = text.replace("\r\n", "\n").replace("\u00a0", " ").replace("\t", "    ")
        shown = "".join(c if c.isprintable() or c == "\n" else f"<U+{ord(c):04X}>" for c in text)
        if shown != text and where:
            self._ledger.lose("holds characters that cannot be seen: they are written as <U+…>", *where)
        return shown


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key not in _NO_SECRETS or not isinstance(each, str):
                yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)


def _joined(parts: list[tuple[bool, str]]) -> str:
    """Write literals and inputs as one template: a `${` of a literal doubled, a `$` before an input as an expression."""
    said = ""
    for number, (given, text) in enumerate(parts):
        if given:
            said += f"${{inputs.{text}}}"
            continue
        literal = text.replace("${", "$${")
        bare = literal.rstrip("$")
        if number + 1 < len(parts) and bare != literal:
            literal = f"{bare}${{'{literal[len(bare) :]}'}}"
        said += literal
    return said


def whole(sentence: str) -> str:
    """Finish a text without any `${…}`: a brace of theirs that looks like one of ours with its `$` forgotten is said as a text."""
    return sentence if "${" in sentence else _FORGOTTEN.sub("${'{'}", sentence)


def slug(name: str, otherwise: str) -> str:
    """Make an id of a name: a small letter, then up to 39 small letters, digits and _."""
    made = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40].rstrip("_")
    made = made if re.match(r"[a-z]", made) else f"{otherwise}_{made}"[:40].rstrip("_")
    return f"{made[:35]}_step" if made in RESERVED else made


def unique(name: str, taken: Mapping[str, object]) -> str:
    """Add a number where an id is taken."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name[: 39 - len(str(number))]}_{number}"
    return found


def of_step(step: Step) -> str:
    """Name a step for people."""
    return step.name or step.type
