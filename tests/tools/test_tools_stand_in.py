"""What stands in for providers behaves as the engine's table of answers wants it, for faults, macros and used playbooks."""

from __future__ import annotations

from typing import Literal

import pytest

from connectors.core import State, Volatile
from engine.trial.case import cases_of, read_case
from engine.trial.compare import compare
from engine.trial.loop import Loop, Stuck
from engine.trial.record import shelf
from engine.trial.run import carry_out
from engine.trial.world import blank, goal
from triggers.cli import place

LEAKED = place.CHECKOUT / "playbooks" / "vendor_client_leaked.yaml"
USED = LEAKED.parent / "cases" / "vendor_client_leaked" / "used.yaml"


@pytest.fixture(scope="module")
def at():
    with shelf() as made:
        yield made


def came_of(at, folder, old, new, playbook=LEAKED):
    file = folder / "case.yaml"
    text = USED.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return carry_out(read_case(file), place.checked_playbook(playbook, None), "b.yaml", at)


@pytest.mark.parametrize(
    ("fault", "sends"),
    [
        ('{at: client, answers: "503", times: 1}', 2),
        ("{at: client, answers: 503 with 3 s, times: 1}", 2),
        ("{at: client, answers: 429 with 2 s, times: 2}", 3),
        ("{at: client, answers: no answer, times: 1}", 2),
        ('{at: client, answers: "no answer, but done", times: 1}', 1),
        ("{at: practice_idp.disable_client, answers: no connection, times: 1}", 2),
        ("{at: client, answers: false 200, times: 2}", 3),
        ('{at: found, answers: "500", times: 2}', 1),
        ("{at: practice_idp.client, answers: 429 with 5 s, times: 1}", 1),
        ("{at: practice_idp, answers: no connection, times: 1}", 1),
    ],
)
def test_what_passes_is_overcome_with_as_many_sends_as_the_engine_makes_of_it(at, tmp_path, fault, sends):
    came = came_of(at, tmp_path, "hands:", f"faults: [{fault}]\nhands:")
    assert (came.word, came.broken) == ("contained", [])
    assert sum(sent.step == "client" and not sent.back for sent in came.sent) == sends


@pytest.mark.parametrize(
    ("fault", "word", "state"),
    [
        ("{at: client, answers: not allowed}", "partially-contained", "open"),
        ("{at: client, answers: false 200}", "partially-contained", "open"),
        ("{at: tokens, answers: no answer, target: at-2}", "partially-contained", "open"),
        ("{at: found, answers: not allowed}", "partially-contained", "unknown"),
        ('{at: practice_idp, answers: "500"}', "refused", None),
        ("{at: practice_idp, answers: not allowed}", "refused", None),
    ],
)
def test_what_stays_wrong_is_never_called_contained(at, tmp_path, fault, word, state):
    came = came_of(at, tmp_path, "hands:", f"faults: [{fault}]\nhands:")
    assert (came.word, came.footholds.get("client"), came.broken) == (word, state, [])


def test_a_wait_that_is_asked_for_is_kept(at, tmp_path):
    """By the time of the case: nothing leaves over that connection before it is over."""
    calm = came_of(at, tmp_path, "hands:", "hands:")
    told = came_of(at, tmp_path, "hands:", "faults: [{at: client, answers: 429 with 40 s, times: 1}]\nhands:")
    assert told.seconds > calm.seconds + 35


BOTH = """\
playbook: both
title: Macros, and a playbook that it uses
breaks: Something
does_not: Anything else
inputs:
  integration: {type: integration, has: [practice_firewall]}
contain:
  - {id: usage, uses: preserve.usage, within: 60s}
  - {id: apps, uses: isolate.application}
  - {id: net, uses: playbook.network_only, with: {integration: "${inputs.integration}"}}
  - approve: approver
  - {id: people, uses: isolate.identity}
  - watch: 1m
recover:
  - approve: commander
  - undo: contain
"""
EXPECTED = """\
recover: given
expect:
  sent:
    - apps.client_disable_client: PUT /clients/drift-prod/enabled {"enabled":false}
    - net.path: PUT /paths/crm-api ...
    - people.client_revoke_token: POST /tokens/at-1/revoke
    - people.client_revoke_token: POST /tokens/rt-1/revoke
    - people.run_as_end_session: DELETE /sessions/s-1
    - people.run_as_freeze_user: PUT /users/svc-drift/frozen {"frozen":true}
  word: contained
  footholds: {client: closed, run_as: closed, api_path: closed}
  recovered: recovered
  given_back:
    - apps.client_disable_client: PUT /clients/drift-prod/enabled {"enabled":true}
    - net.path: PUT /paths/crm-api {"addresses":[],"mode":"any"}
    - people.run_as_freeze_user: PUT /users/svc-drift/frozen {"frozen":false}
"""


def test_macros_and_used_playbooks_are_tried_like_any_step(at, tmp_path):
    ours = place.CHECKOUT / "playbooks" / "cases" / "stolen_oauth_tokens"
    book = tmp_path / "both.yaml"
    book.write_text(BOTH)
    folder = tmp_path / "both.cases"
    folder.mkdir()
    (folder / "integrations.yaml").write_text((ours / "integrations.yaml").read_text())
    seen = (ours / "all_open.yaml").read_text().partition("expect:")[0]
    (folder / "all.yaml").write_text(seen + EXPECTED)
    (case,) = cases_of(book)
    told = read_case(case)
    came = carry_out(told, place.checked_playbook(book, None), "both.yaml", at)
    assert not came.broken
    assert [difference.lines() for difference in compare(told, came)] == []


class Thing(State):
    mode: Literal["open", "half", "shut"]
    names: tuple[str, ...]
    on: bool
    version: Volatile[int] = 0


def test_a_goal_is_the_nearest_state_in_which_an_action_wants_nothing():
    now = Thing(mode="open", names=("a",), on=True)
    shut = goal(now, [], lambda seen: seen.mode == "shut", None)
    assert shut == Thing(mode="shut", names=("a",), on=True)
    both = goal(now, [{"names": ["b"]}], lambda seen: seen.names == ("b",) and not seen.on, None)
    assert both == Thing(mode="open", names=("b",), on=False)
    assert goal(now, [], lambda seen: seen.names == ("c", "d"), None) is None
    assert goal(now, [], lambda _: False, {"names": ["c", "d"]}) == Thing(mode="open", names=("c", "d"), on=True)
    assert blank(Thing) == Thing(mode="open", names=(), on=False)


def test_a_loop_that_can_not_go_on_says_so():
    for forever in (_waits, _spins):
        loop = Loop()
        with pytest.raises(Stuck):
            loop.run_until_complete(forever(loop))
        loop.close()


async def _waits(loop):
    await loop.create_future()


async def _spins(loop):
    while True:
        await _breath(loop)


async def _breath(loop):
    future = loop.create_future()
    loop.call_soon(future.set_result, None)
    await future
