"""Who may say what: people and their roles, how many a wall wants, the ladder, and who is told.

`ringfence.yaml` holds no secret of anybody: of a token its SHA-256, of a key its public half, of a sealed code its
SHA-256. To read proofs of who says something: `inventory.proof`. To judge what they say: `engine.approvals`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from inventory.part import Id, Part, Reference, is_reference

Role = Literal["responder", "approver", "commander", "auditor"]
Rung = Literal["approver", "commander", "codes"]
ROLES: frozenset[str] = frozenset({"responder", "approver", "commander", "auditor"})
Asking = Literal["approver", "commander"]
"""Roles that a wall may want."""
OnWord = Literal["waiting", "partial", "failed", "lapsed", "contested", "break-glass", "frozen", "held", "contained"]

KEY_BYTES = 32
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KEY = re.compile(r"ed25519:([A-Za-z0-9+/]{43}=)")
_ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,39}:\S{1,200}")
_DURATION = re.compile(r"([1-9][0-9]{0,4})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST_RUNG_S = 24 * 3600
T = TypeVar("T")


def _as_digest(value: str) -> str:
    if not _DIGEST.fullmatch(value):
        raise ValueError("must be sha256: and 64 hex digits in lower case, as `ringfence person code` prints it")
    return value


def _as_token(value: str) -> str:
    if not _DIGEST.fullmatch(value) and not is_reference(value):
        raise ValueError(
            "must be sha256: and 64 hex digits, as `ringfence person token` prints it, or a reference (env:, file:);"
            " never the token itself"
        )
    return value


def _as_key(value: str) -> str:
    found = _KEY.fullmatch(value)
    try:
        fits = found is not None and len(base64.b64decode(found[1], validate=True)) == KEY_BYTES
    except binascii.Error:
        fits = False
    if not fits:
        raise ValueError(
            "must be ed25519: and the public key's 32 bytes in base64, as `ringfence person key` prints it"
        )
    return value


def _as_account(value: str) -> str:
    if not _ACCOUNT.fullmatch(value):
        raise ValueError("an account is SYSTEM:NAME, as in okta:ben@acme.example, or os:NAME for this machine's user")
    return value


def _as_seconds(value: Any) -> Any:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) * _SECONDS[found[2]] > LONGEST_RUNG_S:
        raise ValueError("must be a duration: a whole number and s, m or h, as in 10m; at most 24h")
    return int(found[1]) * _SECONDS[found[2]]


def _some(value: tuple[T, ...]) -> tuple[T, ...]:
    if not value:
        raise ValueError("must name at least one")
    return value


Digest = Annotated[str, AfterValidator(_as_digest)]
Key = Annotated[str, AfterValidator(_as_key)]
Number = Annotated[int, Field(ge=1, le=10**9)]


def in_hex(key: str) -> str:
    """A public key of a configuration in hex, as the journal holds it."""
    return base64.b64decode(key.removeprefix("ed25519:")).hex()


class PersonEntry(Part):
    """One person.

    Attributes:
        name: shown to people only; the record holds their id, sealed.
        roles: what they may do.
        token: SHA-256 of their token, or a reference to a file or variable with that or the token.
        key: public half of their Ed25519 key; what they say may be signed with it.
        totp: reference of the secret of their authenticator app's codes (base32), the page's weaker proof. Their
            passkeys stand in the journal, where they make them: `ringfence person passkey NAME`.
        accounts: SYSTEM:NAME, by which a target of an incident is known to be them; SYSTEM is a connection or a system
            of the connectors, or `os` for the user of this machine.
    """

    name: str = Field(min_length=1, max_length=120)
    roles: Annotated[tuple[Role, ...], AfterValidator(_some)] = Field(strict=False)
    token: Annotated[str, AfterValidator(_as_token)] | None = None
    key: Key | None = None
    totp: Reference | None = None
    accounts: tuple[Annotated[str, AfterValidator(_as_account)], ...] = Field(default=(), strict=False)

    @property
    def public(self) -> str:
        """Their public key in hex, as the journal holds it; "" without one."""
        return in_hex(self.key) if self.key else ""


class ClassEntry(Part):
    """A class of what a mistake would cost, in people interrupted x hours until it is restored.

    Attributes:
        up_to: the largest cost of this class; the last class has none.
        people: how many must approve. role: of which authority at least.
    """

    name: Id
    up_to: Number | None = None
    people: int = Field(ge=1, le=9)
    role: Asking = "approver"


class ApprovalsEntry(Part):
    """How many people a wall wants, and who is asked when nobody answers.

    Attributes:
        restore_h: hours until what was cut is restored, where an action does not say.
        classes: by cost, the cheapest first; the last takes all the rest.
        ladder: who is asked, one after the other.
        rung_s: seconds until the next is asked too, where the playbook does not say (`rung: 10m`).
        codes: SHA-256 of sealed codes, each good for one say with a commander's authority, once.
        review_s: seconds within which somebody else looks at a wall that was opened by breaking the glass.
    """

    restore_h: Number = 4
    classes: Annotated[tuple[ClassEntry, ...], AfterValidator(_some)] = Field(
        default=(
            ClassEntry(name="small", up_to=8, people=1),
            ClassEntry(name="large", people=2),
        ),
        strict=False,
    )
    ladder: Annotated[tuple[Rung, ...], AfterValidator(_some)] = Field(
        default=("approver", "commander", "codes"), strict=False
    )
    rung_s: Annotated[int, BeforeValidator(_as_seconds)] = Field(default=600, alias="rung")
    review_s: Annotated[int, BeforeValidator(_as_seconds)] = Field(default=3600, alias="review")
    codes: tuple[Digest, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _in_order(self) -> ApprovalsEntry:
        bounds = [entry.up_to for entry in self.classes]
        if bounds[-1] is not None:
            raise ValueError("the last of `classes` takes all the rest: leave its up_to out")
        known = [bound for bound in bounds[:-1] if bound is not None]
        if len(known) != len(bounds) - 1 or any(a >= b for a, b in pairwise(known)):
            raise ValueError(
                "`classes` go from the cheapest on: each but the last has an up_to larger than the one before"
            )
        for what, values in (("classes", [entry.name for entry in self.classes]), ("ladder", self.ladder)):
            if len(set(values)) != len(values):
                raise ValueError(f"`{what}` names one twice")
        if len(set(self.codes)) != len(self.codes):
            raise ValueError("`codes` has one twice: each is good for one time")
        order = [rung for rung in ("approver", "commander", "codes") if rung in self.ladder]
        if list(self.ladder) != order:
            raise ValueError("`ladder` climbs: approver, commander, codes, in this order; any may be left out")
        return self


class TellEntry(Part):
    """Who hears of what.

    Attributes:
        of: words of a run.
        to: reference of an Apprise URL, or the name of a connection that sends messages (notify, slack, email, apprise).
        rides_on: connection or system that the channel needs: inside the radius of an incident it is not used.
        person: whose own channel it is, that nobody else reads: what waits for them comes with a link for their phone.
    """

    of: Annotated[tuple[OnWord, ...], AfterValidator(_some)] = Field(strict=False)
    to: str
    rides_on: Id | None = None
    person: Id | None = None

    @model_validator(mode="after")
    def _known_way(self) -> TellEntry:
        if not is_reference(self.to) and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", self.to):
            raise ValueError(
                "`to` is env:NAME or file:PATH of an Apprise URL, or the name of a connection that sends messages"
            )
        return self


def one_account_one_person(people: Mapping[str, PersonEntry]) -> Mapping[str, PersonEntry]:
    """An account, a token and a key lead to one person: else somebody would have two says."""
    owner: dict[str, str] = {}
    for name, person in people.items():
        proofs = [proof for proof in (person.token, person.key, person.totp) if proof is not None]
        for value in [*proofs, *(account.casefold() for account in person.accounts)]:
            if owner.setdefault(value, name) != name:
                what = (
                    "account " + value
                    if value not in proofs
                    else "token"
                    if value == person.token
                    else "key"
                    if value == person.key
                    else "totp secret"
                )
                raise ValueError(f"{owner[value]} and {name} have the same {what}: one person, one say")
    return people


__all__ = ["ROLES", "ApprovalsEntry", "ClassEntry", "PersonEntry", "Reference", "Role", "Rung", "TellEntry"]
