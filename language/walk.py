"""Reads an expression's tree: what it names, and what compiles but would betray somebody at night.

CEL takes an absent field for zero, text for a choice, and would open a secret; none of this is a type error to it.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from language.errors import nearest
from language.kinds import SECRET, Kind
from language.messages import Path
from language.tree import Tree

_SPAN = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:h|m|s|ms))+")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_CONVERSIONS = {"duration": "time span, as 90s or 1h30m", "timestamp": "time, as 2026-03-01T02:40:00Z"}


def _converts(function: str, text: str) -> bool:
    if function == "duration":
        return _SPAN.fullmatch(text) is not None
    try:
        return _TIME.fullmatch(text) is not None and dt.datetime.fromisoformat(text) is not None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Flaw:
    """A mistake at a character of an expression."""

    code: str
    offset: int
    message: str
    about: str = ""


@dataclass
class Walk:
    """One walk over one tree."""

    tree: Tree
    fields: Mapping[str, Mapping[str, Kind]]
    variables: frozenset[str]
    paths: dict[Path, int] = field(default_factory=dict)
    asked: set[Path] = field(default_factory=set)
    flaws: list[Flaw] = field(default_factory=list)
    patterns: list[tuple[str, int]] = field(default_factory=list)
    plain: Path | None = None
    _scope: dict[str, Path] = field(default_factory=dict)
    _must_ask: list[tuple[Path | None, str, int]] = field(default_factory=list)

    def run(self) -> "Walk":
        """Walk all of it."""
        self.plain = self._top(self.tree.root)
        for path, name, offset in self._must_ask:
            if path is None or path not in self.asked:
                beside = " beside it" if path else " of a plain path"
                self._flaw("optional", offset, f"'{name}' may be absent: ask has(…{name}){beside} first")
        return self

    def _flaw(self, code: str, offset: int, message: str) -> None:
        self.flaws.append(Flaw(code, offset, message))

    def _top(self, node: Any) -> Path | None:
        """Visit a part that nothing selects from, and note the path when it is one."""
        path = self._visit(node)
        if path and path[0] in self.variables:
            offset = self.tree.offset(_leaf(node))
            self.paths.setdefault(path, offset)
            if len(path) == 1 and path[0] != "item":
                self._flaw("bare", offset, f"say which part of `{path[0]}` is meant")
            return path
        return None

    def _visit(self, node: Any) -> Path | None:
        which = node.WhichOneof("is")
        if which == "const_expr" and node.const_expr.WhichOneof("is") == "null_value":
            self._null(node)
        if which != "const_expr" and self.tree.message(node) == SECRET and node.id != self.tree.root.id:
            self._flaw("secret", self.tree.offset(node), "nothing opens a secret: it can only be handed on whole")
        if which == "ident_expr":
            return self._ident(node)
        if which == "select_expr":
            return self._select(node)
        if which == "call_expr":
            return self._call(node)
        if which == "list_expr":
            if node.list_expr.elements and self.tree.loose(node):
                self._flaw("mixed", self.tree.offset(node), "a list holds things of one type")
            for element in node.list_expr.elements:
                self._top(element)
        elif which == "struct_expr":
            self._made(node)
        elif which == "comprehension_expr":
            self._loop(node)
        return None

    def _null(self, node: Any) -> None:
        """CEL lets null stand for a time or any message, and fails over it only at night."""
        self._flaw("null", self.tree.offset(node), "nothing is null here: ask has(…) whether it is there")

    def _made(self, node: Any) -> None:
        self._flaw("made", self.tree.offset(node), "an expression cannot make a `{…}`")

    def _ident(self, node: Any) -> Path | None:
        name = node.ident_expr.name
        if name in self._scope:
            return self._scope[name] or None
        if name in self.variables:
            return (name,)
        self._flaw("unknown_name", self.tree.offset(node), f"no name '{name}'{nearest(name, self.variables)}")
        return None

    def _select(self, node: Any) -> Path | None:
        select = node.select_expr
        base = self._visit(select.operand)
        path = (*base, select.field) if base else None
        message = self.tree.message(select.operand)
        offset = self.tree.offset(node)
        kind = self.fields.get(message or "", {}).get(select.field)
        if kind is None:
            return path
        if select.test_only:
            if not kind.optional:
                size = ": ask size() instead" if kind.many else ": leave has() out"
                self._flaw("optional", offset, f"'{select.field}' is always there{size}")
            if path:
                self.asked.add(path)
                if path[0] in self.variables:
                    self.paths.setdefault(path, offset)
            return None
        walked = path is not None and path[0] in self.variables and not any(p.startswith("[") for p in path)
        if kind.optional and not walked:
            self._must_ask.append((path, select.field, offset))
        return path

    def _call(self, node: Any) -> Path | None:
        call = node.call_expr
        if call.function == "_[_]" and len(call.args) == 2:
            base = self._top(call.args[0]) or self._visit(call.args[0])
            self._top(call.args[1])
            index = call.args[1].const_expr
            known = call.args[1].WhichOneof("is") == "const_expr"
            # Below an index nothing is walked at run time, so the path serves to recognise has() only.
            return ("[", *base, f"[{index.int64_value}]") if base and known else None
        if call.function in {"_==_", "_!=_", "@in"}:
            self._choices(call.args)
        if call.function in _CONVERSIONS and call.args and call.args[0].WhichOneof("is") == "const_expr":
            self._constant(call.function, call.args[0])
        if call.function == "matches":
            self.patterns += _constants(call.args[-1], self.tree)
        if call.HasField("target"):
            self._top(call.target)
        for arg in call.args:
            self._top(arg)
        return None

    def _loop(self, node: Any) -> None:
        loop = node.comprehension_expr
        self._top(loop.iter_range)
        self._top(loop.accu_init)
        before = self._scope
        self._scope = {**before, loop.accu_var: (), loop.iter_var: (f"#{loop.iter_var}{node.id}",)}
        if loop.iter_var2:
            self._scope[loop.iter_var2] = (f"#{loop.iter_var2}{node.id}",)
        for part in (loop.loop_condition, loop.loop_step, loop.result):
            self._top(part)
        self._scope = before

    def _constant(self, function: str, node: Any) -> None:
        """CEL converts a constant only when it is asked, which is at night."""
        text = node.const_expr.string_value
        if node.const_expr.WhichOneof("is") == "string_value" and not _converts(function, text):
            self._flaw("constant", self.tree.offset(node), f"'{text}' is no {_CONVERSIONS[function]}")

    def _choices(self, args: Any) -> None:
        """CEL sees text where a field takes a few words only: a slip in a constant would never be true."""
        for one, other in ((args[0], args[1]), (args[1], args[0])):
            if one.WhichOneof("is") != "select_expr":
                continue
            select = one.select_expr
            kind = self.fields.get(self.tree.message(select.operand) or "", {}).get(select.field)
            for text, offset in _constants(other, self.tree) if kind and kind.choices else ():
                if kind and text not in kind.choices:
                    hint = nearest(text, kind.choices)
                    self._flaw("choice", offset, f"'{text}' is never a {select.field}{hint}")


def _constants(node: Any, tree: Tree) -> Iterator[tuple[str, int]]:
    if node.WhichOneof("is") == "list_expr":
        for element in node.list_expr.elements:
            yield from _constants(element, tree)
    elif node.WhichOneof("is") == "const_expr" and node.const_expr.WhichOneof("is") == "string_value":
        yield node.const_expr.string_value, tree.offset(node)


def _leaf(node: Any) -> Any:
    """Go to the first name of a path: the place where a reader looks for it."""
    while node.WhichOneof("is") == "select_expr":
        node = node.select_expr.operand
    return node
