"""Builds the events of a run as the engine writes them. The chain of hashes is left out: reports do not check it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from journal.event import Event
from journal.replay import Run, replay

START = datetime(2026, 11, 24, 2, 41, 3, tzinfo=UTC)
FOOTHOLDS = {
    "client": {"kind": "client", "at": "practice_idp", "names": {"client": "drift-prod"}, "needs": ["blocks-reissue"]},
    "run_as": {"kind": "user", "at": "practice_crm", "names": {"user": "svc-drift"}, "needs": ["ends-sessions"]},
    "api_path": {"kind": "path", "at": "practice_firewall", "names": {"path": "crm-api"}, "needs": ["closes-path"]},
}
STEPS = {
    "block": ("practice_idp.disable_client", "hold", "application", "client", 1),
    "path": ("practice_firewall.allow_only", "hold", "network", "api_path", 1),
    "tokens": ("practice_idp.revoke_token", "cut", "identity", "client", 40),
    "sessions": ("practice_crm.end_session", "cut", "identity", "run_as", 2),
    "told": ("notify.message", "message", "application", "", 1),
}


RADIUS = {
    "footholds": 3, "discovered": 1, "credentials": 42, "people": 41, "data": ["contacts"], "vendor": "Salesloft",
    "security": "mailto:security@salesloft.example", "serves": ["chat on the web site"], "without": "Put up the contact form.",
    "downstream": [
        {"id": "reports", "title": "Quarterly reports", "by": ["drift"], "serves": ["numbers for the board"],
         "without": "The numbers of last month.", "known": True},
    ],
    "downstream_count": 1, "cannot_count": 3,
    "cannot": [["", "no canary"], ["client", "caches keep it for 60 min"], ["run_as", "caches keep it for 60 min"]],
}  # fmt: skip


class Story:
    """Events one after the other, 10 ms apart unless time passes."""

    def __init__(self, mode: str = "live", **opened: Any) -> None:
        self.events: list[Event] = []
        self.now = START
        self.mode = mode
        self.add("opened", {
            "playbook": "stolen_oauth_tokens", "title": "A vendor that holds our OAuth tokens was breached",
            "sha256": "5b" * 32, "text": "playbook: stolen_oauth_tokens\ncontain:\n  - id: block\n", "file": "p.yaml",
            "inputs": {"integration": "drift"}, "mode": mode, "integration": "drift", "owner": "sales-ops",
            "integration_title": "Drift, chat to CRM", "footholds": FOOTHOLDS, "by": "robin", "since": "2026-11-24T01:40:00Z",
            "connections": {"practice_idp": {"system": "practice_idp", "url": "http://127.0.0.1:1"}},
            "reason": "vendor advisory", "attack": ["T1199"], "breaks": "Chat to CRM stops.",
            "does_not": "Tell what was read.", "version": "0.1.0", "commit": "abc1234", **opened,
        })  # fmt: skip

    def add(self, kind: str, body: Mapping[str, Any], fence: int = 1) -> Story:
        n = len(self.events) + 1
        at = self.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        prev = self.events[-1].hash if self.events else ""
        self.events.append(Event("R-1", n, "INC-7", fence, at, kind, body, prev, f"{n:064x}"))
        self.now += timedelta(milliseconds=10)
        return self

    def wait(self, seconds: float) -> Story:
        self.now += timedelta(seconds=seconds)
        return self

    def planned(
        self,
        steps: Mapping[str, tuple[str, str, str, str, int]] = STEPS,
        rows: list[dict[str, Any]] | None = None,
        **more: Any,
    ) -> Story:
        rows = rows or [
            {
                "id": name, "uses": uses, "kind": kind, "layer": layer, "foothold": foothold, "count": count,
                "missing": count, "held": 0, "at_most": 500, "residual": "",
                "irreversible": "its owner consents again" if kind == "cut" else "", "why": "",
            }
            for name, (uses, kind, layer, foothold, count) in steps.items()
        ]  # fmt: skip
        body = {
            "plan_hash": "c3" * 32, "scope_hash": "7c1e90ab" * 8, "scope": [], "steps": rows, "not_covered": [],
            "first_line": "Drift at practice_idp; last used 02:39 from 185.220.101.34; 41 people", "radius": RADIUS, **more,
        }  # fmt: skip
        return self.add("planned", body)

    def named(self, step: str, target: str) -> dict[str, Any]:
        return {"effect": f"{step}/{target}", "step": step, "action": STEPS[step][0], "target": target, "params": {}}

    def sent(self, step: str, target: str, *, back: bool = False, answered: bool = True) -> Story:
        calls = {"calls": ["d1"], "lines": ["POST /x"], "once": False, "back": back, "round": 1, "before": {"on": True}}
        self.add("intended", {**self.named(step, target), **calls, "answers": []})
        if answered:
            send = {"came": "ok", "status": 200, "wait_ms": 0, "request_id": "", "why": "", "kept": []}
            self.add("answered", {"effect": f"{step}/{target}", "sends": [send]})
        return self

    def settled(
        self, step: str, target: str, word: str = "effective", grade: str = "seen", why: str = "", *, back: bool = False
    ) -> Story:
        return self.add(
            "settled", {**self.named(step, target), "word": word, "grade": grade, "why": why, "back": back, "after": {}}
        )

    def closed(self, step: str, count: int | None = None) -> Story:
        targets = [f"{step}-{number:02}" for number in range(STEPS[step][4] if count is None else count)]
        for target in targets:
            self.sent(step, target)
        for target in targets:
            self.settled(step, target)
        return self

    def listed(self, step: str, count: int, still: int) -> Story:
        return self.add("listed", {"step": step, "after": len(self.events), "count": count, "open": still})

    def asked(self, wall: str = "wall", role: str = "approver") -> Story:
        return self.add("asked", {"wall": wall, "role": role, "scope_hash": "7c1e90ab" * 8, "shown": "ab" * 32})

    def approved(self, wall: str = "wall", by: str = "noor") -> Story:
        how = "passkey on the page"
        return self.add(
            "approved", {"wall": wall, "scope_hash": "7c1e90ab" * 8, "by": by, "how": how, "shown": "ab" * 32}
        )

    def worded(self, word: str, why: str = "", **footholds: tuple[str, str]) -> Story:
        states = {name: {"state": state, "why": reason} for name, (state, reason) in footholds.items()}
        return self.add("worded", {"word": word, "footholds": states, "why": why})

    def ended(self, word: str, **more: Any) -> Story:
        return self.add("ended", {"word": word, **more})

    @property
    def run(self) -> Run:
        return replay(self.events)


CLOSED = ("closed", "")
ALL_CLOSED = {"client": CLOSED, "run_as": CLOSED, "api_path": CLOSED}


def held(mode: str = "live") -> Story:
    """Held; the approver is asked."""
    open_now = {"client": ("open", "tokens: waits"), "run_as": ("open", "sessions: waits"), "api_path": CLOSED}
    story = Story(mode).planned().wait(1).closed("block").closed("path")
    return story.worded("held", "every hold is proven; nothing one-way was done", **open_now).asked()


def contained(mode: str = "live") -> Story:
    """Everything closed, by sight."""
    story = held(mode).wait(30).approved().closed("tokens").listed("tokens", 40, 0).closed("sessions").wait(1)
    story.worded("contained", **ALL_CLOSED).sent("told", "owner").settled("told", "owner", "requested", "said")
    return story.ended("contained", attacker={"after_command": 61, "after_word": 0, "refused_after": 31})


def partial() -> Story:
    """A foothold is not in the playbook, and two tokens would not die."""
    steps = {name: step for name, step in STEPS.items() if name not in {"path", "told"}}
    story = Story().planned(steps, not_covered=["api_path"]).closed("block").approved().closed("tokens", 38)
    for number in (38, 39):
        story.sent("tokens", f"tokens-{number}").settled("tokens", f"tokens-{number}", "failed", "seen", "HTTP 403")
    story.listed("tokens", 40, 2).closed("sessions")
    return story.worded(
        "partially-contained", client=("open", "tokens: 2 of 40 still open"), run_as=CLOSED,
        api_path=("not-in-playbook", "no step closes-path here"),
    ).ended("partially-contained")  # fmt: skip


def nothing_found() -> Story:
    """The listing was empty."""
    steps = {**STEPS, "tokens": (*STEPS["tokens"][:4], 0), "sessions": (*STEPS["sessions"][:4], 0)}
    story = Story().planned(steps).closed("block").closed("path").approved()
    return (
        story.listed("tokens", 0, 0)
        .listed("sessions", 0, 0)
        .worded("nothing-found", **ALL_CLOSED)
        .ended("nothing-found")
    )


def contested() -> Story:
    """An admin attacker switches the client on again, twice; it is not closed yet."""
    story = held().approved().closed("sessions")
    for times in (1, 2):
        story.wait(5).add("contested", {"effect": "block/block-00", "times": times})
        if times == 1:
            story.worded("contested", "switched back on while we contain", client=("open", "block: 1 of 1 still open"))
            story.sent("block", "block-00").settled("block", "block-00")
    return story


def waiting() -> Story:
    """Nobody answered; the process went home."""
    states = {"client": ("open", "tokens: waits"), "run_as": ("open", "sessions: waits"), "api_path": CLOSED}
    return held().wait(600).worded("waiting", "the cut waits for an approval", **states).ended("waiting")


def crashed() -> Story:
    """Killed in the middle of the cut: 12 proven, one sent for all we know."""
    return held().approved().listed("tokens", 40, 40).closed("tokens", 12).sent("tokens", "tokens-12", answered=False)


def recovered() -> Story:
    """Given back the next day."""
    story = (
        contained().wait(43200).worded("recovering", **ALL_CLOSED).asked("back", "commander").approved("back", "sam")
    )
    for step in ("path", "block"):
        story.sent(step, f"{step}-00", back=True).settled(step, f"{step}-00", "undone", back=True)
    return story.worded("recovered", **ALL_CLOSED).ended("recovered")


def drifted() -> Story:
    """Somebody changed the allow-list meanwhile, so nothing is given back."""
    story = contained().wait(43200).worded("recovering", **ALL_CLOSED)
    story.settled("path", "path-00", "drifted", "seen", "mode is open, was left only")
    return story.worded("partially-recovered", "Drifted: changed since we left it", **ALL_CLOSED).ended(
        "partially-recovered"
    )


def cut_off() -> Story:
    """Killed before there was a plan."""
    return Story()


STORIES = {
    "contained": contained, "drill": lambda: contained("drill"), "partial": partial, "nothing-found": nothing_found,
    "contested": contested, "waiting": waiting, "crashed": crashed, "recovered": recovered, "drifted": drifted,
    "cut-off": cut_off,
}  # fmt: skip
