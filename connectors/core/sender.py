"""The sending half: only the engine holds it, and a dry run is built without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from connectors.core.call import Answer, Call, Mark, Setting, newest, unveil
from connectors.core.errors import Busy, ConnectorError, Unreachable
from connectors.core.reader import reason
from connectors.core.secret import Secret
from connectors.core.waits import asked_wait_s
from connectors.core.wire import REQUEST_IDS, NoAnswer, NotSent, Wire


class Came(StrEnum):
    """What a send gave back: a value, never an exception, because the journal has a line for each."""

    OK = "ok"
    BUSY = "busy"
    REFUSED = "refused"
    NOT_SENT = "not-sent"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One send's end.

    Attributes:
        status: the HTTP status, 0 where none came.
        wait_s: how long the provider asks to wait (BUSY).
        request_id: the provider's own id of the request.
        why: a plain word for people.
        kept: (answer, secret) for each part of the answer that later calls need.
    """

    came: Came
    status: int = 0
    wait_s: float = 0.0
    request_id: str = ""
    why: str = ""
    kept: tuple[tuple[Answer, Secret], ...] = ()


def _request_id(headers: Mapping[str, str]) -> str:
    found = next((headers[name] for name in REQUEST_IDS if name in headers), "")
    return found[:80] if found.isascii() and found.isprintable() else ""


class Sender:
    """Sends a call once, and says what came back."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, call: Call, marks: Mapping[Mark, str]) -> Outcome:
        """Send `call` once.

        2xx, and 404 (the look decides whether that means gone), are OK, unless the connector reads them otherwise; 429 and 503 with a wait are BUSY; any other
        5xx and no answer are UNSURE: it may have had its effect.
        """
        ours = self._wire.connection.secret
        known: dict[Mark | Setting, str] = dict(marks.items())
        known |= {Setting(name): str(value) for name, value in self._wire.connection.settings}
        if ours is not None:
            known[Mark.OURS] = newest(ours, self._wire.current).reveal()
        body = unveil(call.body, known, self._wire.current)
        try:
            reply = await self._wire.exchange(call.method, call.path, body=body, form=call.form, bearer=call.bearer)
        except NotSent as error:
            return Outcome(Came.NOT_SENT, why=f"no connection ({error})")
        except NoAnswer as error:
            return Outcome(Came.UNSURE, why=f"no answer ({error})")
        except ConnectorError as error:  # before the send: the endpoint was not found out, or a credential is no header
            later = isinstance(error, (Busy, Unreachable))
            return Outcome(Came.NOT_SENT if later else Came.REFUSED, why=str(error))
        request_id = _request_id(reply.headers)
        told = self._wire.told(reply)
        why = f"{reply.status}{reason(reply, told)}"
        busy = reply.status == 429 or (reply.status == 503 and "retry-after" in reply.headers)
        if busy or told.kind is Busy:
            wait_s = told.wait_s if told.kind is Busy else asked_wait_s(reply.headers)
            self._wire.gate.wait(wait_s)
            return Outcome(Came.BUSY, reply.status, wait_s, request_id, why)
        if told.look or (told.kind is None and (200 <= reply.status < 300 or reply.status == 404)):
            kept = self._keep(call, reply.json)
            if any(secret.reveal() in request_id for _, secret in kept):
                request_id = ""
            return Outcome(Came.OK, reply.status, 0.0, request_id, why, kept)
        came = Came.UNSURE if reply.status >= 500 or reply.status == 408 else Came.REFUSED
        return Outcome(came, reply.status, 0.0, request_id, why)

    def _keep(self, call: Call, json: object) -> tuple[tuple[Answer, Secret], ...]:
        kept = []
        for answer in call.answers:
            value = json.get(answer.field) if isinstance(json, dict) else None
            if isinstance(value, str) and value:
                kept.append((answer, Secret(value)))
        return tuple(kept)
