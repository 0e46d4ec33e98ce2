"""Runs stand on what is declared and on what was found: macros, explicit steps, the word, the plan. On virtual time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.registry import catalogue, registry
from engine.trial import run as trial
from engine.trial.case import read_case
from engine.trial.record import shelf
from inventory.discovered import Snapshot, with_found
from inventory.integrations.model import FootholdEntry
from language import read
from reports.plan.shown import lines

HEAD = """playbook: tried
title: Tried
breaks: It.
does_not: More.
inputs:
  integration: {type: integration}
"""
GIVEN = """given:
  integration:
    id: drift
    title: Drift
    owner: sales
    addresses: [203.0.113.10]
    footholds:
      - {id: client, kind: client, at: practice_idp, client: drift-prod}
"""
SEEN = """seen:
  practice_idp.client:
    - {client: drift-prod, enabled: true, users: 41}
    - {client: drift-legacy, enabled: true, users: 2}
  practice_idp.tokens:
    - {token: t1, active: true, of: {client: drift-prod}}
    - {token: old1, active: true, of: {client: drift-legacy}}
  practice_crm.user: [{user: svc-drift, frozen: false}]
  practice_crm.sessions: [{session: s1, alive: true, of: {user: svc-drift}}]
"""
CONNECTIONS = """connections:
  practice_idp: practice_idp
  practice_crm: practice_crm
  oauth_server: {system: oauth, client_id: ringfence}
"""
MACROS = """  - {id: apps, uses: isolate.application}
  - approve: approver
  - {id: cuts, uses: isolate.identity}
"""
EXPLICIT = """  - {id: client, uses: practice_idp.disable_client, with: {client: "${inputs.integration.practice_idp.client}"}}
  - {id: found, uses: practice_idp.tokens, with: {client: "${inputs.integration.practice_idp.client}"}}
  - {id: user, uses: practice_crm.freeze_user, with: {user: "${inputs.integration.practice_crm.user}"}}
  - {id: open, uses: practice_crm.sessions, with: {user: "${inputs.integration.practice_crm.user}"}}
  - approve: approver
  - {id: tokens, uses: practice_idp.revoke_token, for_each: steps.found.items, with: {token: "${item.token}"}}
  - {id: sessions, uses: practice_crm.end_session, for_each: steps.open.items, with: {session: "${item.session}"}}
"""
BOTH = HEAD.replace("{type: integration}", "{type: integration, has: [practice_idp, practice_crm]}")
SOURCE = "snapshot 4 of 2026-11-26 15:30 UTC, all of 3 connections"


def found(id_, kind="client", at="practice_idp", sure=True, why="it works as svc-drift", **names):
    return FootholdEntry(id=id_, kind=kind, at=at, found=why, sure=sure, **names)


LEGACY = found("legacy", client="drift-legacy")
LIKELY = found("legacy", client="drift-legacy", sure=False, why="its title is Drift")
LIKELY_USER = found("maybe", "user", "practice_crm", sure=False, user="svc-drift")
RUN_AS = found("run_as", "user", "practice_crm", user="svc-drift", why="drift-prod works as it")


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Carry a playbook out with footholds that were found beside what its case declares; what came of it."""

    def carry(contain, *entries, head=HEAD, seen=SEEN, snapshot=None, declared="", rest=""):
        fit = trial.fitted

        def fitted(told, checked):
            world, inventory, raw = fit(told, checked)
            return world, with_found(inventory, {"drift": entries}, SOURCE, snapshot), raw

        monkeypatch.setattr(trial, "fitted", fitted)
        checked = read(f"{head}contain:\n{contain}", "tried.yaml", catalogue(registry()))
        file = tmp_path / "case.yaml"
        file.write_text(f"case: A case\n{GIVEN}{declared}{CONNECTIONS}{seen}{rest}expect: {{}}\n")
        with shelf() as at:
            came = trial.carry_out(read_case(file), checked, "tried.yaml", at)
        monkeypatch.setattr(trial, "fitted", fit)
        assert came.broken == []
        return came

    return carry


def sent(came):
    return [f"{one.step}: {one.line}" for one in came.sent]


def acted_on(came, name):
    return [line for line in sent(came) if name in line]


def standing(came, name):
    said = came.run.words[-1].body["footholds"][name]
    return said["state"], said["why"]


def plan(came):
    return "\n".join(lines(came.run))


def test_a_macro_closes_what_was_found_for_sure_like_what_is_declared(tried):
    came = tried(MACROS, LEGACY)
    assert came.word == "contained"
    assert came.footholds == {"client": "closed", "legacy": "closed"}
    assert acted_on(came, "drift-legacy")
    assert acted_on(came, "old1")
    opened = came.run.opened
    assert opened["footholds"]["legacy"]["found"] == "it works as svc-drift"
    assert opened["footholds"]["client"]["found"] == ""
    assert opened["discovered"] == {"source": SOURCE}
    assert "client drift-legacy at practice_idp, found and not declared" in came.run.planned["first_line"]


def test_what_is_only_likely_is_touched_by_nothing_and_keeps_the_word_from_being_contained(tried):
    came = tried(MACROS, LIKELY)
    assert came.word == "partially-contained"
    assert came.footholds == {"client": "closed", "legacy": "unknown"}
    state, why = standing(came, "legacy")
    assert "its title is Drift" in why
    assert "--adopt" in why
    assert "integrations.yaml" in why
    assert not acted_on(came, "drift-legacy")
    assert not acted_on(came, "old1")
    assert "LEFT ALONE: legacy, client drift-legacy at practice_idp: found, not sure" in plan(came)
    assert not [row for row in came.run.planned["steps"] if "legacy" in json.dumps(row)]


@pytest.mark.parametrize("likely", [False, True])
def test_an_explicit_playbook_names_the_foothold_that_no_step_covers(tried, likely):
    came = tried(EXPLICIT, RUN_AS, LIKELY if likely else LEGACY, head=BOTH)
    assert came.word == "partially-contained"
    assert came.footholds["client"] == came.footholds["run_as"] == "closed"
    assert came.footholds["legacy"] == ("unknown" if likely else "not-in-playbook")
    assert not acted_on(came, "drift-legacy")
    (row,) = came.run.planned["uncovered"]
    assert (row["kind"], row["name"], row["at"]) == ("client", "drift-legacy", "practice_idp")
    if not likely:
        assert (
            "NOT IN THIS PLAYBOOK: legacy, client drift-legacy at practice_idp: found, not declared: it works as"
            in plan(came)
        )


def test_an_explicit_step_takes_a_found_foothold_only_where_none_is_declared(tried):
    came = tried(EXPLICIT, RUN_AS, head=BOTH)
    assert (came.word, came.footholds) == ("contained", {"client": "closed", "run_as": "closed"})
    assert acted_on(came, "svc-drift")
    assert acted_on(came, "s1")
    first = tried(EXPLICIT, LEGACY, RUN_AS, head=BOTH)
    assert not acted_on(first, "drift-legacy"), "the declared client is the one that is meant"


def test_an_input_is_not_met_by_what_is_only_likely(tried):
    came = tried(EXPLICIT, found("run_as", "user", "practice_crm", user="svc-drift", sure=False), head=BOTH)
    assert "has no practice_crm" in came.refused


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (found("reg", "client", "oauth_server", client="drift"), "Its registration and registration token are not"),
        (found("reg", "client", "oauth_server", client="drift", registration="/r/1", registration_token="env:HOME"),
         "Its registration and registration token are not"),
        (found("login", "sso", "practice_crm", app="x"), "Nothing here acts on a sso at practice_crm"),
        (found("far", "client", "gone", client="x"), "No connection of ours reaches it (gone is none)"),
        (found("none", "client", None, client="x"), "No connection of ours reaches it"),
        (found("typed", client=["x"]), "no name that practice_idp takes"),
    ],
)  # fmt: skip
def test_a_found_foothold_that_cannot_be_used_counts_as_open_and_stops_nothing(tried, entry, why):
    came = tried(MACROS, entry)
    assert came.word == "partially-contained"
    assert came.footholds == {"client": "closed", entry.id: "open"}
    assert why in standing(came, entry.id)[1]
    assert why in plan(came)
    assert "made up for" not in json.dumps(came.run.opened), "no reference of ours is read on a provider's word"


def test_the_same_mistake_in_a_declaration_is_refused(tried):
    assert tried(MACROS).word == "contained"
    came = tried(MACROS, declared="      - {id: reg, kind: client, at: oauth_server, client: drift}\n")
    assert "foothold reg at oauth_server: registration: Field required" in came.refused


def test_what_is_ended_waits_for_the_block_of_its_foothold_below_the_wall_too(tried):
    below = "  - approve: approver\n  - {id: cuts, uses: isolate.identity}\n  - {id: apps, uses: isolate.application}\n"
    busy = "faults: [{at: practice_idp.disable_client, answers: 429 with 1 s, times: 2}]\n"
    came = tried(below, LEGACY, rest=busy)
    assert came.word == "contained"
    for client, token in (("drift-prod", "t1"), ("drift-legacy", "old1")):
        order = [line for line in sent(came) if f"/{client}/" in line or f"/{token}/" in line]
        assert ["/revoke" in line for line in order] == [False, False, True], order


def test_a_block_that_fails_stops_no_cut(tried):
    below = "  - approve: approver\n  - {id: cuts, uses: isolate.identity}\n  - {id: apps, uses: isolate.application}\n"
    came = tried(below, rest="faults: [{at: practice_idp.disable_client, answers: not allowed}]\n")
    assert acted_on(came, "t1")
    assert came.word == "partially-contained"


def test_a_run_that_an_alert_started_acts_on_what_is_declared_alone(tried, monkeypatch):
    prepare = trial.prepare

    def by_alert(inventory, order, opener):
        return prepare(inventory, replace(order, declared_only=True), opener=opener)

    monkeypatch.setattr(trial, "prepare", by_alert)
    came = tried(MACROS, LEGACY)
    assert (came.word, came.footholds) == ("partially-contained", {"client": "closed", "legacy": "open"})
    assert not acted_on(came, "drift-legacy")
    assert "An alert started this run" in standing(came, "legacy")[1]
    assert "has no practice_crm" in tried(EXPLICIT, RUN_AS, head=BOTH).refused


def test_a_resume_takes_what_was_recorded_and_looks_up_nothing_anew(tried, monkeypatch):
    """The recovery takes the run up with an inventory in which nothing was found any more."""
    reopen, seen = trial.reopen, []

    async def reopened(journal, inventory, run, *args, **more):
        live = await reopen(journal, with_found(inventory, {"drift": []}, "snapshot 5"), run, *args, **more)
        seen.append((set(live.bound), set(live.needs), dict(live.run.opened["discovered"]), live.aside))
        return live

    monkeypatch.setattr(trial, "reopen", reopened)
    rest = "recover: given\n"
    came = tried(MACROS + "recover:\n  - approve: commander\n  - undo: contain\n", LEGACY, LIKELY_USER, rest=rest)
    ((bound, needs, discovered, aside),) = seen
    assert "apps.legacy_disable_client" in bound
    assert needs == {"client", "legacy", "maybe"}
    assert discovered["source"] == SOURCE
    assert set(aside) == {"maybe"}
    assert came.recovered == "recovered"
    assert [one.line for one in came.sent if one.back and "drift-legacy" in one.line]


def test_the_plan_says_when_nobody_has_looked_and_when_it_was_long_ago(tried):
    assert "Nobody has looked for other ways in: `ringfence integrations discover`" in plan(tried(MACROS))
    old = Snapshot(4, "ab" * 32, datetime(2020, 1, 1, tzinfo=UTC), {"practice_crm": "503 to GET /users"})
    came = tried(MACROS, LEGACY, snapshot=old)
    assert "days ago" in plan(came)
    assert "practice_crm could not be listed, so nothing is known of other ways in there: 503 to GET /users" in plan(
        came
    )
    assert SOURCE in plan(came)
    recorded = came.run.opened["discovered"]
    assert (recorded["snapshot"], recorded["digest"]) == (4, "ab" * 32)


def test_a_likely_thing_takes_nobodys_say_and_silences_no_channel(tried):
    from engine.approvals.question import targets_of
    from engine.telling import radius_of

    came = tried(MACROS, found("trap", "user", "practice_crm", user="ben", sure=False), LEGACY)
    assert "practice_crm:ben" not in targets_of(came.run)
    assert "practice_idp:drift-legacy" in targets_of(came.run)
    assert "practice_crm" not in radius_of(came.run)


def test_above_the_wall_a_part_that_ends_something_knows_its_blocks():
    from engine.binding import bind
    from engine.registry import registry_of
    from inventory.integrations.model import Integration
    from inventory.model import Config
    from inventory.read import Inventory

    book = "  - {id: ends, uses: isolate.identity}\n  - {id: apps, uses: isolate.application}\n"
    everything = registry()
    checked = read(f"{HEAD}contain:\n{book}", "b.yaml", catalogue(everything))
    idp = everything.systems["practice_idp"]
    end = everything.actions["practice_idp.revoke_token"]
    before, end.back = (
        end.back,
        lambda p, seen, before: iter(()),
    )  # an end that can be undone: a key that is switched off
    try:
        ours = Integration(
            title="D", owner="o", footholds=(FootholdEntry(id="c", kind="client", at="idp", client="x"),)
        )
        config = Config.model_validate({"connections": {"idp": {"system": "practice_idp", "url": "http://a.case"}}})
        inventory = Inventory(None, config, {"d": ours}, str, str)
        bound = bind(checked, registry_of({"practice_idp": idp}), inventory, ours, lambda entry: entry.names)
    finally:
        end.back = before
    assert bound["ends.c_revoke_token"].blocks == ("apps.c_disable_client",)
    assert not bound["ends.c_revoke_token"].below
    assert bound["apps.c_disable_client"].blocks == ()
