"""Slack's limits for Block Kit, checked before anything is sent: Slack refuses a message that is one letter too long.

`slack_sdk.models` checks some of them when a block is made, and not those that need the whole: how many blocks a
message has, an id that stands twice, a long field, how long all of it is. What is checked here is what Slack documents
(docs.slack.dev, reference of Block Kit); where it documents nothing, a bound of ours, which says so.

Letters are counted as UTF-16 units of the escaped text: no way of counting that Slack may have gives more.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from triggers.slack.screens.text import escaped

Surface = Literal["message", "modal"]

BLOCKS = {"message": 50, "modal": 100}
TITLE, SUBMIT, CLOSE = 24, 24, 24
METADATA = 3000
ID = 255
HEADER, SECTION, FIELD, FIELDS = 150, 3000, 2000, 10
CONTEXT_ELEMENTS, ACTIONS_ELEMENTS = 10, 25
BUTTON, BUTTON_VALUE, URL, BUTTON_LABEL = 75, 2000, 3000, 75
OPTION, OPTION_VALUE, OPTION_DESCRIPTION, OPTIONS, FEW_OPTIONS = 75, 150, 75, 100, 10
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30
INPUT_LABEL, INPUT_HINT, PLACEHOLDER, TYPED = 2000, 2000, 150, 3000
MESSAGE_TEXT = 4000
EVENT_PAYLOAD_BYTES = 8000
TOTAL = 12_000
"""Letters of a message's blocks together. Ours: Slack answers msg_blocks_too_long and documents no number; this is far below."""
VIEW_BYTES = 250_000
"""Of a whole modal (view_too_large)."""


def units(text: str) -> int:
    """How long a text is at most, however Slack counts it."""
    return len(escaped(text).encode("utf-16-le", "surrogatepass")) // 2


def problems(payload: Mapping[str, Any], surface: Surface) -> list[str]:
    """Everything that Slack would refuse in a message or a modal, a sentence each; none where it would take it."""
    blocks = payload.get("blocks")
    if not isinstance(blocks, Sequence) or isinstance(blocks, str):
        return ["blocks: there are none"]
    found = [f"blocks: {len(blocks)} of at most {BLOCKS[surface]}"] if len(blocks) > BLOCKS[surface] else []
    for at, block in enumerate(blocks):
        found += [f"blocks[{at}] {problem}" for problem in _block(block, surface)]
    found += _twice("block_id", [block.get("block_id") for block in blocks])
    found += _twice("action_id", [one.get("action_id") for block in blocks for one in _elements(block)])
    return found + (_view(payload) if surface == "modal" else _message(payload))


def _view(view: Mapping[str, Any]) -> list[str]:
    found = [] if view.get("type") == "modal" else [f"type: {view.get('type')!r} is no modal"]
    size = len(json.dumps(view).encode())
    found += [f"the view: {size} bytes of at most {VIEW_BYTES}"] if size > VIEW_BYTES else []
    found += _text(view.get("title"), "title", TITLE, plain=True)
    for name, most in (("submit", SUBMIT), ("close", CLOSE)):
        found += _text(view[name], name, most, plain=True) if name in view else []
    found += _long(view.get("private_metadata", ""), "private_metadata", METADATA)
    found += _long(view.get("callback_id", ""), "callback_id", ID)
    if any(block.get("type") == "input" for block in view["blocks"]) and "submit" not in view:
        found.append("submit: a form with an input needs it")
    return found


def _message(message: Mapping[str, Any]) -> list[str]:
    total = sum(units(text) for text in texts(message["blocks"]))
    found = [f"all blocks: {total} letters of at most {TOTAL}"] if total > TOTAL else []
    found += _long(message.get("text", ""), "text", MESSAGE_TEXT)
    if not message.get("text"):
        found.append("text: a notification, and a screen reader, would say nothing")
    payload = message.get("metadata", {}).get("event_payload", {})
    if len(json.dumps(payload).encode()) > EVENT_PAYLOAD_BYTES:
        found.append(f"metadata: over {EVENT_PAYLOAD_BYTES} bytes")
    return found


def _block(block: Mapping[str, Any], surface: Surface) -> list[str]:
    kind = str(block.get("type"))
    found = _long(block.get("block_id", ""), "block_id", ID)
    if kind not in _BLOCKS:
        return [*found, f"type: {kind!r} is none that we send"]
    if kind == "input" and surface != "modal":
        found.append("an input stands in a modal only")
    return found + [f"({kind}) {problem}" for problem in _BLOCKS[kind](block)]


def _section(block: Mapping[str, Any]) -> list[str]:
    fields = block.get("fields", [])
    found = _text(block["text"], "text", SECTION) if "text" in block else []
    found += [] if "text" in block or fields else ["neither text nor fields"]
    found += [f"fields: {len(fields)} of at most {FIELDS}"] if len(fields) > FIELDS else []
    for at, field in enumerate(fields):
        found += _text(field, f"fields[{at}]", FIELD)
    return found + (_element(block["accessory"]) if "accessory" in block else [])


def _header(block: Mapping[str, Any]) -> list[str]:
    return _text(block.get("text"), "text", HEADER, plain=True)


def _context(block: Mapping[str, Any]) -> list[str]:
    elements = block.get("elements", [])
    found = _counted(len(elements), "elements", CONTEXT_ELEMENTS)
    for at, element in enumerate(elements):
        found += _text(element, f"elements[{at}]", SECTION)
    return found


def _actions(block: Mapping[str, Any]) -> list[str]:
    elements = block.get("elements", [])
    return _counted(len(elements), "elements", ACTIONS_ELEMENTS) + [p for one in elements for p in _element(one)]


def _input(block: Mapping[str, Any]) -> list[str]:
    found = _text(block.get("label"), "label", INPUT_LABEL, plain=True)
    found += _text(block["hint"], "hint", INPUT_HINT, plain=True) if "hint" in block else []
    return found + _element(block.get("element") or {})


_BLOCKS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "header": _header, "section": _section, "context": _context, "actions": _actions, "input": _input,
    "divider": lambda _block: [],
}  # fmt: skip


def _element(element: Mapping[str, Any]) -> list[str]:
    kind = str(element.get("type"))
    found = _long(element.get("action_id", ""), "action_id", ID)
    found += [] if element.get("action_id") else [f"{kind}: no action_id"]
    if "confirm" in element:
        found += _confirm(element["confirm"])
    if "placeholder" in element:
        found += _text(element["placeholder"], "placeholder", PLACEHOLDER, plain=True)
    match kind:
        case "button":
            found += _text(element.get("text"), "button", BUTTON, plain=True)
            found += _long(element.get("value", ""), "button value", BUTTON_VALUE)
            found += _long(element.get("url", ""), "button url", URL)
            found += _long(element.get("accessibility_label", ""), "button label", BUTTON_LABEL)
        case "static_select" | "radio_buttons" | "checkboxes":
            found += _options(element, OPTIONS if kind == "static_select" else FEW_OPTIONS)
        case "external_select":
            found += [p for one in [element.get("initial_option")] if one for p in _option(one)]
        case "plain_text_input":
            most = element.get("max_length", TYPED)
            found += [f"max_length: {most} of at most {TYPED}"] if most > TYPED else []
            found += _long(element.get("initial_value", ""), "initial_value", TYPED)
        case "datetimepicker":
            pass
        case _:
            found.append(f"element {kind!r} is none that we send")
    return found


def _options(element: Mapping[str, Any], most: int) -> list[str]:
    options = element.get("options", [])
    found = _counted(len(options), "options", most)
    found += [problem for option in options for problem in _option(option)]
    found += _twice("option value", [option.get("value") for option in options])
    chosen = element.get("initial_option")
    if chosen is not None and chosen not in options:
        found.append("initial_option: is none of the options")
    return found


def _option(option: Mapping[str, Any]) -> list[str]:
    found = _text(option.get("text"), "option", OPTION) + _long(option.get("value", ""), "option value", OPTION_VALUE)
    description = option.get("description")
    return found + (_text(description, "option description", OPTION_DESCRIPTION) if description else [])


def _confirm(confirm: Mapping[str, Any]) -> list[str]:
    return [
        *_text(confirm.get("title"), "confirm title", CONFIRM_TITLE, plain=True),
        *_text(confirm.get("text"), "confirm text", CONFIRM_TEXT),
        *_text(confirm.get("confirm"), "confirm button", CONFIRM_BUTTON, plain=True),
        *_text(confirm.get("deny"), "deny button", CONFIRM_BUTTON, plain=True),
    ]


def _text(text: Any, name: str, most: int, *, plain: bool = False) -> list[str]:
    if not isinstance(text, Mapping) or text.get("type") not in {"plain_text", "mrkdwn"}:
        return [f"{name}: no text"]
    found = [f"{name}: must be plain_text"] if plain and text["type"] != "plain_text" else []
    if not str(text.get("text", "")).strip():
        found.append(f"{name}: is empty")
    return found + _long(str(text.get("text", "")), name, most, escape=text["type"] == "plain_text")


def _long(text: str, name: str, most: int, *, escape: bool = False) -> list[str]:
    length = units(text) if escape else len(text.encode("utf-16-le", "surrogatepass")) // 2
    return [f"{name}: {length} letters of at most {most}"] if length > most else []


def _counted(count: int, name: str, most: int) -> list[str]:
    return [] if 0 < count <= most else [f"{name}: {count} of 1 to {most}"]


def _twice(name: str, ids: Sequence[str | None]) -> list[str]:
    return [f"{name} {one!r} stands {count} times" for one, count in Counter(ids).items() if one and count > 1]


def _elements(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [block.get("accessory"), block.get("element"), *(block.get("elements") or ())]
    return [one for one in found if isinstance(one, Mapping) and "action_id" in one]


def texts(of: Any) -> Iterator[str]:
    """Every text that a person reads, wherever it stands."""
    if isinstance(of, Mapping):
        if of.get("type") in {"plain_text", "mrkdwn"}:
            yield str(of.get("text", ""))
        else:
            for value in of.values():
                yield from texts(value)
    elif isinstance(of, Sequence) and not isinstance(of, str):
        for value in of:
            yield from texts(value)
