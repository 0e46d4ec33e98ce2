"""Connections to the service: how long one may be silent, and how many there may be. Strangers open them too.

Whoever opens many and says nothing would use up the files that this process may have open, those for the journal and for
the providers among them: then nothing could be held any more.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
"""For so long a request's head may be on its way, from the connection's first moment or the head's first byte on."""
MOST = 1000


def most() -> int:
    """How many connections there may be: half of the files that may be open at most."""
    return max(16, min(MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


class Protocol(H11Protocol):
    """Closes what asks nothing: after a while, and at once where there are too many, the oldest first."""

    silent: ClassVar[dict[Protocol, None]] = {}
    """Connections on which no request is under way, the oldest first."""
    limit: ClassVar[int | None] = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Make room for it; where all others are being answered, there is none."""
        super().connection_made(transport)
        self._due: asyncio.TimerHandle | None = None
        if len(self.connections) > (self.limit or most()):
            oldest = next((one for one in self.silent if one.connections is self.connections), self)
            oldest.transport.abort()
            self.silent.pop(oldest, None)
            if oldest is self:
                return
        self._silent()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        super().data_received(data)
        self._heard() if self._answering() else self._silent()

    def on_response_complete(self) -> None:
        """It may be kept for another request; uvicorn closes it soon, and may be asked to make room."""
        super().on_response_complete()
        if self._answering():  # the next request was there already
            self._heard()
        else:
            self.silent.setdefault(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._heard()
        super().connection_lost(exc)

    def _answering(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _silent(self) -> None:
        if self.transport.is_closing():
            return
        self.silent.setdefault(self)
        if self._due is None:
            self._due = cast(Any, self.loop).call_later(HEAD_WITHIN_S, self.transport.abort)

    def _heard(self) -> None:
        self.silent.pop(self, None)
        if self._due is not None:
            self._due.cancel()
            self._due = None
