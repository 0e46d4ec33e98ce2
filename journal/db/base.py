"""What the journal asks of a data base beside SQL. `sqlite` and `postgres` answer it, each in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError


class Database(ABC):
    """One data base, open.

    Attributes:
        engine: its connections.
        name: how the operator knows it: the file, or the URL without its password.
        url: where it is, without its password.
    """

    engine: Engine
    name: str
    url: str

    @abstractmethod
    def writing(self, conn: Connection) -> AbstractContextManager[Any]:
        """Begin a transaction that may write; it is committed, durably, when its block ends."""

    @abstractmethod
    def building(self, conn: Connection) -> AbstractContextManager[Any]:
        """Begin a transaction that may change tables, while no other process does."""

    @abstractmethod
    def now_us(self, conn: Connection) -> int | None:
        """Microseconds since 1970 by the clock that all who write here share; None where there is none but their own."""

    @abstractmethod
    def pause_s(self, error: DBAPIError, since_s: float) -> float | None:
        """How long to wait before a failed transaction is tried again; None when that is no use.

        `since_s`: seconds since it was tried first.
        """

    @abstractmethod
    def is_gone(self, error: BaseException) -> bool:
        """Whether the connection was lost: if that was at its end, nobody knows whether it was written."""

    @abstractmethod
    def sentence(self, error: BaseException) -> str:
        """Tell the operator what an error means and what to do. Never shows a password."""

    @abstractmethod
    def drop_traces(self) -> str:
        """Overwrite what deleted rows left behind, as far as that is ours to do; say where some may be left, or ""."""
