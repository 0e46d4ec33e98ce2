"""What people do with an incident that is over, and with the master key: close, legal-hold, erase, journal rekey."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from triggers.cli import place
from triggers.cli.desk import who
from triggers.cli.say import as_json, line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from journal import Keys
    from journal.write.requests import Request


def close(incident: str, /, *, reason: str = "", json: bool = False) -> int:
    """Close an incident that is over: no run of it goes on, and what that would need of secrets is shredded.

    The record stays, and verifies. Under a legal hold the secrets stay until it ends.

    Parameters
    ----------
    incident
        Its id, as `ringfence status --json` shows it.
    reason
        Why, for the record; sealed like a name.
    """
    from journal.custody.incident import Close

    done, traces = _act(Close(incident=incident, by=who(), why=reason))
    if json:
        as_json(
            {"incident": incident, "closed": True, "shredded": done.shredded, "held": done.held, "traces": bool(traces)}
        )
        return 0
    if done.held:
        line(f"Incident {incident} is closed, and on legal hold: nothing was shredded.")
        line(f"`ringfence legal-hold {incident} off` ends the hold, and shreds then.")
    else:
        line(
            f"Incident {incident} is closed. What {_many(done.runs)} needed of secrets is shredded: none is resumed or recovered."
        )
    if traces:
        line(traces)
    return 0


def legal_hold(incident: str, switch: Literal["on", "off"], /, *, reason: str = "", json: bool = False) -> int:
    """Put an incident on legal hold: nothing of it is shredded, erased or pruned. Or end the hold.

    When a hold on a closed incident ends, its secrets are shredded at once.

    Parameters
    ----------
    incident
        Its id.
    switch
        on or off.
    reason
        Why, for the record; sealed like a name.
    """
    from journal.custody.incident import Hold

    done, traces = _act(Hold(incident=incident, on=switch == "on", by=who(), why=reason))
    if json:
        said = {"incident": incident, "held": done.held, "changed": done.changed, "shredded": done.shredded}
        as_json({**said, "traces": bool(traces)})
        return 0
    if not done.changed:
        line(f"Incident {incident} {'is' if done.held else 'was not'} on legal hold already: nothing was changed.")
    elif done.held:
        line(f"Incident {incident} is on legal hold: nothing of it is shredded, erased or pruned.")
    else:
        line(f"The legal hold on incident {incident} has ended.")
    if done.shredded:
        line(f"The incident was closed: what {_many(done.runs)} needed of secrets is shredded now.")
    if traces:
        line(traces)
    return 0


def erase(incident: str, /, *, reason: str = "", json: bool = False) -> int:
    """Erase people's names and reasons from an incident: they read as pseudonyms from then on, and the record verifies.

    The pages of its runs in the state folder are deleted. What was exported or copied before is not reached.

    Parameters
    ----------
    incident
        Its id.
    reason
        Why. It is recorded in the clear, for its key is what is erased here: name nobody in it. Nor is it recorded who
        erased.
    """
    from journal.custody.incident import Erase

    done, traces = _act(Erase(incident=incident, why=reason))
    left = _delete_pages(done.runs)
    if json:
        as_json({"incident": incident, "erased": True, "pages_left": left, "traces": bool(traces)})
        return 2 if left else 0
    line(f"The names and reasons in incident {incident} are erased: its record shows pseudonyms, and verifies.")
    for page in left:
        line(f"The page {page} could not be deleted and names people still: delete it.")
    line("What was exported, printed or sent before keeps its names.")
    if traces:
        line(traces)
    return 2 if left else 0


def rekey(*, to: str, config: Path | None = None, json: bool = False) -> int:
    """Wrap every key in the journal with another master key: the old one opens nothing any more.

    All in one transaction: a crash leaves all under the old key or all under the new one. This is also what makes
    shredding and erasing sure on PostgreSQL, whose old rows and backups linger: what they hold opens with the old
    master key alone, so destroy every copy of it.

    Parameters
    ----------
    to
        The new master key, file:PATH or env:NAME (`ringfence journal key FILE` makes one).
    config
        The configuration that names the old one.
    """
    from journal import Keys
    from journal.db.address import is_postgres
    from journal.seal.rekey import Rekey

    new = Keys.from_reference(to)
    done, traces = _act(Rekey(new=new), keys=place.master_key(config), config=config)
    if json:
        found = {"to": new.id, "from": list(done.old), "runs": done.runs, "incidents": done.incidents}
        as_json({**found, "traces": bool(traces)})
        return 0
    if not done.old:
        line(f"Nothing is sealed with another key than {new.id}: nothing was changed.")
        return 0
    line(
        f"The keys of {done.runs} runs and of the names in {done.incidents} incidents are wrapped with the master key {new.id} now."
    )
    line(
        f"Name it in ringfence.yaml, `seal: {_absolute(to)}`, before the next command: what was sealed opens with it alone."
    )
    line(f"Then destroy every copy of the old one ({', '.join(done.old)}): what lingers in backups opens with it.")
    if traces and not is_postgres(place.journal_url(config)):  # there this very act is what its traces ask for
        line(traces)
    return 0


def _act(request: Request, *, keys: Keys | None = None, config: Path | None = None) -> tuple[Any, str]:
    """Carry out an act; give what it did, and where traces of what it deleted may be left ("" if nowhere)."""
    from journal import Keys
    from journal.custody.incident import Erase
    from journal.seal.rekey import Rekey

    place.needed(config)
    journal = place.open_journal(keys or Keys.none(), config)

    async def doing() -> tuple[Any, str]:
        try:
            done = await journal.carry_out(request)
            deleted = isinstance(request, Erase | Rekey) or done.shredded
            return done, await journal.drop_traces() if deleted else ""
        finally:
            await journal.aclose()

    return asyncio.run(doing())


def _delete_pages(runs: Sequence[str]) -> list[str]:
    """Delete the reports of these runs; give those that could not be."""
    left = []
    for run in runs:
        page = place.state_path() / "reports" / f"{run}.html"
        try:
            page.unlink(missing_ok=True)
        except OSError:
            left.append(str(page))
    return left


def _absolute(reference: str) -> str:
    kind, _, name = reference.partition(":")
    return f"file:{Path(name).expanduser().resolve()}" if kind == "file" else reference


def _many(runs: Sequence[str]) -> str:
    return f"run {runs[0]}" if len(runs) == 1 else f"its {len(runs)} runs"
