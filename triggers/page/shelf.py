"""What the page keeps beside the record: links, passkeys with their counters, and what is good for one time.

That a passkey is somebody's stands in the journal's own chain too (`passkey`), and only where both agree it counts:
a row that somebody put in here proves nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from journal.clock import now, spelled, wall
from journal.db.base import Database
from journal.db.tables import events, links, passkeys, spent
from journal.errors import JournalFailed
from journal.event import JOURNAL, Draft

KEPT = timedelta(days=2)
"""For how long it is remembered that something was used that is good for some minutes."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link, as it is kept."""

    digest: str
    person: str
    run: str
    wall: str
    purpose: str
    expires_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a person.

    Attributes:
        id: of the credential, base64url. public: its key, COSE. signs: its counter, as it was seen last.
    """

    id: str
    person: str
    public: bytes
    signs: int
    label: str
    at: str

    @property
    def spoken(self) -> str:
        """Eight letters to tell it by, on the phone and on the terminal."""
        found = hashlib.sha256(self.id.encode() + b"\0" + self.public).hexdigest()[:8]
        return f"{found[:4]} {found[4:]}"


class Shelf:
    """The page's rows in the journal's data base. Its methods block: call them beside the event loop."""

    def __init__(self, database: Database, journal: str) -> None:
        """`journal`: the journal's own name, in which persons are named without their names."""
        self._db, self._journal = database, journal

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._db.engine.connect() as conn:
                yield conn
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._reading() as conn, self._db.writing(conn):
            yield conn

    def add_link(self, row: LinkRow) -> None:
        """Keep a link."""
        with self._writing() as conn:
            conn.execute(insert(links).values({name: getattr(row, name) for name in LinkRow.__slots__}))

    def link(self, digest: str) -> LinkRow | None:
        """Give the link with this digest."""
        with self._reading() as conn:
            row = conn.execute(select(links).where(links.c.digest == digest)).one_or_none()
        return LinkRow(*(getattr(row, name) for name in LinkRow.__slots__)) if row is not None else None

    def use_link(self, digest: str) -> bool:
        """Use a link up; False where somebody did before."""
        unused = and_(links.c.digest == digest, links.c.used_at.is_(None))
        with self._writing() as conn:
            return conn.execute(update(links).where(unused).values(used_at=wall())).rowcount == 1

    def spend(self, what: str, key: str, person: str = "") -> bool:
        """Use up what is good for one time; False where it was used before. Of two at one moment one has True."""
        mark = hashlib.sha256(f"{what}\0{person}\0{key}".encode()).hexdigest()
        row = {"mark": mark, "what": what, "person": person, "at": wall()}
        try:
            with self._db.engine.connect() as conn, self._db.writing(conn):
                conn.execute(delete(spent).where(spent.c.at < spelled(now() - KEPT)))
                conn.execute(insert(spent).values(row))
        except IntegrityError:
            return False
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None
        return True

    def attempt(self, what: str, person: str, most: int, within: timedelta) -> str | datetime:
        """Take one of so many tries within a time: its mark, or when the next is free.

        Each try is named after the one before it, so that of two at one moment the second counts the first.
        """
        mine = and_(spent.c.what == what, spent.c.person == person)
        query = select(spent.c.mark, spent.c.at).where(mine).order_by(spent.c.at.desc(), spent.c.mark)
        while True:
            begin = now() - within
            try:
                with self._db.engine.connect() as conn, self._db.writing(conn):
                    last = conn.execute(query.limit(most)).all()
                    if len(last) == most and (oldest := datetime.fromisoformat(last[-1].at)) > begin:
                        return oldest + within
                    before = last[0].mark if last else ""
                    mark = hashlib.sha256(f"{what}\0{person}\0after {before}".encode()).hexdigest()
                    conn.execute(insert(spent).values(mark=mark, what=what, person=person, at=wall()))
                    return mark
            except IntegrityError:  # another took this very try: count anew
                continue
            except DBAPIError as error:
                raise JournalFailed(self._db.sentence(error)) from None

    def give_back(self, mark: str) -> None:
        """A try that was none: it was right."""
        with self._writing() as conn:
            conn.execute(delete(spent).where(spent.c.mark == mark))

    def add_passkey(self, passkey: Passkey) -> bool:
        """Keep a passkey that was made; False where there is one with its id. It counts once the chain says whose it is."""
        row = {name: getattr(passkey, name) for name in Passkey.__slots__}
        try:
            with self._db.engine.connect() as conn, self._db.writing(conn):
                conn.execute(insert(passkeys).values(row))
        except IntegrityError:
            return False
        except DBAPIError as error:
            raise JournalFailed(self._db.sentence(error)) from None
        return True

    def made(self, person: str = "") -> list[Passkey]:
        """Passkeys that were made, whether or not they count; of one person or of all, oldest first."""
        query = select(passkeys).order_by(passkeys.c.at, passkeys.c.id)
        query = query.where(passkeys.c.person == person) if person else query
        with self._reading() as conn:
            return [Passkey(*(getattr(row, name) for name in Passkey.__slots__)) for row in conn.execute(query)]

    def passkeys(self, person: str = "") -> list[Passkey]:
        """The passkeys that count: those whose person, id and key the journal's own chain has as well."""
        standing = self._standing()
        return [one for one in self.made(person) if self.mark(one) in standing]

    def signed(self, passkey: Passkey, signs: int) -> bool:
        """Keep a passkey's counter; False where it was used meanwhile: of two at one moment, one counts."""
        same = and_(passkeys.c.id == passkey.id, passkeys.c.signs == passkey.signs)
        with self._writing() as conn:
            return conn.execute(update(passkeys).where(same).values(signs=signs)).rowcount == 1

    def drop_passkey(self, passkey: Passkey) -> None:
        """Forget a passkey."""
        with self._writing() as conn:
            conn.execute(delete(passkeys).where(passkeys.c.id == passkey.id))

    def mark(self, passkey: Passkey) -> str:
        """What the chain has of a passkey: a digest over whose it is, its id and its key. It names nobody."""
        parts = (self._journal, passkey.person, passkey.id, passkey.public.hex())
        return hashlib.sha256("\0".join(("ringfence passkey", *parts)).encode()).hexdigest()

    def said(self, passkey: Passkey, how: str, *, on: bool) -> Draft:
        """The event of the journal's own chain: a passkey counts from now on, or does no more."""
        return Draft("passkey", {"mark": self.mark(passkey), "on": on, "how": how})

    def _standing(self) -> set[str]:
        query = select(events.c.body).where(events.c.run == JOURNAL, events.c.type == "passkey").order_by(events.c.n)
        found: set[str] = set()
        with self._reading() as conn:
            for text in conn.execute(query).scalars():
                body = orjson.loads(text)
                (found.add if body["on"] else found.discard)(str(body["mark"]))
        return found

    def open_links(self, person: str) -> int:
        """How many links of a person are good now."""
        mine = and_(links.c.person == person, links.c.used_at.is_(None), links.c.expires_at > spelled(now()))
        with self._reading() as conn:
            return int(conn.execute(select(func.count()).select_from(links).where(mine)).scalar_one())
