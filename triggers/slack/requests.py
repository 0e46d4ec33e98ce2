"""What Slack sends, read into the little that is kept of it: who, what, and the key by which the same request is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal["command", "press", "form", "shortcut"]
TYPED = 3000
"""Letters that are kept of what somebody typed."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a person.

    Attributes:
        key: what the very same request has again (responders.md, A1): it is done once.
        user, team: who pressed or typed, of which workspace, as Slack vouches for it.
        channel: where; "" in a modal. trigger: what opens a modal, for 3 s. reply: URL for an answer to this person.
        name: of the command, action, form or shortcut. value: what its button, or its form's metadata, carries.
        text: what was typed behind a command. given: a form's fields by name. ts: of the message it is on.
    """

    kind: Kind
    key: str
    user: str
    team: str
    channel: str = ""
    trigger: str = ""
    reply: str = ""
    name: str = ""
    value: str = ""
    text: str = ""
    ts: str = ""
    view: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    def packed(self) -> str:
        """As it lies in the data base until it was acted on."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @staticmethod
    def unpacked(text: str) -> Request:
        """The same again."""
        return Request(**json.loads(text))


def of_command(body: Mapping[str, Any]) -> Request:
    """A slash command; `trigger_id` is of this very invocation."""
    return Request(
        "command", _key("command", body.get("trigger_id")), _text(body, "user_id"), _text(body, "team_id"),
        _text(body, "channel_id"), _text(body, "trigger_id"), _text(body, "response_url", 1000),
        _text(body, "command"), text=_text(body, "text", TYPED),
    )  # fmt: skip


def of_press(body: Mapping[str, Any]) -> Request:
    """A button or a menu: the message or modal that it stands in, which, when, who."""
    action = (body.get("actions") or [{}])[0]
    container, view = _part(body, "container"), _part(body, "view")
    user = _text(_part(body, "user"), "id")
    place = _text(container, "message_ts") or _text(view, "id") or _text(container, "view_id")
    chosen = action.get("selected_option") if isinstance(action.get("selected_option"), Mapping) else None
    value = str(chosen.get("value", "")) if chosen is not None else str(action.get("value", ""))
    return Request(
        "press", _key("press", place, action.get("action_id"), action.get("action_ts"), user), user, _team(body),
        _text(_part(body, "channel"), "id"), _text(body, "trigger_id"), _text(body, "response_url", 1000),
        str(action.get("action_id", ""))[:255], value[:2000], ts=_text(container, "message_ts"), view=_text(view, "id"),
        text=_text(view, "private_metadata", TYPED), given=_given(view),
    )  # fmt: skip


def of_form(body: Mapping[str, Any]) -> Request:
    """A modal that was sent. The hash changes with each update of it; the nonce in its metadata is of its making."""
    view = _part(body, "view")
    user = _text(_part(body, "user"), "id")
    return Request(
        "form", _key("form", view.get("id"), view.get("hash")), user, _team(body), trigger=_text(body, "trigger_id"),
        name=_text(view, "callback_id"), value=_text(view, "private_metadata", TYPED), view=_text(view, "id"),
        given=_given(view),
    )  # fmt: skip


def of_shortcut(body: Mapping[str, Any]) -> Request:
    """A shortcut on a message. Of the message its own metadata is read and nothing else: its text is anybody's.

    Metadata counts only where it is of a message that our own app posted, which Slack says of it.
    """
    message = _part(body, "message")
    metadata = _part(message, "metadata")
    ours = _text(message, "app_id") and _text(message, "app_id") == _text(body, "api_app_id")
    known = json.dumps(_part(metadata, "event_payload")) if ours else ""
    return Request(
        "shortcut", _key("shortcut", body.get("trigger_id")), _text(_part(body, "user"), "id"), _team(body),
        _text(_part(body, "channel"), "id"), _text(body, "trigger_id"), _text(body, "response_url", 1000),
        _text(body, "callback_id"), known[:TYPED], ts=_text(message, "ts"),
    )  # fmt: skip


def _key(kind: str, *parts: object) -> str:
    """One way and of one length, so that no part can run into the next."""
    packed = json.dumps([kind, *(str(part) for part in parts)], separators=(",", ":"))
    return f"{kind}:{hashlib.sha256(packed.encode()).hexdigest()}"


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(body: Mapping[str, Any], name: str, most: int = 255) -> str:
    found = body.get(name)
    return found[:most] if isinstance(found, str) else ""


def _team(body: Mapping[str, Any]) -> str:
    """The workspace of whoever pressed: in a shared channel it is not the one that the app is installed in."""
    return _text(_part(body, "user"), "team_id") or _text(_part(body, "team"), "id")


def _given(view: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a form: block id -> what was chosen or typed."""
    found: dict[str, str] = {}
    values = _part(_part(view, "state"), "values")
    for block, actions in values.items():
        for said in actions.values() if isinstance(actions, Mapping) else ():
            if not isinstance(said, Mapping):
                continue
            chosen = said.get("selected_option")
            value = chosen.get("value") if isinstance(chosen, Mapping) else said.get("value")
            value = said.get("selected_date_time") if value is None else value
            if isinstance(value, str | int) and not isinstance(value, bool):
                found[str(block)[:255]] = str(value)[:TYPED]
    return found
