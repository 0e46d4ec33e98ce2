"""Reads what proves who says something: a token or a key, from a file, a variable or standard input; never an argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from triggers.cli.desk import who
from triggers.cli.place import Refused

if TYPE_CHECKING:
    from inventory.proof import Sayer
    from inventory.read import Inventory

As = Annotated[str | None, Parameter(name="--as")]
Given = Annotated[str | None, Parameter(allow_leading_hyphen=True)]
"""What may be given as `-`: it stands on standard input."""
LONGEST = 1000
"""Letters of what proves somebody: more than that is another file by mistake."""


@dataclass(frozen=True)
class Proof:
    """Who says something.

    Attributes:
        sayer: None where the token or key fits nobody.
        sign: signs a statement with their key; None where a token proves them.
    """

    sayer: Sayer | None
    sign: Callable[[Mapping[str, Any]], str] | None = None


def prove(inventory: Inventory, *, name: str | None, token: str | None, key: Path | None) -> Proof:
    """Who speaks: by their token, by their key, else the user of this machine, which proves nothing.

    `name`: who they say they are. On the practice company it is enough, for its tokens are this machine's own.
    Raises Refused for what is no way to give a token, and for a name that is not that of the token's person.
    """
    from inventory.proof import of_os, of_token

    people = inventory.config.people
    if name is not None and name not in people:
        from language.errors import nearest

        raise Refused(f"There is no person '{name[:40]}' in {inventory.path.name}{nearest(name, people)}.")
    if token is not None and key is not None:
        raise Refused("Say who you are with --token or with --key, not with both.")
    if key is not None:
        return _by_key(inventory, key, name)
    if token is None and name is not None and (people[name].token or "").startswith("sandbox:"):
        token = people[name].token
    if token is None:
        if name is not None:
            raise Refused(f"That you are {name} is not proven: add --token @FILE (or env:NAME, or -), or --key FILE.")
        return Proof(of_os(people, who()))
    sayer = of_token(people, inventory.resolve, secret(token, "token", inventory.resolve), who())
    return Proof(_as(sayer, name))


def secret(given: str, what: str, resolve: Callable[[str], str]) -> str:
    """Read a token or a code: @FILE, env:NAME, - or sandbox:NAME. What else was given is not shown: it may be one.

    Raises Refused, and NoKey for a file that is not its owner's alone.
    """
    from journal.seal.keyfile import read_private

    try:
        if given == "-":
            text = sys.stdin.readline(LONGEST + 1)
        elif given.startswith("@"):
            text = read_private(Path(given[1:]).expanduser(), what)
        elif given.startswith("env:"):
            text = os.environ.get(given.removeprefix("env:"), "")
        elif given.startswith("sandbox:"):
            text = resolve(given)
        else:
            raise Refused(
                f"A {what} is given by --{what} @FILE, env:NAME or - for standard input, never as it is: arguments show"
                f" in `ps` and in the shell's history. If that was the {what}, have it replaced."
            )
    except UnicodeDecodeError:
        raise Refused(f"The {what} on standard input is no text.") from None
    text = text.strip()
    if not text or len(text) > LONGEST:
        raise Refused(f"--{what} {given} holds {'nothing' if not text else 'far more than a ' + what}.")
    return text


def _by_key(inventory: Inventory, file: Path, name: str | None) -> Proof:
    from engine.approvals.saying import DOMAIN
    from inventory.proof import of_key
    from journal.proof.sign import Signer

    signer = Signer.from_reference(f"file:{file.expanduser()}")
    sayer = _as(of_key(inventory.config.people, signer.public, who()), name)
    return Proof(sayer, lambda statement: signer.sign(DOMAIN, statement))


def _as(sayer: Sayer | None, name: str | None) -> Sayer | None:
    """The person, if it is the one who they said they are; else nobody."""
    return sayer if sayer is None or name in {None, sayer.person} else None
