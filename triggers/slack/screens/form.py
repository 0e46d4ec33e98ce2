"""The form of a command: a playbook's typed inputs, each as a menu or a picker. A target is chosen, never typed; no secret fits in."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    ExternalDataSelectElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from triggers.slack.screens.parts import heading, lines, plain_text
from triggers.slack.screens.text import LINE, NAME, shown

FORM, REASON_FORM = "contain_form", "reason_form"
PLAYBOOK = "form_playbook"
MENU_MOST = 100
"""Options that a menu takes; above that it asks for them as one types, and still takes nothing but one of them."""
REASON_LETTERS = 300
Kind = Literal["menu", "time", "text", "cli"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One integration in the menu.

    Attributes:
        tenant: whose part of which system it reaches, of which environment. used: when it was last seen used, in words.
    """

    id: str
    title: str
    tenant: str = ""
    used: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a playbook.

    Attributes:
        kind: how it is given; `cli`: not in Slack, as it is secret or names a target that no menu has.
        of: its type, as the playbook says. chosen: what it begins with.
    """

    name: str
    kind: Kind
    of: str = ""
    choices: tuple[Choice, ...] = ()
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a form is made from. `nonce`: of this very form, so that sending it twice starts one plan."""

    playbook: str
    title: str
    breaks: str = ""
    drill: bool = False
    nonce: str = ""
    playbooks: tuple[tuple[str, str], ...] = ()
    fields: tuple[Field, ...] = ()
    reason: str = ""
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def by_command_line(self) -> tuple[Field, ...]:
        """Inputs that Slack does not take."""
        return tuple(one for one in self.fields if one.kind == "cli")


def form(of: Form) -> dict[str, Any]:
    """The modal. Where an input cannot be given in Slack it can not be sent, and says what to type elsewhere."""
    mode = "DRILL" if of.drill else "LIVE"
    fits = not of.by_command_line
    blocks: list[Block | None] = [
        heading(f"{mode}: {'the practice company, nothing real' if of.drill else 'this is the real thing'}"),
        _playbook(of) if of.playbooks else None,
        lines([shown(of.title), *([f"Breaks: {shown(of.breaks)}"] if of.breaks else [])]),
    ]
    if fits:
        blocks += [_input(one) for one in of.fields]
        blocks += [_reason(of.reason), lines(["Next you see the plan. Nothing is sent before you press Hold now."])]
    else:
        blocks += [heading("Not in Slack"), lines(_elsewhere(of))]
    metadata = json.dumps({"nonce": of.nonce, "playbook": of.playbook, **of.more}, separators=(",", ":"))
    return _view("Contain", FORM, metadata, blocks, "Show the plan" if fits else "")


def reason_form(title: str, about: Sequence[str], metadata: Mapping[str, str], *, submit: str) -> dict[str, Any]:
    """A small modal that asks why: for a hold without a reason, an objection, a step that was done by hand."""
    packed = json.dumps(dict(metadata), separators=(",", ":"))
    return _view(title, REASON_FORM, packed, [lines([shown(one) for one in about]), _reason("")], submit)


def choice_option(choice: Choice) -> Option:
    """One line of the menu: its id, what it is called, whose it is, when it was last used."""
    text = f"{shown(choice.id, 40)} · {shown(choice.title, NAME)}"
    about = " · ".join(filter(None, [shown(choice.tenant, 40) if choice.tenant else "", shown(choice.used, 40)]))
    return Option(value=choice.id[:150], text=_short(text), description=_short(about or "last use: not known"))


def _short(text: str) -> Any:
    return plain_text(text if len(text) <= 70 else text[:69] + "…", 75)


def _view(title: str, callback: str, metadata: str, blocks: Sequence[Block | None], submit: str) -> dict[str, Any]:
    view = View(
        type="modal", title=plain_text(title, 24), close=plain_text("Back", 24), callback_id=callback,
        private_metadata=metadata, submit=plain_text(submit, 24) if submit else None,
        blocks=[block for block in blocks if block is not None],
    )  # fmt: skip
    return dict(view.to_dict())


def _playbook(of: Form) -> Block:
    options = [
        Option(value=name, text=_short(name), description=_short(shown(title, NAME))) for name, title in of.playbooks[:MENU_MOST]
    ]  # fmt: skip
    chosen = next((option for option in options if option.value == of.playbook), None)
    menu = StaticSelectElement(action_id=PLAYBOOK, options=options, initial_option=chosen)
    return SectionBlock(block_id="playbook", text=plain_text("Playbook", 100), accessory=menu)


def _input(one: Field) -> Block:
    return InputBlock(
        block_id=f"in:{one.name}", label=plain_text(one.name.replace("_", " "), 200), element=_element(one)
    )


def _element(one: Field) -> InputInteractiveElement:
    action = f"in:{one.name}"
    if one.kind == "time":
        return DateTimePickerElement(action_id=action)
    if one.kind == "text":
        return PlainTextInputElement(action_id=action, max_length=3000, initial_value=one.chosen or None)
    chosen = next((choice_option(choice) for choice in one.choices if choice.id == one.chosen), None)
    placeholder = plain_text("Choose; nothing can be typed", 150)
    if len(one.choices) > MENU_MOST:
        return ExternalDataSelectElement(
            action_id=action, placeholder=placeholder, initial_option=chosen, min_query_length=0
        )
    options = [choice_option(choice) for choice in one.choices]
    return StaticSelectElement(action_id=action, placeholder=placeholder, options=options, initial_option=chosen)


def _reason(reason: str) -> Block:
    return InputBlock(
        block_id="reason", label=plain_text("Why", 20),
        hint=plain_text("For the record, which is sealed. No secrets, nothing of customers.", 200),
        element=PlainTextInputElement(
            action_id="reason", min_length=3, max_length=REASON_LETTERS, initial_value=reason[:REASON_LETTERS] or None
        ),
    )  # fmt: skip


def _elsewhere(of: Form) -> list[str]:
    given = " ".join(f"-i {one.name}={'@FILE' if 'secret' in one.of else '...'}" for one in of.by_command_line)
    found = [
        f"{shown(one.name, NAME)} is {'secret, and no secret belongs into Slack' if 'secret' in one.of else f'of type {shown(one.of, 60)}, which no menu here has'}."
        for one in of.by_command_line
    ]  # fmt: skip
    return [*found, "On the command line:", shown(f"ringfence contain {of.playbook} -i integration=... {given}", LINE)]
