"""The append-only record of every run: checkpoint, audit trail and input of recovery at once.

`from journal import Journal, Draft, …`: each name is imported when it is first asked for, so that reading an event
does not load SQLAlchemy, nor an unsealed run cryptography. To check a journal: `journal.proof.verify`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from journal.canonical import clean as clean
    from journal.errors import Busy as Busy
    from journal.errors import Held as Held
    from journal.errors import JournalError as JournalError
    from journal.errors import JournalFailed as JournalFailed
    from journal.errors import LeaseLost as LeaseLost
    from journal.errors import NoKey as NoKey
    from journal.errors import UnknownRun as UnknownRun
    from journal.event import Body as Body
    from journal.event import Draft as Draft
    from journal.event import Event as Event
    from journal.seal.keys import Keys as Keys
    from journal.seal.keys import Seal as Seal
    from journal.store import Journal as Journal
    from journal.store import RunRow as RunRow
    from journal.store import Wish as Wish
    from journal.write.kill import KillAt as KillAt
    from journal.write.lease import Lease as Lease

_HOMES = {
    "canonical": ("clean",),
    "errors": ("Busy", "Held", "JournalError", "JournalFailed", "LeaseLost", "NoKey", "UnknownRun"),
    "event": ("Body", "Draft", "Event"),
    "seal.keys": ("Keys", "Seal"),
    "write.kill": ("KillAt",),
    "write.lease": ("Lease",),
    "store": ("Journal", "RunRow", "Wish"),
}
_MODULE_OF = {name: f"journal.{module}" for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        return getattr(import_module(_MODULE_OF[name]), name)
    raise AttributeError(f"module 'journal' has no attribute {name!r}")
