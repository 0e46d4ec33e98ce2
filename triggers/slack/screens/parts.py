"""What every screen is built of. Our own words stand in Slack's markup, everybody else's in plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from triggers.slack.screens.text import escaped, fitting, shown

SECTION_LETTERS = 1500
"""Of one part of a screen: half of what Slack takes, for nobody reads more on a phone."""
LINES, LONGEST = 8, 1000
TEXT_LETTERS = 900
"""Of what a notification says."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as Slack takes it.

    Attributes:
        text: what a notification and a screen reader say; escaped.
        blocks: what is shown.
        metadata: which run it is of, for whoever looks at it through the API; ids only.
    """

    text: str
    blocks: tuple[Mapping[str, Any], ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The arguments of `chat.postMessage` and `chat.update`."""
        found: dict[str, Any] = {"text": self.text, "blocks": list(self.blocks)}
        return found | ({"metadata": dict(self.metadata)} if self.metadata else {})


def message(text: str, blocks: Iterable[Block | None], run: str = "") -> Message:
    """Put a message together; parts that have nothing to say (None) are left out. `text` is not escaped yet."""
    metadata = {"event_type": "ringfence_run", "event_payload": {"run": run}} if run else {}
    return Message(
        escaped(shown(text, TEXT_LETTERS)), tuple(block.to_dict() for block in blocks if block is not None), metadata
    )


def header(text: str) -> Block:
    """A large line. What does not fit is cut with an ellipsis: names in it are said again below, with their ids."""
    return HeaderBlock(text=plain_text(shown(text, 140), 140))


def plain_text(text: str, most: int) -> PlainTextObject:
    """Text in which Slack reads no markup, no mention and no emoji, with at most so many letters once escaped."""
    while len(escaped(text).encode("utf-16-le", "surrogatepass")) // 2 > most:
        text = text[: max(len(text) - max((len(escaped(text)) - most) // 5, 1) - 1, 0)] + "…"
    return PlainTextObject(text=text, emoji=False)


def heading(text: str) -> Block:
    """A line in bold: our own words alone."""
    return SectionBlock(text=MarkdownTextObject(text=f"*{escaped(text)}*", verbatim=True))


def lines(of: Iterable[str], most: int = LINES, letters: int = SECTION_LETTERS) -> Block | None:
    """Lines of anybody's text, made fit to be read; what does not fit is counted. None where there is none."""
    found = fitting((shown(line, LONGEST) for line in of if line), most, letters)
    return SectionBlock(text=PlainTextObject(text="\n".join(found), emoji=False)) if found else None


def titled(title: str, of: Sequence[str], most: int = LINES) -> list[Block | None]:
    """A heading with its lines; nothing where there are none."""
    return [heading(title), lines(of, most)] if of else []


def small(*of: str) -> Block:
    """A last line in small letters."""
    return ContextBlock(elements=[plain_text(shown(one, 300), 600) for one in of if one])


def divider() -> Block:
    """A thin line."""
    return DividerBlock()


def button(
    text: str, action: str, value: str = "", *, style: str | None = None, url: str | None = None,
    sure: tuple[str, str, str] | None = None,
) -> ButtonElement:  # fmt: skip
    """A button. `value` holds ids alone: everything is looked up and judged again. `sure`: asks first: title, text, yes."""
    confirm = None
    if sure is not None:
        title, body, yes = sure
        confirm = ConfirmObject(
            title=plain_text(title, 100), text=plain_text(body, 300), confirm=plain_text(yes, 30),
            deny=plain_text("Back", 30), style="danger" if style == "danger" else None,
        )  # fmt: skip
    return ButtonElement(
        text=plain_text(text, 75), action_id=action, value=value or None, style=style, url=url, confirm=confirm
    )


def buttons(*of: ButtonElement | None) -> Block | None:
    """A row of buttons; None where there is none."""
    found = [one for one in of if one is not None]
    return ActionsBlock(elements=found) if found else None
