"""The contract that every connector keeps: its public names."""

from connectors.core.call import Answer, Call, Mark, Setting
from connectors.core.configured import Foothold, Settings
from connectors.core.connector import Action, Connector, EffectId, Find, Look, Rate, needs_of
from connectors.core.errors import Busy, ConnectorError, Impossible, NotAllowed, Unexpected, Unreachable, Unseen
from connectors.core.exchange import Grant, Ready, TokenUrl, client_assertion, client_credentials, jwt_bearer, signed
from connectors.core.model import (
    Family,
    Grade,
    Layer,
    NoState,
    Params,
    People,
    Person,
    Sealed,
    State,
    UrlPath,
    UsedAt,
    UsedFrom,
    Volatile,
    people_counted,
    people_fields,
    person_fields,
    persons,
    used_at,
    used_from,
)
from connectors.core.reader import Reader
from connectors.core.rights import Held, Rights
from connectors.core.secret import Secret
from connectors.core.sender import Came, Outcome, Sender
from connectors.core.survey import Found, Lost, Shown, ShownAll, Survey, Tide, account
from connectors.core.told import Told
from connectors.core.wire import Connection, Wire

__all__ = [
    "Action", "Answer", "Busy", "Call", "Came", "Connection", "Connector", "ConnectorError", "EffectId", "Family",
    "Find", "Foothold", "Found", "Grade", "Grant", "Held", "Impossible", "Layer", "Look", "Lost", "Mark", "NoState", "NotAllowed", "Outcome", "Params",
    "People", "Person", "Rate", "Reader", "Ready", "Rights", "Sealed", "Secret", "Sender", "Setting", "Settings", "Shown", "ShownAll", "State", "Survey",
    "Tide", "TokenUrl", "Told", "Unexpected", "Unreachable", "Unseen", "UrlPath", "UsedAt", "UsedFrom", "Volatile", "Wire", "account", "client_assertion", "client_credentials", "connect", "jwt_bearer", "needs_of", "people_counted", "people_fields",
    "person_fields", "persons", "signed", "used_at", "used_from",
]  # fmt: skip


def connect(connection: Connection, *, writes: bool) -> tuple[Reader, Sender | None, Wire]:
    """Open a connection: its reader, its sender (None in a dry run), and the wire to close."""
    wire = Wire(connection, writes=writes)
    return Reader(wire), Sender(wire) if writes else None, wire
