"""From an alert that was kept to a run, a proposal, or a recorded decision not to act."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from engine.freezing import freezing
from journal.event import JOURNAL
from tests.triggers.alerts.alert_house import PLAYBOOK, SOURCES, alert, body

LISTED = PLAYBOOK.replace("  - approve: approver\n", """  - id: members
    uses: practice_crm.sessions
    with: {user: "${inputs.integration.practice_crm.user}"}
  - id: frozen
    uses: practice_crm.freeze_user
    for_each: steps.members.items
    with: {user: "${item.user}"}
  - approve: approver
""", 1).replace("[practice_idp, practice_firewall]", "[practice_idp, practice_crm]")  # fmt: skip


def codes(act):
    return [why.partition(":")[0] for why in json.loads(act.why)]


async def test_an_alert_holds_an_integration_by_itself(house):
    async with house() as it:
        (act,) = await it.acts(alert())
        assert (act.word, act.integration, act.playbook) == ("started", "drift", "alert_holds")
        (run,) = it.runs()
        assert run.id == act.run
        assert run.opened["hold_only"]
        assert run.opened["declared_only"]
        assert run.opened["trigger"] == "alert"
        assert run.opened["by"] == "alert:okta"
        found = await it.until_word(run.id, "held")
        assert {effect.step for effect in found.effects.values()} <= {"client"}
        assert not found.asked
        assert not found.approved
        (event,) = it.events("alerted")
        assert event["word"] == "started"
        assert event["run"] == run.id
        assert event["title"] == "A token was used twice"
        assert any("begins to hold drift" in line for line in it.told)


async def test_a_storm_of_a_thousand_is_one_run_and_a_counter(house):
    async with house() as it:
        bodies = [{**alert(), "revision": str(number)} for number in range(1000)]
        await asyncio.gather(*(it.deliver(one) for one in bodies))
        (act,) = await it.settled()
        assert act.word == "started"
        assert len(it.runs()) == 1
        rows = await it.alerts.inbox.rows()
        assert list((await rows.counts()).values()) == [1000]
        assert it.words().count("started") == 1
        assert [one["count"] for one in it.events("alerted") if one["word"] == "repeat"] == [2, 10, 100, 1000]


async def test_the_same_delivery_is_kept_once_and_counts(house):
    async with house() as it:
        assert [await it.deliver(alert(time=None), delivery="d1") for _ in range(3)] == ["kept", "again", "again"]
        assert len(await it.settled()) == 1
        await it.deliver(alert(time=None), delivery="d1")
        rows = await it.alerts.inbox.rows()
        assert sum((await rows.counts()).values()) >= 2


@pytest.mark.parametrize(
    "new",
    [
        {"principal": "u-2"}, {"app": "calendar-sync"}, {"token": "t-2"}, {"severity": 95, "severity_label": "critical"},
        {"credentials": [{"kind": "access_key", "id": "k-2"}]}, {"principals": [{"kind": "user", "id": "u-3"}]},
    ],
    ids=lambda new: next(iter(new)),
)  # fmt: skip
async def test_a_repeat_with_something_new_is_no_repeat(house, new):
    async with house() as it:
        first = alert(principal="u-1", token="t-1", type="nobody.waits")
        await it.acts(first)
        assert len(await it.acts({**first, "revision": "2"})) == 1, "the same again is a repeat"
        assert len(await it.acts({**first, "severity": 10})) == 1, "so is what is less severe"
        assert len(await it.acts({**first, **new})) == 2


async def test_beyond_a_thousand_names_nothing_hides(house):
    async with house() as it:
        many = [{"kind": "user", "id": f"u-{number}"} for number in range(1100)]
        await it.acts(alert(type="nobody.waits", principals=many))
        assert len(await it.acts(alert(type="nobody.waits", principal="u-real"))) == 2


async def test_a_second_alert_at_an_integration_joins_the_run_that_is_at_it(house):
    async with house() as it:
        await it.acts(alert("F1"))
        _, second = await it.acts(alert("F2"))
        assert second.word == "joined"
        assert [run.id for run in it.runs()] == [second.run]
        assert second.started_at is None, "it took no place of the budget"


@pytest.mark.parametrize(
    ("changed", "word"),
    [({"is_sample": True}, "sample"), ({"is_test": True}, "test"), ({"status": "test"}, "test"), ({"status": "resolved"}, "resolved")],
)  # fmt: skip
async def test_samples_tests_and_what_is_resolved_never_act(house, changed, word):
    async with house() as it:
        assert await it.acts(alert(**changed)) == []
        assert it.words() == [word]
        assert it.journal.runs() == []


async def test_resolved_undoes_nothing_and_open_again_is_new(house):
    async with house() as it:
        (act,) = await it.acts(alert())
        held = await it.until_word(act.run, "held")
        await it.acts(alert(status="resolved"))
        assert it.words() == ["started", "resolved"]
        after = next(run for run in it.runs() if run.id == act.run)
        assert after.word == "held"
        assert len(after.effects) == len(held.effects)
        assert [one.word for one in await it.acts(alert())] == ["started", "joined"]


async def test_a_sample_does_not_pass_for_the_real_ones_first(house):
    async with house() as it:
        await it.acts(alert(is_sample=True))
        (act,) = await it.acts(alert())
        assert act.word == "started"


@pytest.mark.parametrize(
    ("changed", "config", "code"),
    [
        ({"type": "token.odd"}, {}, "propose"),
        ({"severity_label": "unknown", "severity": 0}, {}, "severity"),
        ({"source_alert_id": ""}, {}, "no-id"),
        ({"parse_notes": ["dedupe: content"]}, {}, "no-id"),
        ({}, {"critical": ("drift",)}, "critical"),
        ({}, {"release": False}, "unreleased"),
        ({}, {"per_hour": 0}, "budget-all"),
        ({}, {"per_integration": 0}, "budget-integration"),
        ({}, {"sources": {"okta": SOURCES["okta"] | {"per_hour": 0}}}, "budget-source"),
        ({}, {"quiet": {"hours": ["00:00-12:00", "12:00-00:00"]}}, "quiet"),
        ({}, {"sources": {"okta": SOURCES["okta"] | {"auto": "never"}}}, "never"),
        ({}, {"auto": "never"}, "never"),
        ({}, {"sources": {"okta": SOURCES["okta"] | {"auto": "shadow"}}}, "shadow"),
        ({}, {"playbook": LISTED}, "refused"),
    ],
    ids=lambda one: str(one)[:40],
)  # fmt: skip
async def test_what_may_not_start_by_itself_is_proposed(house, changed, config, code):
    async with house(**config) as it:
        (act,) = await it.acts(alert(**changed))
        assert (act.word, codes(act)) == ("proposed", [code])
        assert it.runs() == [], "nothing may send"
        (plan,) = it.runs("dry-run")
        assert plan.id == act.run
        assert plan.planned
        assert plan.opened["integration"] == "drift"
        assert act.incident == plan.incident
        await asyncio.sleep(0.1)
        (line,) = [one for one in it.told if "ringfence contain alert_holds -i integration=drift" in one]
        assert ("would hold but does not" in line) == (
            code not in {"propose", "severity", "no-id", "unreleased", "never", "shadow"}
        )


async def test_a_playbook_that_was_changed_since_its_release_is_proposed(house):
    async with house() as it:
        file = it.folder / "playbooks" / "alert_holds.yaml"
        file.write_text(file.read_text() + "\n# one more line\n")
        (act,) = await it.acts(alert())
        assert (act.word, codes(act)) == ("proposed", ["unreleased"])
        assert "was changed since" in act.why


async def test_frozen_automation_proposes(house):
    async with house() as it:
        await it.journal.record(freezing("person:cleo", "we look first", datetime.now(UTC), on=True, minutes=10))
        (act,) = await it.acts(alert())
        assert (act.word, codes(act)) == ("proposed", ["frozen"])
        await it.journal.record(freezing("person:cleo", "", datetime.now(UTC), on=False, minutes=0))
        assert (await it.acts(alert("F2")))[1].word == "started"


async def test_what_nobody_proves_is_proposed(house):
    async with house() as it:
        (act,) = await it.acts(alert(), name="loose", proven=False)
        assert act.word == "proposed"
        assert set(codes(act)) == {"unproven", "never"}
        assert it.runs() == []


async def test_one_proposal_for_a_playbook_at_an_integration(house):
    async with house() as it:
        acts = await it.acts(*(alert(f"F{number}", type="token.odd") for number in range(5)))
        assert sorted(one.word for one in acts) == ["grouped"] * 4 + ["proposed"]
        assert len(it.journal.runs()) == 1
        assert len({one.incident for one in acts if one.word == "proposed"}) == 1
        *_, worse = await it.acts(alert("F9", type="token.odd", severity=95, severity_label="critical"))
        assert worse.word == "proposed", "something worse is proposed anew"


@pytest.mark.parametrize("app", ["Drift, chat to CRM", "drift", "DRIFT-PROD", "drift-pro", "../../x", "intranet"])
async def test_only_the_very_id_of_a_declared_foothold_counts(house, app):
    async with house() as it:
        (act,) = await it.acts(alert(app=app))
        assert (act.word, codes(act), act.run) == ("proposed", ["not-exact"], ""), "a person picks"
        assert it.journal.runs() == []


async def test_a_declared_foothold_is_known_by_its_further_ids_and_by_nothing_like_them(house):
    ids = {"drift": {"known_as": ["a7d1c1de-app", "0H40000000AbCdE"]}}
    async with house(ways=ids) as it:
        strange = await it.acts(
            alert("F1", app="A7D1C1DE-APP"), alert("F2", app="a7d1c1de"), alert("F3", app="0H40000000AbCde")
        )
        assert {tuple(codes(act)) for act in strange} == {("not-exact",)}
        assert it.journal.runs() == []
        *_, act = await it.acts(alert("F4", app="0H40000000AbCdEEAZ"))
        assert (act.word, act.integration) == ("started", "drift")
        assert (await it.until_word(act.run, "held")).opened["declared"]["footholds"][0]["known_as"] == ids["drift"][
            "known_as"
        ]


async def test_an_alert_without_an_app_is_in_doubt_and_never_acts(house):
    playbook = PLAYBOOK.replace("alert.type == 'token.reuse' && has(alert.app)", "alert.type == 'token.reuse'")
    async with house(playbook=playbook) as it:
        (act,) = await it.acts(alert(app=None))
        assert act.word == "proposed"
        assert "doubt" in codes(act)
        assert it.journal.runs() == []


async def test_no_playbook_no_proposal_but_a_record(house):
    async with house() as it:
        (act,) = await it.acts(alert(type="nobody.waits"))
        assert (act.word, codes(act)) == ("dismissed", ["no-playbook"])
        (event,) = it.events("alerted")
        assert event["type"] == "nobody.waits"
        assert event["name"] == "okta"


async def test_what_cannot_be_read_is_recorded_and_ends(house):
    async with house() as it:
        await it.deliver(raw=b"{not json")
        await it.deliver(raw=b'{"alerts": [], "ignored": ["an event that is no alert"]}')
        assert await it.settled() == []
        assert it.words() == ["unreadable", "ignored"]


async def test_the_first_sign_is_the_alerts_within_bounds(house):
    now = datetime.now(UTC)
    async with house() as it:
        await it.acts(alert("F1", time=(now - timedelta(days=400)).isoformat(), type="token.odd"))
        (plan,) = it.runs("dry-run")
        assert (
            timedelta(days=29, hours=23)
            < now - datetime.fromisoformat(plan.opened["since"])
            < timedelta(days=30, hours=1)
        )


async def test_the_first_sign_is_never_still_to_come(house):
    now = datetime.now(UTC)
    async with house() as it:
        (act,) = await it.acts(alert(time=(now + timedelta(days=1)).isoformat()))
        run = next(one for one in it.runs() if one.id == act.run)
        assert abs(datetime.fromisoformat(run.opened["since"]) - now) < timedelta(minutes=1)


async def test_a_hostile_title_stops_no_append_and_moves_no_cursor(house):
    title = "\ud800 \x1b[2J<!channel> \u202e ${inputs} {{x}} " + "A" * 100_000
    raw = body(alert(title=title, type="nobody.waits"))
    async with house() as it:
        await it.deliver(raw=raw)
        (act,) = await it.settled()
        (event,) = it.events("alerted")
        assert act.word == "dismissed"
        assert len(event["title"]) <= 300
        assert event["title"].isprintable()


async def test_a_run_that_an_alert_started_asks_a_person_for_the_rest(house):
    async with house() as it:
        (act,) = await it.acts(alert())
        await it.until_word(act.run, "held")
        ana = it.house.who(token=it.handshake["secrets"]["ana_token"])
        began = await it.house.resume(act.run, ana)
        while began.busy:  # its worker says the word, and lets go of it just after
            await asyncio.sleep(0.1)
            began = await it.house.resume(act.run, ana)
        found = await it.until_word(act.run, "waiting")
        assert found.asked


async def test_alerts_about_one_integration_are_one_incident(house):
    async with house() as it:
        (first,) = await it.acts(alert("F1", type="token.odd"))
        *_, second = await it.acts(alert("F2"))
        assert second.word == "started"
        assert second.incident == first.incident


async def test_every_decision_is_in_the_chain_and_the_chain_verifies(house):
    from journal.proof.verify import verify_url

    async with house() as it:
        await it.acts(alert("F1"), alert("F2", type="nobody.waits"), alert("F3", is_sample=True))
        url = it.journal.url
        names = [event.type for event in it.journal.events(JOURNAL)]
        assert names.count("alerted") == 3
    assert verify_url(url) == []


async def test_what_no_look_confirms_is_not_held_and_people_hear_of_it(house):
    async with house(ways={"drift": {"client": "nobody-knows-it"}}) as it:
        (act,) = await it.acts(alert(app="nobody-knows-it"))
        assert act.word == "started"
        found = await it.until_word(act.run, "refused", "held")
        assert found.word == "refused"
        assert not any(effect.sends for effect in found.effects.values())
        while not any("drift IS NOT HELD" in line for line in it.told):
            await asyncio.sleep(0.02)


async def test_an_alert_about_what_a_stopped_run_locks_is_heard(house):
    async with house() as it:
        (first,) = await it.acts(alert("F1"))
        await it.until_word(first.run, "held")
        ana = it.house.who(token=it.handshake["secrets"]["ana_token"])
        await it.house.resume(first.run, ana)
        await it.until_word(first.run, "waiting")
        await asyncio.sleep(0.5)
        await it.house.say(first.run, "stop", ana)
        await it.until_word(first.run, "stopped")
        *_, second = await it.acts(alert("F2"))
        assert second.word == "joined"
        assert any("is stopped: nobody is at it" in line for line in it.told)


async def test_with_prefect_away_it_is_held_all_the_same_and_said(house, monkeypatch):
    monkeypatch.delenv("RINGFENCE_PREFECT")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    async with house() as it:
        (act,) = await it.acts(alert())
        await it.until_word(act.run, "held")
        while not any("going on without it" in line for line in it.told):
            await asyncio.sleep(0.05)
