"""Recovery against the last snapshot before the attacker: what differs stays off until a person ticks it. Virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from engine.past import PastState
from engine.registry import catalogue, registry
from engine.trial import run as trial
from engine.trial.case import read_case
from engine.trial.record import shelf
from engine.words_of_people import NotTaken, ticked
from inventory.proof import Sayer
from journal.clock import now
from journal.replay import Effect, Run, replay
from language import read
from reports.lists import tainted
from reports.timeline import lines

BOOK = """playbook: tried
title: Tried
breaks: It.
does_not: More.
inputs:
  integration: {type: integration}
contain:
  - {id: client, uses: practice_idp.disable_client, with: {client: drift-prod}}
  - {id: path, uses: practice_firewall.allow_only, with: {path: crm-api, addresses: [203.0.113.10]}}
  - {id: found, uses: practice_idp.tokens, with: {client: drift-prod}}
  - approve: approver
  - id: tokens
    uses: practice_idp.revoke_token
    for_each: steps.found.items
    with: {token: "${item.token}"}
recover:
  - approve: commander
  - undo: contain
"""
CASE = """case: A case
given:
  integration:
    title: Drift
    owner: sales
    footholds:
      - {id: client, kind: client, at: practice_idp, client: drift-prod}
      - {id: path, kind: path, at: practice_firewall, path: crm-api}
seen:
  practice_idp.client: [{client: drift-prod, enabled: true}]
  practice_idp.tokens: [{token: t1, active: true}]
  practice_firewall.path: [{path: crm-api, mode: only, addresses: [198.51.100.66]}]
recover: given
expect: {}
"""
CLIENT = ("practice_idp", "practice_idp.client", "drift-prod")
PATH = ("practice_firewall", "practice_firewall.path", "crm-api")
WAS = {CLIENT: {"enabled": True, "scopes": [], "hosts": []}, PATH: {"mode": "only", "addresses": ["198.51.100.66"]}}
OTHER = {**WAS, PATH: {"mode": "only", "addresses": ["203.0.113.10"]}}
AT = "2026-11-20T03:00:00Z"
CLEO = Sayer("cleo", "Cleo", frozenset({"commander"}), "token")


@dataclass
class Kept:
    """A snapshot, as whoever keeps them tells of it. `gone`: why there is none."""

    things: dict
    gone: str = ""
    surveyed: frozenset = frozenset({"practice_idp.client", "practice_firewall.path"})
    asked: list = field(default_factory=list)

    def state_of(self, connection, look, key, before):
        self.asked.append((connection, look, key, before))
        if look not in self.surveyed:
            return None
        if self.gone:
            return PastState(why_not=self.gone)
        return PastState(self.things.get((connection, look, key)), 4, AT)


@pytest.fixture
def recovered(tmp_path, monkeypatch):
    """Contain, then recover with what is kept; after each `then` recover once more. What came of it, and of each."""

    def carry(past, *thens, order=None):
        reopen, once, prepare = trial.reopen, trial._recovered, trial.prepare
        each, ask = [], trial.Desk.ask

        async def asked_for(desk, wall, role, shown):
            desk.said.append(shown)
            return await ask(desk, wall, role, shown)

        async def reopened(*args, **more):
            live = await reopen(*args, **more)
            live.past = past
            return live

        async def again(came, stage, inventory, journal):
            await once(came, stage, inventory, journal)
            each.append((came.recovered, list(stage.sent)))
            for then in thens:
                await then(journal, came.run.id)
                await once(came, stage, inventory, journal)
                each.append((came.recovered, list(stage.sent)))
            came.run = trial_run(journal, came.run.id)
            came.lines = lines(journal.events(came.run.id))

        monkeypatch.setattr(trial.Desk, "ask", asked_for)
        monkeypatch.setattr(trial, "reopen", reopened)
        monkeypatch.setattr(trial, "_recovered", again)
        if order is not None:
            monkeypatch.setattr(
                trial, "prepare", lambda inventory, asked, opener: prepare(inventory, order(asked), opener=opener)
            )
        file = tmp_path / "case.yaml"
        file.write_text(CASE)
        with shelf() as at:
            came = trial.carry_out(read_case(file), read(BOOK, "tried.yaml", catalogue(registry())), "tried.yaml", at)
        assert came.broken == []
        assert came.word == "contained", came.why
        return came, each

    return carry


def trial_run(journal, run):
    return replay(journal.events(run))


def given_back(each, nth=-1):
    return {one.step for one in each[nth][1] if one.back}


def asked(came):
    return "\n".join(came.said)


def test_what_is_as_it_was_before_the_attacker_is_given_back(recovered):
    past = Kept(WAS)
    came, each = recovered(past)
    assert came.recovered == "recovered"
    assert given_back(each) == {"client", "path"}
    assert came.run.tainted == {}
    assert {one[:3] for one in past.asked} == {CLIENT, PATH}, "asked as surveys name things"
    assert {one[3] for one in past.asked} == {datetime.fromisoformat(came.run.opened_at)}
    assert "Nothing shows" not in asked(came)


@pytest.mark.parametrize(
    ("things", "why"),
    [
        (
            OTHER,
            "in snapshot 4 of 2026-11-20 03:00 UTC addresses was ['203.0.113.10'] and had become ['198.51.100.66']",
        ),
        ({CLIENT: WAS[CLIENT]}, "it is not in snapshot 4 of 2026-11-20 03:00 UTC: it came after that"),
        ({**WAS, PATH: {"mode": "any"}}, "mode was any and had become only"),
    ],
)
def test_what_differs_is_left_off_and_named_and_the_rest_is_given_back(recovered, things, why):
    came, each = recovered(Kept(things))
    assert came.recovered == "partially-recovered"
    assert given_back(each) == {"client"}
    last = came.run.words[-1].body["why"]
    assert "path/crm-api" in last
    assert why in last
    assert "--tick STEP/TARGET" in last
    (wall,) = [said for said in came.said if said.startswith("Give back")]
    assert "client/drift-prod: practice_idp.disable_client" in wall.partition("TAINTED")[0]
    assert "path/crm-api" not in wall.partition("TAINTED")[0]
    assert why in wall.partition("TAINTED")[2]
    assert came.run.effects["path/crm-api"].closed, "it stays off"
    assert [line for line in came.lines if "TAINTED  path/crm-api" in line]
    assert tainted(came.run) == [
        f"path/crm-api: {came.run.tainted['path/crm-api']['why']}; off until a person ticks it"
    ]


def tick(what="path", sayer=CLEO, people=True):
    async def then(journal, run):
        await journal.say(run, [ticked(trial_run(journal, run), what, sayer, "looked at it myself", people=people)])

    return then


@pytest.mark.parametrize("what", ["path", "path/crm-api"])
def test_a_tick_gives_it_back_and_the_record_says_whose(recovered, what):
    came, each = recovered(Kept(OTHER), tick(what))
    assert [word for word, _ in each] == ["partially-recovered", "recovered"]
    assert given_back(each, 0) == {"client"}
    assert given_back(each) == {"client", "path"}
    assert tainted(came.run)[0].endswith("; ticked by person:cleo, given back")
    assert sum("TAINTED  path/crm-api" in line for line in came.lines) == 1, "journaled once"
    assert [line for line in came.lines if "TICKED by person:cleo" in line and "looked at it myself" in line]


def test_without_a_tick_it_stays_off_again_even_when_the_snapshots_are_gone(recovered):
    past = Kept(OTHER)

    async def lost(journal, run):
        past.gone = "snapshot 4 has another digest than the journal's chain"

    came, each = recovered(past, lost)
    assert [word for word, _ in each] == ["partially-recovered", "partially-recovered"]
    assert given_back(each) == {"client"}


@pytest.mark.parametrize(
    ("past", "why"),
    [
        (None, "no discovery is kept here"),
        (Kept({}, gone="no snapshot ended before that"), "no snapshot ended before that"),
        (Kept({}, surveyed=frozenset()), "no survey lists such things"),
        (Kept({**WAS, PATH: {"mode": "only"}}), "snapshot 4 does not say addresses"),
    ],
)
def test_where_nothing_shows_what_was_clean_the_approver_is_told_and_it_goes_on(recovered, past, why):
    came, each = recovered(past)
    assert came.recovered == "recovered"
    assert given_back(each) == {"client", "path"}
    at = came.run.opened_at[:16].replace("T", " ")
    assert (
        f"Nothing shows what was clean before {at} UTC ({why}): these stand on the before-state of this run alone"
        in asked(came)
    )


def test_it_is_the_first_sign_of_the_attacker_that_counts(recovered):
    past, days = Kept(WAS), timedelta(days=2)
    came, _ = recovered(past, order=lambda asked: replace(asked, since=now() - days))
    said = came.run.opened["since"]
    assert said
    assert {one[3] for one in past.asked} == {datetime.fromisoformat(said)}
    assert datetime.fromisoformat(said) < datetime.fromisoformat(came.run.opened_at) - timedelta(days=1.9)


def refused(sayer, what="path", targets=()):
    run = Run(id="R-1", incident="INC-1", opened={"mode": "live"})
    for name, word in (("path/crm-api", "effective"), ("path/other", "effective"), ("gone/x", "undone")):
        run.tainted[name] = {}
        run.effects[name] = Effect(name, name.partition("/")[0], "a.b", name, {}, word=word)
    with pytest.raises(NotTaken) as why:
        ticked(run, what, sayer, "because", frozenset(targets), people=True)
    return str(why.value)


def test_who_may_tick_and_what():
    assert "a commander does" in refused(Sayer("ana", "Ana", frozenset({"responder", "approver"}), "token"))
    assert "no proof" in refused(Sayer("cleo", "Cleo", frozenset({"commander"}), "os", os="os:root"))
    theirs = Sayer("eve", "Eve", frozenset({"commander"}), "token", accounts=("crm:eve",))
    assert "is among what it acts on" in refused(theirs, targets={"crm:eve"})
    assert "nothing tainted by the name 'client'" in refused(CLEO, "client")
    assert "path/crm-api, path/other" in refused(CLEO, "client")
    assert "nothing tainted by the name 'gone/x'" in refused(CLEO, "gone/x")
