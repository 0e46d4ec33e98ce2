"""`alerts:` of `ringfence.yaml`: who may send alerts, how they prove themselves, and how far one may go by itself."""

from __future__ import annotations

import re
from datetime import datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from inventory.part import Id, Part, Reference, Url
from inventory.trusting import Trust

Auto = Literal["never", "shadow", "hold"]
"""What an alert may do by itself: nothing but propose; be told of as if it had (shadow); hold what can be undone."""
NAME = r"[a-z][a-z0-9_-]{0,39}"
MOST_SECRETS = 2
_GITHUB_HOOK = r"(?:orgs/[A-Za-z0-9-]+|repos/[A-Za-z0-9-]+/[A-Za-z0-9._-]+)/hooks/[0-9]+"
_OKTA_HOOK = r"who[A-Za-z0-9]{5,40}"
_TOPIC = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{1,40}):[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


def _as_name(value: str) -> str:
    if not re.fullmatch(NAME, value):
        raise ValueError("a source's name is lower-case letters, digits, - and _, from a letter on, at most 40")
    return value


def _as_topic(value: str) -> str:
    if not _TOPIC.fullmatch(value):
        raise ValueError("must be the ARN of an SNS topic: arn:aws:sns:eu-west-1:123456789012:findings")
    return value


def _as_hours(value: str) -> str:
    found = _HOURS.fullmatch(value)
    if found is None or found.group(1, 2) == found.group(3, 4):
        raise ValueError("must be hours as in 22:00-06:00")
    return value


def _as_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):
        raise ValueError("must be a time zone's name, as in Europe/Berlin or UTC") from None
    return value


Name = Annotated[str, AfterValidator(_as_name)]


class QuietEntry(Part):
    """When nobody looks on who could tell a wrong hold from a right one: `hold` becomes a proposal and a page then.

    Attributes:
        hours: as in 22:00-06:00. zone: whose hours.
    """

    hours: tuple[Annotated[str, AfterValidator(_as_hours)], ...] = Field(min_length=1, max_length=10, strict=False)
    zone: Annotated[str, AfterValidator(_as_zone)] = "UTC"

    def at(self, moment: datetime) -> bool:
        """Whether a moment (with its zone) falls into them."""
        here = moment.astimezone(ZoneInfo(self.zone)).time()
        return any(_within(hours, here) for hours in self.hours)


def _within(hours: str, here: time) -> bool:
    begins, ends = (time.fromisoformat(part) for part in hours.split("-"))
    return begins <= here < ends if begins < ends else here >= begins or here < ends


class QueueEntry(Part):
    """An SQS queue that is read. Our credential is AWS's own chain's: environment, profile, the machine's role.

    Attributes:
        url: of the queue. region: where it is, if its URL does not say so.
        endpoint: another address than AWS's own.
        hold_s: seconds for which a message is ours; asked for again while it is being kept.
    """

    url: Url
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z0-9]+)+-[0-9]$")] | None = None
    endpoint: Url | None = None
    hold_s: Annotated[int, Field(ge=10, le=3600)] = 60


class SourceEntry(Part):
    """One sender of alerts. Its name is the last part of the address that it posts to: /alerts/NAME.

    Attributes:
        source: whose form its alerts have; without it, the name's.
        secrets: references of the secrets that it signs with or sends: the new one, and while it is exchanged the old.
        trust: what of the scheme is this tenant's: issuer, audience, header; or another scheme.
        unsigned: take alerts that nobody proves. They may only propose.
        topics: SNS topics whose messages are taken, and to which a subscription is confirmed.
        queue: an SQS queue that is read in place of, or beside, what is posted.
        poll: connection through which what was not delivered is fetched (Okta's System Log, GitHub's deliveries).
        hook: of GitHub, the webhook whose deliveries are fetched: orgs/ORG/hooks/ID, repos/OWNER/REPO/hooks/ID. Of Okta,
            the id of the event hook (who...): of what it tells is asked; without it, of some that matter.
        auto: how far its alerts may go by themselves.
        per_hour: runs that it may start in an hour; once they are used up, it proposes and pages.
        quiet: hours in which it only proposes, and pages.
        body_kib: the largest body. per_s, burst: how many alerts a second it may send, and how many at once.
    """

    source: Name | None = None
    secrets: tuple[Reference, ...] = Field(default=(), max_length=MOST_SECRETS, strict=False)
    trust: Trust = Trust()
    unsigned: bool = False
    topics: tuple[Annotated[str, AfterValidator(_as_topic)], ...] = Field(default=(), max_length=100, strict=False)
    queue: QueueEntry | None = None
    poll: Id | None = None
    hook: Annotated[str, Field(pattern=rf"^({_GITHUB_HOOK}|{_OKTA_HOOK})$")] | None = None
    auto: Auto = "shadow"
    per_hour: Annotated[int, Field(ge=0, le=1000)] = 3
    quiet: QuietEntry | None = None
    body_kib: Annotated[int, Field(ge=1, le=25 * 1024)] | None = None
    per_s: Annotated[int, Field(ge=1, le=10_000)] = 1000
    burst: Annotated[int, Field(ge=1, le=100_000)] = 5000

    @model_validator(mode="after")
    def _proven_or_said_not_to_be(self) -> SourceEntry:
        if self.unsigned and self.secrets:
            raise ValueError("has secrets and is `unsigned`: it is one or the other")
        if self.unsigned and self.auto == "hold":
            raise ValueError(
                "is `unsigned`, so that anybody may send it: its alerts only propose; `auto: hold` is not for it"
            )
        return self


class AlertsEntry(Part):
    """`alerts:`.

    Attributes:
        sources: who may send them, by name.
        auto: the most that any of them may do by itself: `never` turns all to proposing at once.
        per_hour: runs that all of them together may start in an hour.
        per_integration: runs that alerts may start at one integration in a day.
        quiet: hours of every source that has none of its own.
    """

    sources: dict[Name, SourceEntry] = Field(default_factory=dict, max_length=200)
    auto: Auto = "hold"
    per_hour: Annotated[int, Field(ge=0, le=1000)] = 6
    per_integration: Annotated[int, Field(ge=0, le=100)] = 2
    quiet: QuietEntry | None = None

    @field_validator("sources")
    @classmethod
    def _no_form_given_twice(cls, sources: dict[str, SourceEntry]) -> dict[str, SourceEntry]:
        """Two that read one queue would take each other's messages."""
        queues = [entry.queue.url for entry in sources.values() if entry.queue is not None]
        if len(set(queues)) < len(queues):
            raise ValueError("two sources read the same queue: each would take messages of the other's")
        return sources

    def form_of(self, name: str) -> str:
        """The source whose form a sender's alerts have: its own name, where nothing else is said of it."""
        entry = self.sources.get(name)
        return (entry.source if entry is not None else None) or name

    def auto_of(self, name: str) -> Auto:
        """How far alerts of a source may go by themselves: no further than all of them, nor where nobody proves them."""
        entry = self.sources[name]
        least: Auto = min((self.auto, entry.auto), key=("never", "shadow", "hold").index)
        return "never" if entry.unsigned else least

    def quiet_at(self, name: str, moment: datetime) -> bool:
        """Whether a moment is of a source's quiet hours."""
        quiet = self.sources[name].quiet or self.quiet
        return quiet is not None and quiet.at(moment)


__all__ = ["AlertsEntry", "Auto", "QueueEntry", "QuietEntry", "SourceEntry"]
