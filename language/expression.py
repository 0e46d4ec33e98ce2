"""The only module that knows CEL: compiles an expression, and answers it with a value or a doubt.

CEL answers errors with truthy values and absent fields with zeros; nothing outside this module ever sees either.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_strings

from language.complaints import flaws
from language.errors import short
from language.kinds import Kind
from language.messages import Messages, Path, Unreadable, absent, child
from language.tree import Tree
from language.values import Doubt, Sees
from language.walk import Flaw, Walk

LONGEST = 4000
_SCALAR_TYPES = {
    "STRING": cel.Type.STRING,
    "INT": cel.Type.INT,
    "BOOL": cel.Type.BOOL,
    "DOUBLE": cel.Type.DOUBLE,
    "TIMESTAMP": cel.Type.TIMESTAMP,
    "DURATION": cel.Type.DURATION,
}
# Without dyn() there is no way round the type check.
_CONFIG = "stdlib:\n  exclude_functions:\n  - name: dyn\n"


@dataclass(frozen=True)
class Expression:
    """An expression that compiled. `plain` is its path when it is nothing but one."""

    text: str
    type: str
    program: Any = field(repr=False, compare=False)
    paths: dict[Path, int]
    asked: frozenset[Path]
    plain: Path | None
    item: Kind | None = None

    @cached_property
    def roots(self) -> dict[str, list[Path]]:
        """Return the variables that are named, each with the paths below it."""
        found: dict[str, list[Path]] = {}
        for path in self.paths:
            found.setdefault(path[0], []).append(path[1:])
        return found

    @property
    def steps(self) -> dict[str, int]:
        """The steps that are named, with the first place of each."""
        found: dict[str, int] = {}
        for path, offset in self.paths.items():
            if path[0] == "steps" and len(path) > 1:
                found.setdefault(path[1], offset)
        return found


class Language:
    """Compiles and answers the expressions of one playbook."""

    def __init__(self, messages: Messages, variables: dict[str, str]) -> None:
        self.messages = messages
        self.variables = variables
        self._envs: dict[str, Any] = {}

    def compile(self, text: str, item: Kind | None = None) -> Expression | list[Flaw]:
        """Check an expression; `item` is what `item` means there, if anything."""
        if len(text) > LONGEST:
            return [Flaw("too_long", 0, f"an expression has at most {LONGEST:,} characters")]
        names = frozenset(self.variables) | ({"item"} if item else set())
        try:
            program = self._env(item).compile(text)
            tree = Tree(program.serialize())
        except RuntimeError as error:
            return flaws(str(error), text, self.messages.fields, names)
        except Exception:  # noqa: BLE001  protobuf's DecodeError: a tree deeper than anybody writes
            return [Flaw("too_deep", 0, "this expression is too deep: break it up")]
        walk = Walk(tree, self.messages.fields, names).run()
        walk.flaws += (
            Flaw("pattern", offset, f"'{short(pattern)}' is no pattern that `matches` can read")
            for pattern, offset in walk.patterns
            if not _readable(pattern)
        )
        if walk.flaws:
            return walk.flaws
        return Expression(
            text, program.return_type().name(), program, walk.paths, frozenset(walk.asked), walk.plain, item
        )

    def _env(self, item: Kind | None) -> Any:
        name = self.messages.name(item) if item else ""
        if name not in self._envs:
            variables = {var: cel.Type(message) for var, message in self.variables.items()}
            if item:
                variables["item"] = _SCALAR_TYPES.get(name) or cel.Type(name)
            self._envs[name] = cel.NewEnv(
                descriptor_pool=self.messages.pool,
                config=cel.NewEnvConfigFromYaml(_CONFIG),
                variables=variables,
                extensions=[ext_strings.ExtStrings()],
            )
        return self._envs[name]

    def kind_at(self, path: Path, item: Kind | None = None) -> Kind | None:
        """Say what a path leads to."""
        kind = item if path[0] == "item" else Kind(self.variables[path[0]])
        for name in path[1:]:
            kind = self.messages.fields.get(self.messages.name(kind), {}).get(name) if kind else None
        return kind

    def answer(self, expression: Expression, values: Sees, item: object = None) -> object | Doubt:
        """Answer an expression. A value of the type that was checked, or a doubt; never anything else."""
        for path in expression.paths:
            if path in expression.asked:
                continue
            doubt = absent(_root(path[0], values, item), path, expression.asked)
            if doubt is not None:
                return doubt
        try:
            if expression.plain:
                return _reached(expression.plain, values, item)
            data = {
                name: self._argument(name, paths, expression, values, item) for name, paths in expression.roots.items()
            }
            result = expression.program.eval(data=data)
            if result.type() == cel.Type.ERROR:
                return Doubt(f"`{expression.text}`: {str(result.value()).partition(': ')[2] or 'no answer'}")
            if result.type().name().partition("<")[0] != expression.type.partition("<")[0]:
                return Doubt(f"`{expression.text}` gave {result.type().name()}, not {expression.type}")
            return self.messages.back(result.plain_value(), values.secrets)
        except Unreadable as error:
            return Doubt(f"`{expression.text}`: {error}")
        except (TypeError, ValueError, AttributeError) as error:
            # A connector promised one type and gave another: its word is worth a doubt, not a crash in an incident.
            return Doubt(f"`{expression.text}`: a value is not of its type ({type(error).__name__})")
        except RuntimeError:  # CEL's budget
            return Doubt(f"`{expression.text}` takes too long")

    def _argument(self, name: str, paths: list[Path], expression: Expression, values: Sees, item: object) -> object:
        root = _root(name, values, item)
        if name == "item" and expression.item:
            return self.messages.argument(expression.item, root, paths)
        return self.messages.build(self.variables[name], root, paths)


def _readable(pattern: str) -> bool:
    """Whether `matches` takes a pattern; else CEL would only say so at night."""
    env = cel.NewEnv(variables={"pattern": cel.Type.STRING})
    result = env.compile("''.matches(pattern)").eval(data={"pattern": pattern})
    return bool(result.type() != cel.Type.ERROR)


def _root(name: str, values: Sees, item: object) -> object:
    return item if name == "item" else getattr(values, name)


def _reached(path: Path, values: Sees, item: object) -> object:
    """Follow a plain path through the values themselves, which keeps their exact types."""
    value = _root(path[0], values, item)
    for name in path[1:]:
        value = child(value, name)
    return _sealed(value, values)


def _sealed(value: object, values: Sees) -> object:
    """Put the secret at hand in the place of whatever stands for it."""
    if isinstance(value, list | tuple | set | frozenset):
        return [_sealed(v, values) for v in value]
    if getattr(type(value), "__ringfence_secret__", False):
        return values.secrets.get(getattr(value, "fingerprint", ""), value)
    return value
