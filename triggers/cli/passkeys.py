"""`ringfence person passkey` and `totp`: what proves somebody on the page.

Whoever holds somebody's own token or key makes a link; the phone makes the passkey; and whoever asked for the link
compares eight letters and confirms. A link that went astray makes a passkey that counts nowhere. Nobody vouches for
somebody else: one person would have two says.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from triggers.cli import place
from triggers.cli.proving import Given
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from journal import Journal
    from triggers.page.shelf import Passkey, Shelf

Config = Annotated[Path | None, Parameter(name="--config")]
POLL_S = 0.5
LETTERS = 8


def passkey(
    name: str, /, *, token: Given = None, key: Path | None = None, confirm: str | None = None, remove: str | None = None,
    sandbox: bool = False, config: Config = None, json: bool = False,
) -> int:  # fmt: skip
    """Make a passkey on a person's phone: print a link, wait for the phone, compare eight letters.

    It takes the person's own token or key: a passkey of theirs is theirs to make. Nobody vouches for another.

    Parameters
    ----------
    name
        The person's id in ringfence.yaml.
    token, key
        What proves that it is them: @FILE, env:NAME or -; or the file of their key.
    confirm
        The eight letters that the phone shows: this passkey counts from now on.
    remove
        The eight letters of a passkey that is to count no more.
    """
    from triggers.cli.paging import entry_of
    from triggers.cli.proving import prove

    inventory = place.configuration(config, sandbox=sandbox)
    proof = prove(inventory, name=name, token=token, key=key)
    if proof.sayer is None or not proof.sayer.proven or proof.sayer.person != name:
        raise place.Refused(f"That is not {name}'s own token or key: nothing was made.")
    journal = place.open_journal(place.open_keys(inventory, sandbox=sandbox), config)
    try:
        from triggers.page.links import Links, Opens
        from triggers.page.shelf import Shelf
        from triggers.page.where import key_of

        shelf = Shelf(journal.database, journal.id)
        if confirm is not None or remove is not None:
            return _settled(
                journal, shelf, name, confirm or remove or "", proof.sayer.how, on=confirm is not None, json=json
            )
        entry = entry_of(inventory, sandbox=sandbox)
        links = Links(shelf, key_of(inventory, place.state_folder(), entry))
        before = {one.id for one in shelf.made(name)}
        url = f"{entry.url}{links.make(Opens(name, '', '', 'enrol'), entry.link)}"
        if json:
            as_json({"person": name, "url": url, "minutes": entry.link})
            return 0
        line(url)
        line(f"Open it on {proof.sayer.name}'s phone, within {entry.link} minutes; it opens once.")
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            line(
                f"Then, with the eight letters that the phone shows: `ringfence person passkey {name} --confirm '.... ....'`."
            )
            return 0
        found = _awaited(shelf, name, before, entry.link * 60)
        line(f"A passkey was made, called {found.label}: {found.spoken}")
        if input("Does the phone show these very letters? Type yes or no: ").strip().lower() != "yes":
            shelf.drop_passkey(found)
            raise place.Refused(
                "It was dropped, and proves nothing. If another phone made it, somebody reads what you send."
            )
        return _settled(journal, shelf, name, found.spoken, proof.sayer.how, on=True, json=json)
    finally:
        journal.close()


def _awaited(shelf: Shelf, name: str, before: set[str], within_s: float) -> Passkey:
    """The passkey that the phone makes now. Raises Refused where none comes in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        found = next((one for one in shelf.made(name) if one.id not in before), None)
        if found is not None:
            return found
        time.sleep(POLL_S)
    raise place.Refused("No passkey was made in time: the link is over. Ask for another.")


def _settled(journal: Journal, shelf: Shelf, name: str, letters: str, how: str, *, on: bool, json: bool) -> int:
    """Let a passkey count, or no more: in the journal's own chain."""
    plain = "".join(letters.split()).lower()
    mine = [one for one in shelf.made(name) if len(plain) == LETTERS and one.spoken.replace(" ", "") == plain]
    if len(mine) != 1:
        known = ", ".join(f"{one.spoken} ({one.label})" for one in shelf.made(name)) or "none was made"
        raise place.Refused(f"{name} has no passkey {letters[:20]!a}. Known: {known}.")
    counts = mine[0].id in {one.id for one in shelf.passkeys(name)}
    if counts != on:
        asyncio.run(_recorded(journal, shelf, mine[0], how, on=on))
    if not on:
        shelf.drop_passkey(mine[0])
    if json:
        as_json({"person": name, "passkey": mine[0].spoken, "label": mine[0].label, "counts": on})
    else:
        line(f"{name}'s passkey {mine[0].spoken} ({mine[0].label}) {'counts from now on' if on else 'counts no more'}.")
    return 0


async def _recorded(journal: Journal, shelf: Shelf, found: Passkey, how: str, *, on: bool) -> None:
    await journal.record(shelf.said(found, how, on=on))


def totp(
    name: str, /, *, output: Annotated[Path, Parameter(name=["--output", "-o"])], json: bool = False
) -> int:  # fmt: skip
    """Make the secret of an authenticator app's codes, the page's weaker proof, and print the line for ringfence.yaml.

    Parameters
    ----------
    name
        The person's id in ringfence.yaml.
    output
        A new file for the secret, its owner's alone (0600): the machine that serves the page reads it.
    """
    from triggers.cli.person import an_id, keep
    from triggers.page.codes import address, new_secret

    an_id(name)
    secret = new_secret()
    keep(output, secret)
    if json:
        as_json({"person": name, "kind": "totp", "kept": f"file:{output}", "url": address(secret, name)})
        return 0
    line(address(secret, name))
    line(
        f"That is {name}'s secret as apps take it: hand it to nobody but them. It lies in {output}, its owner's alone."
    )
    line("For ringfence.yaml:")
    line("people:")
    line(f"  {name}:")
    line(f'    totp: "file:{output}"')
    return 0
