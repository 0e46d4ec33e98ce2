"""A plan as a file: made by `ringfence plan --out`, carried out by `contain --plan`: exactly that, and nothing beside it.

The file is signed, so that an altered one is refused; it holds no secret, only fingerprints, so whoever carries it out
gives the secrets again. Nothing here reads or writes a file, looks or sends.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.core import Call
from journal.canonical import sound

if TYPE_CHECKING:
    from engine.observe import Sight

VERSION = 1
DOMAIN = "plan"
"""What the signature is made for: one for a head or an export fits no plan."""

GOOD_FOR = timedelta(hours=24)
AHEAD = timedelta(minutes=5)
"""A file may come from a machine whose clock is so far ahead, not further: its age would mean nothing."""

MOST_TARGETS = 20_000
MOST_BYTES = 64 * 1024 * 1024


class PlanFileRefused(Exception):
    """A plan file that is not carried out: a sentence a line. Nothing was done."""


class Strict(BaseModel):
    """A part of a plan file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Book(Strict):
    """The playbook, whole. `subs`: the texts of its sub-playbooks, by id."""

    id: str
    title: str
    file: str
    sha256: str
    text: str
    subs: dict[str, str] = Field(default_factory=dict)


class FiledEffect(Strict):
    """One target. No calls: it was closed already when the plan was made."""

    target: str
    params: dict[str, Any]
    calls: tuple[str, ...]
    lines: tuple[str, ...]


class FiledStep(Strict):
    """One step. `later`: what it does was not known when the plan was made; its bound is all there is."""

    id: str
    uses: str
    kind: str
    connection: str
    at_most: int
    later: str
    effects: tuple[FiledEffect, ...]


class PlanFile(Strict):
    """What a plan file says."""

    kind: str = "ringfence plan"
    version: int = VERSION
    made_at: datetime
    run: str
    ringfence: str
    playbook: Book
    inputs: dict[str, Any]
    secret_inputs: tuple[str, ...]
    integration: str
    declared: dict[str, Any]
    connections: dict[str, dict[str, str]]
    guardrails: dict[str, Any]
    steps: tuple[FiledStep, ...]
    plan_hash: str
    scope_hash: str

    def differences(self, opened: Mapping[str, Any], guardrails: Mapping[str, Any]) -> list[str]:
        """Everything in which the run that is to be opened differs from this file: a sentence each."""
        found = []
        if not hmac.compare_digest(self.playbook.sha256, str(opened["sha256"])):
            found.append(
                f"playbook {self.playbook.id}: its text differs, {_first_difference(self.playbook.text, opened['text'])}"
            )
        found += _changed("sub-playbook", self.playbook.subs, opened.get("subs", {}), shown=False)
        found += _changed("input", self.inputs, opened["inputs"])
        if self.integration != opened["integration"]:
            found.append(f"integration: then {self.integration or 'none'}, now {opened['integration'] or 'none'}")
        else:
            found += _footholds_differ(self.integration, self.declared, sound(opened["declared"]))
        urls = {name: f"{one['system']} at {one['url']}" for name, one in self.connections.items()}
        now = {name: f"{one['system']} at {one['url']}" for name, one in opened["connections"].items()}
        found += _changed("connection", urls, now)
        found += _changed("guardrail", self.guardrails, dict(guardrails))
        return found

    def body(self, digest: str) -> dict[str, Any]:
        """As the opening of the run holds it: a resume keeps to the file without the file."""
        return {
            "sha256": digest, "plan_hash": self.plan_hash, "scope_hash": self.scope_hash,
            "made_at": self.made_at.isoformat(),
            "steps": {
                step.id: None if step.later else {e.target: {"params": e.params, "calls": list(e.calls)} for e in step.effects}
                for step in self.steps
            },
        }  # fmt: skip


def _first_difference(then: str, now: str) -> str:
    old, new = then.splitlines(), now.splitlines()
    for at, (one, other) in enumerate(zip(old, new, strict=False), 1):
        if one != other:
            return f"from line {at} on: then {one.strip()[:80]!r}, now {other.strip()[:80]!r}"
    return f"it had {len(old)} lines, it has {len(new)}"


def _footholds_differ(name: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """How an integration differs: of what is declared that it does, of what was found each way in that came or went."""
    (said, before), (says, after) = _split(then), _split(now)
    found = [f"integration {name}: what the inventory says of it differs"] if said != says else []
    found += [f"integration {name}: {after[key]} was found since" for key in sorted(after.keys() - before.keys())]
    return found + [
        f"integration {name}: {before[key]} is found no more" for key in sorted(before.keys() - after.keys())
    ]


def _split(declared: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """What people declared, and what was found beside it. Why that is taken for the integration's may change by the hour."""
    whole = list(declared.get("footholds", ()))
    found = {
        str(sorted((k, str(v)) for k, v in one.items() if k != "found")): f"{one['kind']} {one['id']} at {one.get('at')}"
        for one in whole if one.get("found")
    }  # fmt: skip
    return {**declared, "footholds": [one for one in whole if not one.get("found")]}, found


def _changed(what: str, then: Mapping[str, Any], now: Mapping[str, Any], *, shown: bool = True) -> list[str]:
    found = []
    for name in sorted({*then, *now}):
        was, is_ = then.get(name), sound(now.get(name))
        if was == is_:
            continue
        if name not in now or name not in then:
            found.append(
                f"{what} {name}: {'no more there' if name not in now else 'was not there when the plan was made'}"
            )
        elif shown:
            found.append(f"{what} {name}: then {_short(was)}, now {_short(is_)}")
        else:
            found.append(f"{what} {name}: it differs")
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


class Signs(Protocol):
    """A signing key, as `journal.proof.sign.Signer` is one."""

    public: str
    id: str

    def sign(self, domain: str, statement: Mapping[str, Any]) -> str:
        """Sign a statement."""


def write(plan: PlanFile, signer: Signs) -> bytes:
    """Spell and sign a plan. Raises PlanFileRefused where it holds more targets than a run's record could."""
    count = sum(len(step.effects) for step in plan.steps)
    if count > MOST_TARGETS:
        raise PlanFileRefused(
            f"A plan file holds at most {MOST_TARGETS} targets, this plan has {count}: narrow it down."
        )
    spelled = _spelled(plan)
    statement = {"sha256": hashlib.sha256(spelled).hexdigest()}
    envelope = {"plan": orjson.Fragment(spelled), "key": signer.public, "signature": signer.sign(DOMAIN, statement)}
    return orjson.dumps(envelope) + b"\n"


def _spelled(plan: PlanFile) -> bytes:
    return orjson.dumps(sound(plan.model_dump(mode="json")), option=orjson.OPT_SORT_KEYS)


def read(data: bytes, signer: Signs, at: datetime) -> tuple[PlanFile, str]:
    """The plan of a file, and its digest. Raises PlanFileRefused: no plan, altered, another's, too old.

    `at`: the time now.
    """
    from journal.proof.sign import key_id, signed_by

    again = "Make another: `ringfence plan ... --out FILE`."
    if len(data) > MOST_BYTES:
        raise PlanFileRefused(f"The plan file has {len(data)} bytes, more than {MOST_BYTES}. {again}")
    try:
        envelope = orjson.loads(data)
        stated, key, signature = envelope["plan"], str(envelope["key"]), str(envelope["signature"])
        spelled = orjson.dumps(sound(stated), option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, LookupError, RecursionError):
        raise PlanFileRefused(f"This is no plan file, or it is not whole. {again}") from None
    if not hmac.compare_digest(key.encode("utf-8", "replace"), signer.public.encode()):
        other = key_id(key) if len(key) == len(signer.public) and set(key) <= set("0123456789abcdef") else "no key"
        raise PlanFileRefused(f"The plan file is signed by another key ({other}) than ours ({signer.id}). {again}")
    digest = hashlib.sha256(spelled).hexdigest()
    if not signed_by(key, DOMAIN, {"sha256": digest}, signature):
        raise PlanFileRefused(f"The plan file was altered since it was signed by key {signer.id}. {again}")
    if stated.get("version") != VERSION:
        raise PlanFileRefused(
            f"The plan file is of version {stated.get('version')}, this ringfence reads {VERSION}. {again}"
        )
    try:
        plan = PlanFile.model_validate(stated)
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)[:5])
        raise PlanFileRefused(f"The plan file lacks what this ringfence needs: {said}. {again}") from None
    age = at - plan.made_at
    if age > GOOD_FOR:
        hours = int(age.total_seconds() // 3600)
        raise PlanFileRefused(
            f"The plan was made {hours} h ago, and is good for {GOOD_FOR.total_seconds() / 3600:g} h. {again}"
        )
    if age < -AHEAD:
        raise PlanFileRefused(
            f"The plan was made at {plan.made_at.isoformat()}, which is still to come: set the clock right."
        )
    return plan, digest


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a run that carries out a plan file may send: step -> target -> digests of its calls.

    A step that was known only later has None: it may act as far as its bound goes. A step that the file lacks may not.
    """

    steps: Mapping[str, Mapping[str, frozenset[str]] | None]
    params: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, opened: Mapping[str, Any]) -> Allowed | None:
        """That of a run's opening; None where it carries out no file."""
        filed = opened.get("plan_file")
        if not filed:
            return None
        steps = {
            name: None if effects is None else {target: frozenset(one["calls"]) for target, one in effects.items()}
            for name, effects in filed["steps"].items()
        }
        params = {
            n: {t: one["params"] for t, one in effects.items()} for n, effects in filed["steps"].items() if effects
        }
        return cls(steps, params)

    def why_not(self, step: str, target: str, calls: Iterable[str], *, cut: bool, sends: int) -> str:
        """Why these calls on this target are outside the file; "" where they are in it.

        Once a target's own calls were sent, what a later round sees missing follows from them. What the file says is
        closed already and was opened since is closed again where that can be undone.
        """
        if step not in self.steps:
            return "its step is not in the plan file"
        targets = self.steps[step]
        if targets is None:
            return ""
        if target not in targets:
            return "not in the plan file"
        filed = targets[target]
        if sends or frozenset(calls) <= filed or (not filed and not cut):
            return ""
        return "its calls are not those in the plan file" if filed else "closed already in the plan file, open now"

    def gone(self, step: str, targets: Iterable[str]) -> list[str]:
        """The file's targets that a whole fresh listing does not have any more."""
        filed = self.steps.get(step) or {}
        return sorted(set(filed) - set(targets))


def permitted(
    allowed: Allowed | None, step: str, sights: Sequence[Sight], *, cut: bool, sends: Mapping[str, int]
) -> tuple[list[Sight], str]:
    """The targets that may be sent to, and a sentence about the others; all of them where no file is carried out.

    `sends`: how often each target was sent to so far.
    """
    if allowed is None:
        return list(sights), ""
    inside, outside = [], []
    for sight in sights:
        why = allowed.why_not(step, sight.target, _digests(sight.missing), cut=cut, sends=sends.get(sight.target, 0))
        if why:
            outside.append((why, sight.target))
        else:
            inside.append(sight)
    said = []
    for why in sorted({why for why, _ in outside}):
        targets = [target for one, target in outside if one == why]
        more = f" and {len(targets) - 3} more" if len(targets) > 3 else ""
        said.append(f"{why}: {len(targets)} ({', '.join(targets[:3])}{more})")
    return inside, "; ".join(said)


def _digests(calls: Sequence[Call]) -> list[str]:
    return [call.digest for call in calls]
