"""Surveys against the practice company as a process: all that is there is found, and the next time what changed of it."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from connectors import oauth
from connectors.core import Connection, Found, Lost, Reader, Secret, Tide, connect
from connectors.practice_crm import practice_crm
from connectors.practice_idp import practice_idp
from engine.registry import registry
from tests.connectors.provider import provider, says, wired
from tests.sandbox.practice import Practice

SYSTEMS = {"practice_idp": "idp", "practice_crm": "crm", "practice_firewall": "firewall"}
GRANTS = practice_idp.surveys["practice_idp.grants"]


@pytest.fixture
def company(tmp_path):
    """Start practice companies without a thief."""
    running: list[Practice] = []

    def begin(*options: str) -> Practice:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Practice(folder, ["--attacker", "none", "--lag-s", "0", "--asleep", *options]))
        return running[-1]

    yield begin
    for one in running:
        one.end(at_once=True)


@asynccontextmanager
async def link(there: Practice, system: str):
    part = SYSTEMS[system]
    secret = Secret(there.secrets[f"{part}_key"])
    connection = Connection(system, registry().systems[system], f"{there.told['url']}/{part}", secret)
    read, sender, wire = connect(connection, writes=False)
    assert sender is None
    try:
        yield read, wire
    finally:
        await wire.close()


async def listed(survey, read, tide=None):
    """What it lists, by key; a thing that is lost in the same listing is not there."""
    found: dict[str, Found] = {}
    async for one in survey(read, tide or Tide()):
        if isinstance(one, Found):
            found[survey.key(one)] = one
        else:
            found.pop(survey.key(one), None)
    return found


async def everything(there):
    found = {}
    for system in SYSTEMS:
        async with link(there, system) as (read, _):
            for survey in registry().systems[system].surveys.values():
                things = await listed(survey, read)
                found |= {(system, survey.kind, key): (survey, one) for key, one in things.items()}
    return found


@pytest.mark.parametrize("options", [(), ("--forgotten",), ("--grants", "1700")], ids=str)
async def test_all_that_is_planted_is_found_and_nothing_else(company, options, capsys):
    there = company(*options)
    planted = {(one["system"], one["kind"], one["key"]) for one in there.http.get("/_sandbox/planted").json()}
    found = await everything(there)
    hits = found.keys() & planted
    recall, precision = len(hits) / len(planted), len(hits) / len(found)
    with capsys.disabled():
        print(
            f"\n{' '.join(options) or 'default'}: {len(planted)} planted, recall {recall:.0%}, precision {precision:.0%}"
        )
    assert (recall, precision) == (1.0, 1.0), sorted(found.keys() ^ planted)[:5]
    kinds = {kind for _, kind, _ in planted}
    assert kinds == {"client", "grant", "user", "key", "webhook", "path"}
    assert ("practice_crm", "key", "ak_0003") in planted or "--forgotten" not in options


async def test_what_a_survey_saw_its_look_sees_and_no_secret_is_among_it(company):
    there = company("--forgotten", "--grants", "3")
    found = await everything(there)
    for system in SYSTEMS:
        async with link(there, system) as (read, _):
            for (where, _, _), (survey, one) in found.items():
                if where == system:
                    assert await survey.of(read, one.params) == one.seen
    kept = "".join(f"{one!r}{one.model_dump_json()}" for _, one in found.values())
    assert [name for name, secret in there.secrets.items() if secret in kept] == []


async def test_the_providers_own_links_lead_from_each_foothold_to_its_client(company):
    found = await everything(company("--forgotten"))
    assert found["practice_idp", "client", "drift-prod"][1].works_as == ("practice_crm:svc-drift",)
    drift = {(kind, key) for (_, kind, key), (_, one) in found.items() if "practice_idp:drift-prod" in one.belongs_to}
    assert drift == {("user", "svc-drift"), ("key", "ak_0003"), ("webhook", "wh_0002"), ("path", "crm-api")}
    clients = {key for _, kind, key in found if kind == "client"}
    grants = [one for (_, kind, _), (_, one) in found.items() if kind == "grant"]
    assert {one.part_of for one in grants} == clients - {"intranet"}
    assert all(one.person for one in grants)
    retired = found["practice_crm", "key", "ak_0002"][1]
    assert retired.belongs_to == ("practice_idp:survey-export",), "the app is gone, and its key lives"
    assert "survey-export" not in clients
    stranger = found["practice_idp", "client", "pdf-tools"][1]
    assert (stranger.people, stranger.works_as) == (12, ())
    assert set(stranger.scopes) >= {"files.read.all", "mail.read"}


async def test_what_is_off_is_listed_as_off(company):
    there = company()
    there.put("/crm/keys/ak_0002/enabled", enabled=False)
    there.put("/crm/webhooks/wh_0001/enabled", enabled=False)
    there.put("/idp/clients/pdf-tools/enabled", enabled=False)
    found = await everything(there)
    for place in (
        ("practice_crm", "key", "ak_0002"),
        ("practice_crm", "webhook", "wh_0001"),
        ("practice_idp", "client", "pdf-tools"),
    ):
        assert found[place][1].seen.enabled is False


def revoke_of(there, *people):
    """Take back these people's consents to the app that nobody knows."""
    tokens = there.listed("/idp/clients/pdf-tools/tokens", limit=500)
    for token in tokens:
        if token["user"] in people:
            assert there.ask("POST", f"/idp/tokens/{token['id']}/revoke").status_code == 200


async def test_the_next_time_only_what_changed_is_listed_and_comes_to_the_same(company):
    there = company("--grants", "6000")
    async with link(there, "practice_idp") as (read, wire):
        tide = Tide()
        known = await listed(GRANTS, read, tide)
        whole, mark = wire.requests, tide.mark
        assert (tide.changes, len(known)) == (False, 6045)
        assert whole == -(-6045 // 500)
        revoke_of(there, "user03", "user5999")
        again = Tide(since=mark)
        changed = [one async for one in GRANTS(read, again)]
        assert again.changes is True
        assert wire.requests - whole <= whole / 10, "at most a tenth of the calls"
        assert {type(one) for one in changed} == {Lost}
        for one in changed:
            del known[GRANTS.key(one)]
        assert known == await listed(GRANTS, read)
        nothing = Tide(since=again.mark)
        assert [one async for one in GRANTS(read, nothing)] == []
        assert (nothing.changes, nothing.mark) == (True, again.mark)


async def test_a_consent_taken_back_while_we_list_is_told_of_the_next_time(company):
    there = company("--grants", "600")
    async with link(there, "practice_idp") as (read, _):
        tide = Tide()
        first, *rest = [one async for one in _revoking(there, GRANTS(read, tide))]
        assert isinstance(first, Found)
        assert len(rest) == 644
        later = [one async for one in GRANTS(read, Tide(since=tide.mark))]
        assert [(type(one), GRANTS.key(one)) for one in later] == [(Lost, first.params.grant)]


async def _revoking(there, listing):
    """Pass a listing on; once its first thing has come, the consent that it is of is taken back."""
    came = False
    async for one in listing:
        if not came:
            person, client = one.person, one.part_of
            for token in there.listed(f"/idp/clients/{client}/tokens", limit=500):
                if token["user"] == person:
                    there.ask("POST", f"/idp/tokens/{token['id']}/revoke")
        came = True
        yield one


async def test_a_mark_of_another_companys_feed_is_no_mark_and_all_is_listed(company):
    first, second = company("--grants", "30"), company("--grants", "20")
    tide = Tide()
    async with link(first, "practice_idp") as (read, _):
        await listed(GRANTS, read, tide)
    again = Tide(since=tide.mark)
    async with link(second, "practice_idp") as (read, _):
        found = await listed(GRANTS, read, again)
        assert again.changes is False
        assert len(found) == 65
        assert again.mark not in {"", tide.mark}


KEY = {
    "id": "ak_0001", "name": "Sync", "app": "sync", "owner": "svc-sync", "scopes": ["records.read"], "enabled": True,
    "version": 1, "created": "2026-01-01T00:00:00Z", "used_at": "2026-01-01T00:00:00Z", "used_from": "192.0.2.1",
}  # fmt: skip


async def test_what_an_attacker_named_his_things_hides_no_other_and_shows_nothing_unprintable():
    odd = KEY | {
        "id": "ak_0002", "name": "x\x1b[31m\n" * 500, "app": "\u202e" + "y" * 5000, "owner": " ",
        "scopes": [f"scope{n}" for n in range(2000)] + ["z" * 9000 + "\x07"],
    }  # fmt: skip
    page = {"items": [odd, KEY], "next": ""}
    async with provider(lambda _: says(200, page)) as there, wired(there.url, connector=practice_crm) as wire:
        bad, good = [one async for one in practice_crm.surveys["practice_crm.keys"](Reader(wire), Tide())]
    assert (good.title, good.belongs_to, good.works_as) == ("Sync", ("practice_idp:sync",), ("practice_crm:svc-sync",))
    assert bad.belongs_to == bad.works_as == (), "no name is that long, or nothing but a space"
    assert len(bad.scopes) == 500
    assert bad.scopes[-1] == "and 1502 more"
    for text in (bad.title, *bad.scopes, *bad.seen.scopes):
        assert text.isprintable()
        assert len(text) <= 300


async def test_an_operators_listing_keeps_no_secret_and_one_odd_client_hides_no_other():
    told = [
        {"client_id": "odd", "redirect_uris": ["http://[half", "app:/back"], "client_id_issued_at": 1e300, "scope": None},
        {
            "client_id": "good", "client_name": "Good", "redirect_uris": ["https://good.example/cb"],
            "client_id_issued_at": 1_700_000_000, "scope": "b a", "client_secret": "the-clients-secret",
            "registration_access_token": "the-registration-token", "owner": "Vendor Ltd",
        },
    ]  # fmt: skip
    async with (
        provider(lambda _: says(200, told)) as there,
        wired(there.url, connector=oauth.oauth, client_id="us", clients_at="/admin/clients") as wire,
    ):
        odd, good = [one async for one in oauth.clients(Reader(wire), Tide())]
        assert there.got[0].target == "/admin/clients?page_size=250"
    assert (odd.hosts, odd.created_at, odd.scopes) == (("app:/back", "http://[half"), "", ())
    assert (good.hosts, good.created_at, good.scopes) == (("good.example",), "2023-11-14T22:13:20+00:00", ("a", "b"))
    assert good.publisher == "Vendor Ltd"
    for secret in ("the-clients-secret", "the-registration-token"):
        assert secret not in f"{good!r}{good.model_dump_json()}"


async def test_a_survey_sends_nothing_but_reads(company):
    there = company()
    await everything(there)
    assert {line["write"] for line in there.log() if line["who"] == "ringfence"} == {False}
