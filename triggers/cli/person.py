"""Makes what proves a person: a token, a key, a sealed code. The configuration gets a digest or the public half alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from triggers.cli import place
from triggers.cli.passkeys import passkey, totp
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from inventory.model import Config as Config_

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]
Config = Annotated[Path | None, Parameter(name="--config")]
MOST_CODES = 20

app = App(
    name="person", help="Make what proves a person: a token, a key, a passkey, a sealed code; and list the people."
)  # fmt: skip
app.command(passkey)
app.command(totp)


@app.command
def token(name: str, /, *, output: Output = None, json: bool = False) -> int:
    """Make a token for a person, and print the line for ringfence.yaml.

    Parameters
    ----------
    name
        The person's id in ringfence.yaml.
    output
        A new file for the token, its owner's alone (0600); without it, it is printed once, for a password manager.
    """
    from inventory.proof import new_token

    an_id(name)
    made, digest = new_token()
    if output is not None:
        keep(output, made)
    return _made(name, "token", digest, made, output, json=json)


@app.command
def key(name: str, /, *, output: Annotated[Path, Parameter(name=["--output", "-o"])], json: bool = False) -> int:
    """Make a key (Ed25519) that signs what a person decides, and print the line for ringfence.yaml.

    Parameters
    ----------
    name
        The person's id in ringfence.yaml.
    output
        A new file for the private half, its owner's alone (0600).
    """
    import base64
    import secrets

    from journal.proof.sign import KEY_BYTES, Signer

    an_id(name)
    keep(output, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    public = base64.b64encode(bytes.fromhex(Signer.from_reference(f"file:{output}").public)).decode()
    return _made(name, "key", f"ed25519:{public}", "", output, json=json)


@app.command
def code(*, count: int = 1, output: Annotated[Path, Parameter(name=["--output", "-o"])], json: bool = False) -> int:
    """Make sealed codes, each good for one say, once; print the lines for ringfence.yaml.

    Print the file, seal each line in an envelope of its own, and delete it.

    Parameters
    ----------
    count
        How many.
    output
        A new file for the codes, one a line, its owner's alone (0600).
    """
    from inventory.proof import new_code

    if not 1 <= count <= MOST_CODES:
        raise place.Refused(f"--count {count}: 1 to {MOST_CODES} codes at once.")
    codes = [new_code() for _ in range(count)]
    keep(output, "\n".join(made for made, _ in codes))
    digests = [digest for _, digest in codes]
    if json:
        as_json({"codes": digests, "file": str(output)})
        return 0
    line(f"{count} in {output}: print it, seal each line on its own, delete it. For ringfence.yaml:")
    line("approvals:")
    line("  codes:")
    for digest in digests:
        line(f'    - "{digest}"')
    return 0


@app.command(name="list")
def list_(*, config: Config = None, sandbox: bool = False, json: bool = False) -> int:
    """List the people of the configuration: what they may do, and how they prove who they are."""
    found = place.described(config, sandbox=sandbox)
    people = found.config.people
    if json:
        rows = [
            {"person": name, "name": one.name, "roles": list(one.roles), "token": one.token is not None,
             "key": one.key is not None, "totp": one.totp is not None, "accounts": list(one.accounts)}
            for name, one in people.items()
        ]  # fmt: skip
        as_json({"people": rows})
        return 0
    if not people:
        line(f"{found.path} names no people: nobody can approve. `ringfence person token NAME` begins with one.")
    for name, one in people.items():
        proof = " and ".join(what for what in ("token", "key", "totp") if getattr(one, what) is not None)
        line(f"{name:<16} {one.name:<24} {', '.join(one.roles):<34} {proof or 'no token, no key: cannot say anything'}")
    for lack in _lacking(found.config):
        line(lack)
    return 0


def _lacking(config: Config_) -> list[str]:
    """The classes that this many people could never approve, with one of them asking for it: better known before the night."""
    from engine.approvals import rank

    if not config.people:
        return []
    said = []
    for entry in config.approvals.classes:
        able = [
            name for name, one in config.people.items()
            if (one.token or one.key) and max(map(rank, one.roles)) >= rank(entry.role)
        ]  # fmt: skip
        if len(able) <= entry.people and not config.approvals.codes:
            said.append(
                f"Class {entry.name} wants {entry.people}, {entry.role} or above, and {len(able)} could:"
                " when one of them asks for it, or is a target, nobody is left. More people, or sealed codes."
            )
    return said


def an_id(name: str) -> None:
    """Raise Refused for what is no id of a person."""
    from pydantic import TypeAdapter, ValidationError

    from inventory.part import Id

    try:
        TypeAdapter(Id).validate_python(name)
    except ValidationError:
        raise place.Refused(
            f"{name[:60]!a} is no id of a person: lower-case letters, digits and _, from a letter on, at most 40."
        ) from None


def keep(file: Path, text: str) -> None:
    """Write a new file that only its owner can read; never over one that is there."""
    try:
        handle = os.open(file.expanduser(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise place.Refused(f"{file} is there already, and may be in use: name a new file.") from None
    except OSError as error:
        raise place.Refused(f"{file} cannot be made: {error.strerror}.") from None
    with os.fdopen(handle, "w", encoding="ascii") as out:
        out.write(text + "\n")


def _made(name: str, what: str, public: str, made: str, output: Path | None, *, json: bool) -> int:
    if json:
        shown = {} if output is not None else {"token": made}
        as_json({"person": name, "kind": what, "kept": public, "file": str(output) if output else None, **shown})
        return 0
    if output is None:
        line(made)
        line(f"That is {name}'s token. It is not kept anywhere: hand it to nobody but them.")
    else:
        line(f"{name}'s {what} is in {output}, its owner's alone.")
    line("For ringfence.yaml:")
    line("people:")
    line(f"  {name}:")
    line(f'    {what}: "{public}"')
    return 0
