"""The crash matrix: killed before and after every journal write and every send of every kind of step, then resumed.

Each case is a real process that SIGKILLs itself at a named fault point, and another one that goes on. What is asserted
is what the provider received, that the journal verifies, and the word. A kind of step, or an event of one, that has no
case here fails the last test: it reads both from the code and from the journal of a whole run.
"""

from __future__ import annotations

import signal
from typing import get_args

import pytest

from engine import bound
from journal.proof.verify import verify_url
from language import model
from tests.crash.conftest import EVERY_KIND

pytestmark = [pytest.mark.crash, pytest.mark.long]

KILLED = -signal.SIGKILL
ACTION = ("intended", "send", "answered", "settled")
MATRIX = {
    ("contain", "run"): ("", ("opened", "planned", "worded", "worded#2", "ended")),
    ("contain", "hold"): ("@user", ACTION),
    ("contain", "hold skipped"): ("@path_again", ("step",)),
    ("contain", "group skipped"): ("@usage_again", ("step",)),
    ("contain", "find"): ("@usage.client_tokens", ("preserved",)),
    ("contain", "manual"): ("@looked", ("step", "settled")),
    ("contain", "manual skipped"): ("@looked_again", ("step",)),
    ("contain", "find skipped"): ("@found_again", ("step",)),
    ("contain", "look skipped"): ("@seen_again", ("step",)),
    ("contain", "approve"): ("@approve", ("asked", "approved")),
    ("contain", "cut"): ("@tokens", ("listed", *ACTION, "listed#2", "intended#2", "send#3")),
    ("contain", "cut skipped"): ("@sessions_again", ("step",)),
    ("contain", "message"): ("@told", ACTION),
    ("contain", "message skipped"): ("@told_again", ("step",)),
    ("recover", "run"): ("", ("leased", "ordered", "worded", "worded#2", "ended")),
    ("recover", "approve"): ("@approve_2", ("asked", "approved")),
    ("recover", "undo"): ("@user", ACTION),
}
"""(phase, kind) -> the step that is killed, and at what. A find and a look write only when they are skipped or fail;
what they saw is first journaled as `planned` and `listed`."""

SILENT = {"uses", "undo", "watch"}
"""Kinds of the language that are not kinds of an event: `uses` is what `engine.bound` tells apart, `undo` is a kind
here, and a watch writes what the steps that it keeps write."""


def _points(phase):
    return [
        pytest.param(kind, f"{side}:{what.partition('#')[0]}{step}{''.join(what.partition('#')[1:])}",
                     id=f"{kind}-{side}-{what}".replace(" ", "-"))
        for (of, kind), (step, points) in MATRIX.items() if of == phase
        for what in points for side in ("before", "after")
    ]  # fmt: skip


def _up(house, attacker="none"):
    house.up("--tokens", "4", "--attacker", attacker, "--lag-s", "0.1")


def _whole(house):
    assert verify_url(f"sqlite:///{house.home}/journal.db") == []


def _kind_of(body, kinds):
    """To which row of the matrix an event belongs."""
    if "wall" in body:
        return "approve"
    if not (step := _about(body)):
        return "run"
    kind = kinds.get(step, "group")  # a plan has a group's parts, each for itself
    return f"{kind} skipped" if body.get("state") == "skipped" else kind


def _about(body):
    """The step that an event is about; "" for the run's own."""
    return body.get("step") or body.get("wall") or str(body.get("effect", "")).partition("/")[0]


def _died_where_it_should(house, point):
    """The journal of this containment ends with the event that was named, or right before it."""
    side, _, rest = point.partition(":")
    rest, _, count = rest.partition("#")
    what, _, step = rest.partition("@")
    found = [type_ for _, type_, body in house.events() if step in {"", _about(body)}]
    if what == "send":
        assert found.count("intended") > found.count("answered")
    else:
        assert found.count(what) == int(count or 1) - (side == "before")
        assert side == "before" or house.events()[-1][1] == found[-1] == what


def _received_once(house, *, messages=1, undone=()):
    """Everything that had to be closed is closed, by one request each."""
    received = house.assert_nothing_sent_blind()
    assert received.pop("/chat/hooks/***", 0) == messages
    holds = {"/idp/clients/drift-prod/enabled", "/crm/users/svc-drift/frozen", "/firewall/paths/crm-api"}
    assert holds <= received.keys()
    assert {path: n for path, n in received.items() if n != (2 if path in undone else 1)} == {}


@pytest.mark.parametrize(("kind", "point"), _points("contain"))
def test_a_containment_killed_there_is_contained_by_the_next_process_with_each_write_sent_once(house, kind, point):
    attacker = "plain" if kind == "cut" else "none"
    _up(house, attacker)
    killed = house.contain(playbook=EVERY_KIND, RINGFENCE_KILL_AT=point)
    assert killed.code == KILLED, killed.text
    if point == "before:opened":
        assert house.rows("SELECT run FROM leases WHERE run != '@journal'") == []
        assert house.log(write=True) == []
        done = house.contain(playbook=EVERY_KIND)
    else:
        _died_where_it_should(house, point)
        _whole(house)
        done = house.run("resume", house.the_run())
    assert done.code == 0, done.text
    assert house.words()[-1] == "contained"
    assert house.closed() == (True, True, True)
    assert not house.live_tokens()
    assert not [one for one in house.state()["sessions"] if one["user"] == "svc-drift" and one["alive"]]
    never_left = point in {"after:intended@told", "before:send@told"}
    doubtful = never_left or point in {"after:send@told", "before:answered@told"}
    _received_once(house, messages=0 if never_left else 1)
    assert house.events("settled")[-1][2]["word"] == ("in-doubt" if doubtful else "requested")
    assert ("told/sales-ops: in doubt" in done.text) == doubtful, "a person must know that the message may not be there"
    if attacker != "none":
        house.assert_word_true(wait_s=1.0)
    _whole(house)


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_again_while_it_is_taken_up_a_third_process_contains_it_with_each_write_sent_once(house, side):
    """The one event of a containment that only a resumed one has."""
    _up(house)
    assert house.contain(playbook=EVERY_KIND, RINGFENCE_KILL_AT="after:intended@user").code == KILLED
    run = house.the_run()
    assert house.run("resume", run, RINGFENCE_KILL_AT=f"{side}:leased").code == KILLED
    assert len(house.events("leased")) == (side == "after")
    _whole(house)
    assert house.run("resume", run).code == 0
    assert house.words()[-1] == "contained"
    _received_once(house)
    _whole(house)


@pytest.mark.parametrize(("kind", "point"), _points("recover"))
def test_a_recovery_killed_there_is_finished_by_the_next_process_with_each_undo_sent_once(house, kind, point):
    _up(house)
    assert house.contain(playbook=EVERY_KIND).code == 0
    run = house.the_run()
    killed = house.run("recover", run, "--yes", RINGFENCE_KILL_AT=point)
    assert killed.code == KILLED, killed.text
    _whole(house)
    again = ("recover", run, "--yes") if point == "before:leased" else ("resume", run)
    done = house.run(*again, "--json")
    assert (done.code, done.json["word"]) == (0, "recovered"), done.text
    assert house.closed() == (False, False, False)
    _received_once(
        house, undone=("/idp/clients/drift-prod/enabled", "/crm/users/svc-drift/frozen", "/firewall/paths/crm-api")
    )
    _whole(house)


def test_every_kind_of_step_and_everything_that_it_journals_has_its_cases(house):
    _up(house)
    assert house.contain(playbook=EVERY_KIND).code == 0
    assert house.run("recover", house.the_run(), "--yes").code == 0
    ((_, _, planned),) = house.events("planned")
    kinds = {row["id"]: row["kind"] for row in planned["steps"]}
    met, phase = set(), "contain"
    for _, type_, body in house.events():
        phase = "recover" if type_ == "leased" else phase
        kind = "undo" if body.get("back") or (phase == "recover" and "effect" in body) else _kind_of(body, kinds)
        met.add((phase, kind, type_))
        if type_ == "answered":
            met.add((phase, kind, "send"))
    tried = {
        (phase, kind, point.partition("#")[0])
        for (phase, kind), (_, points) in MATRIX.items() for point in points
    }  # fmt: skip
    assert met - tried == set(), "no process is killed at these"
    assert tried - met == set(), "these do not happen any more"
    named = {kind.removesuffix(" skipped") for _, kind in MATRIX}
    assert set(get_args(bound.Kind)) | (set(model.KINDS) - SILENT) | {"undo", "run"} == named
