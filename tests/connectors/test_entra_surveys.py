"""Microsoft Entra's surveys and logs: all that is there, then only what changed, and never a listing that is not whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.core import Found, Lost, Reader, Tide, Unexpected
from connectors.entra import entra, logs
from connectors.entra.graph import Principal
from tests.connectors.graph import EXCHANGE, GRAPH_SP, OURS, VENDOR, Graph, error, grant, principal
from tests.connectors.provider import says
from tests.connectors.test_entra_actions import at

SURVEYS = entra.surveys
CLIENTS, APPS, CONSENTS = (SURVEYS[f"entra.{name}"] for name in ("clients", "apps", "consents"))
SINCE = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)


async def listed(survey, read: Reader, tide: Tide | None = None, known=None):
    """What it lists by key, on top of what was known."""
    found = dict(known or {})
    async for one in survey(read, tide or Tide()):
        if isinstance(one, Found):
            found[survey.key(one)] = one
        else:
            found.pop(survey.key(one), None)
    return found


@pytest.mark.parametrize("page", [1, 2, 100])
async def test_all_that_reaches_us_is_found(page):
    async with at(Graph(page=page), writes=False) as (read, _, _):
        found = {name: await listed(survey, read) for name, survey in SURVEYS.items()}
    keys = {name.removeprefix("entra."): set(things) for name, things in found.items()}
    assert keys == {
        "clients": {VENDOR, OURS},
        "apps": {"reg-ours"},
        "consents": {"g-ann", "g-bob", "g-all"},
        "roles": {f"{VENDOR},{GRAPH_SP},Mail.ReadWrite.All", f"{VENDOR},{GRAPH_SP},Files.Read.All", f"{OURS},{GRAPH_SP},User.Read.All"},
        "keys": {
            *(f"applications,reg-ours,{name}" for name in ("pw-1", "pw-old", "c-1", "c-2", "fic-1")),
            *(f"servicePrincipals,{OURS},{name}" for name in ("pw-sp", "c-sp")),
            f"servicePrincipals,{EXCHANGE},pw-planted",
        },
        "paths": {"loc-1"},
    }  # fmt: skip
    vendor = found["entra.clients"][VENDOR]
    assert (vendor.publisher, vendor.hosts) == ("Vendor Ltd", (f"{VENDOR}.example",))
    consent = found["entra.consents"]["g-ann"]
    assert (consent.part_of, consent.person, consent.scopes) == (
        VENDOR,
        "u-ann",
        ("Mail.Read", "offline_access", "openid"),
    )
    assert found["entra.roles"][f"{OURS},{GRAPH_SP},User.Read.All"].part_of == OURS
    trust = found["entra.keys"]["applications,reg-ours,fic-1"]
    assert (trust.belongs_to, trust.hosts) == (("entra:reg-ours",), ("token.actions.githubusercontent.com",))
    assert found["entra.keys"][f"servicePrincipals,{OURS},pw-sp"].belongs_to == (f"entra:{OURS}",)
    assert found["entra.paths"]["loc-1"].hosts == ("0.0.0.0/1",)


async def test_what_a_survey_saw_its_look_sees():
    async with at(Graph(), writes=False) as (read, _, _):
        for survey in SURVEYS.values():
            for one in (await listed(survey, read)).values():
                seen = await survey.of(read, one.params)
                assert seen.governed() == one.seen.governed(), survey.name
                assert "MII-" not in one.model_dump_json()


async def test_an_app_with_more_roles_than_are_expanded_shows_them_all():
    graph = Graph(expanded=20)
    for n in range(30):
        graph.tenant["assignments"][f"more-{n}"] = {
            **graph.tenant["assignments"]["a-1"], "id": f"more-{n}", "appRoleId": f"role-{n}",
        }  # fmt: skip
    async with at(graph, writes=False) as (read, _, _):
        found = await listed(SURVEYS["entra.roles"], read)
    assert len(found) == 33


# delta queries


async def test_the_next_time_only_what_changed_comes_and_it_comes_to_the_same():
    graph = Graph(page=2)
    for n in range(40):
        graph.tenant["principals"][f"sp-{n}"] = principal(f"sp-{n}", "t-vendor")
    async with at(graph, writes=False) as (read, _, _):
        tide = Tide()
        known = await listed(CLIENTS, read, tide)
        whole = len(graph.asked)
        assert (tide.changes, len(known)) == (False, 42)
        graph.tenant["principals"]["sp-3"]["accountEnabled"] = False
        graph.changed("principals", "sp-3", "accountEnabled")
        del graph.tenant["principals"]["sp-4"]
        graph.changed("principals", "sp-4")
        graph.tenant["principals"]["sp-new"] = principal("sp-new", "t-thief")
        graph.changed("principals", "sp-new", "accountEnabled", "appId")
        graph.changed("principals", GRAPH_SP, "displayName")
        again = Tide(since=tide.mark)
        known = await listed(CLIENTS, read, again, known)
        assert (again.changes, len(graph.asked) - whole) == (True, 5), "two pages, and three that are looked at"
        assert known == await listed(CLIENTS, read)
        assert known["sp-3"].seen.enabled is False
        assert known["sp-3"].title == "sp-3", "what had not changed is known too"
        assert "sp-4" not in known
        nothing = Tide(since=again.mark)
        assert [one async for one in CLIENTS(read, nothing)] == []
        assert nothing.changes is True


@pytest.mark.parametrize("survey", [CLIENTS, APPS, CONSENTS], ids=lambda s: s.name)
async def test_one_that_is_gone_is_lost_and_one_that_no_replica_has_yet_is_there_unseen(survey):
    graph = Graph()
    kind = {"entra.clients": "principals", "entra.apps": "apps", "entra.consents": "grants"}[survey.name]
    gone, new = list(graph.tenant[kind])[-1], "x-new"
    async with at(graph, writes=False) as (read, _, _):
        tide = Tide()
        await listed(survey, read, tide)
        made = {**graph.tenant[kind].pop(gone), "id": new}
        graph.changed(kind, gone)
        graph.tenant[kind][new] = made
        graph.changed(kind, new)
        graph.before = lambda got: error(404, "Request_ResourceNotFound") if f"/{new}" in got.target else None
        found = [one async for one in survey(read, Tide(since=tide.mark))]
    assert [(type(one), survey.key(one)) for one in found] == [(Lost, gone), (Found, new)]
    assert found[1].seen is None


@pytest.mark.parametrize("answer", ["410", "400"])
async def test_a_mark_that_is_not_taken_any_more_lists_all(answer):
    graph = Graph()
    async with at(graph, writes=False) as (read, _, _):
        tide = Tide()
        known = await listed(CONSENTS, read, tide)
        graph.resets = answer
        graph.tenant["grants"]["g-new"] = grant("g-new", VENDOR, "u-cat", "Mail.Read")
        graph.changed("grants", "g-new")
        again = Tide(since=tide.mark)
        found = await listed(CONSENTS, read, again)
    assert again.changes is False, "what is not in it is gone"
    assert found.keys() == known.keys() | {"g-new"}
    assert again.mark not in {"", tide.mark}


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ({"value": []}, "without a deltaLink"),
        ({"value": [], "@odata.nextLink": "https://graph.microsoft.com/v1.0/x/delta"}, "without a query"),
        ({"value": [], "@odata.nextLink": "https://graph.microsoft.com/v1.0/x/delta?$skiptoken=1"}, "its own next"),
        ({"error": "x"}, "another shape"),
    ],
)
async def test_a_listing_that_ends_early_or_never_is_none_and_leaves_no_mark(page, why):
    graph = Graph()
    graph.before = lambda _: says(200, page)
    async with at(graph, writes=False) as (read, _, _):
        tide = Tide()
        with pytest.raises(Unexpected, match=why):
            await listed(CONSENTS, read, tide)
    assert tide.mark == ""


async def test_an_empty_page_with_a_next_one_is_no_end_and_a_link_leads_to_no_other_host_or_credential():
    graph = Graph()
    pages = [
        {"value": [], "@odata.nextLink": "https://thief.example/steal?$skiptoken=1&bearer=x"},
        {"value": [grant("g-1", VENDOR, None, "a")], "@odata.deltaLink": "https://thief.example/?$deltatoken=2"},
    ]
    graph.before = lambda _: says(200, pages.pop(0))
    async with at(graph, writes=False) as (read, _, there):
        tide = Tide()
        assert list(await listed(CONSENTS, read, tide)) == ["g-1"]
        targets = [got.target for got in there.got if got.method == "GET"]
    assert targets == ["/v1.0/oauth2PermissionGrants/delta", "/v1.0/oauth2PermissionGrants/delta?$skiptoken=1"]
    assert tide.mark == "%24deltatoken=2"


async def test_a_consent_that_is_taken_back_while_we_list_is_lost_the_next_time():
    graph = Graph(page=1)
    async with at(graph, writes=False) as (read, _, _):
        tide, seen = Tide(), []
        async for one in CONSENTS(read, tide):
            seen.append(CONSENTS.key(one))
            if seen == ["g-ann", "g-bob", "g-all"]:
                del graph.tenant["grants"]["g-all"]
                graph.changed("grants", "g-all")
        later = [(type(one), CONSENTS.key(one)) async for one in CONSENTS(read, Tide(since=tide.mark))]
    assert later == [(Lost, "g-all")]


async def test_what_an_attacker_called_his_app_is_one_short_line_and_hides_no_other():
    graph = Graph()
    graph.tenant["principals"]["sp-odd"] = principal(
        "sp-odd", "t-thief", displayName="x\x1b[31m\n" * 500, replyUrls=["http://[half", "app:/back"], verifiedPublisher=None
    )  # fmt: skip
    async with at(graph, writes=False) as (read, _, _):
        found = await listed(CLIENTS, read)
    odd = found["sp-odd"]
    assert odd.title.isprintable()
    assert len(odd.title) <= 300
    assert odd.hosts == ("app:/back", "http://[half")
    assert odd.publisher == "t-thief"
    assert VENDOR in found


# logs


def sign_in(of: str, kind: str, app: str, when: str, **more):
    return {
        "id": of, "signInEventTypes": [kind], "appId": app, "appDisplayName": "Vendor", "userId": "", "createdDateTime": when,
        "ipAddress": "203.0.113.9", "status": {"errorCode": 0}, "userPrincipalName": "", "resourceDisplayName": "Microsoft Graph",
        **more,
    }  # fmt: skip


async def test_every_kind_of_sign_in_by_an_app_is_read_from_beta():
    graph = Graph(page=1)
    mine, late, early = f"app-{VENDOR}", "2026-11-26T03:00:00Z", "2026-11-25T03:00:00Z"
    for one in (
        sign_in("s-1", "servicePrincipal", mine, late, servicePrincipalCredentialKeyId="pw-1"),
        sign_in("s-2", "nonInteractiveUser", mine, late, userPrincipalName="ann@contoso.example"),
        sign_in("s-3", "interactiveUser", mine, late, status={"errorCode": 7000112}),
        sign_in("s-4", "servicePrincipal", mine, early),
        sign_in("s-5", "servicePrincipal", "app-other", late),
    ):
        graph.tenant["sign_ins"][one["id"]] = one
    async with at(graph, writes=False) as (read, _, _):
        p = logs.PrincipalSince(principal=VENDOR, since=SINCE)
        found = {pair[0].sign_in: pair[1] async for pair in logs.sign_ins(read, p)}
        for name, seen in found.items():
            assert await logs.sign_in(read, logs.SignIn(sign_in=name)) == seen
    assert {name: seen.succeeded for name, seen in found.items()} == {"s-1": True, "s-2": True, "s-3": False}
    assert (found["s-1"].credential, found["s-2"].user, found["s-1"].used_from) == (
        "pw-1",
        "ann@contoso.example",
        "203.0.113.9",
    )
    assert {path for path in graph.asked if "auditLogs" in path and path.endswith("signIns")} == {
        "GET /beta/auditLogs/signIns"
    }


async def test_a_persons_sign_ins_are_asked_for_by_object_id():
    graph = Graph()
    for n, user in enumerate(("u-ann", "u-bob")):
        graph.tenant["sign_ins"][f"s-{n}"] = sign_in(
            f"s-{n}", "interactiveUser", "a", "2026-11-26T03:00:00Z", userId=user
        )
    async with at(graph, writes=False) as (read, _, _):
        p = logs.UserSince(user="ann@contoso.example", since=SINCE)
        assert [pair[0].sign_in async for pair in logs.user_sign_ins(read, p)] == ["s-0"]


async def test_what_an_app_changed_and_what_was_changed_on_it():
    graph = Graph()
    for of, app, target in (
        ("c-1", f"app-{VENDOR}", EXCHANGE),
        ("c-2", "app-other", VENDOR),
        ("c-3", "app-other", OURS),
    ):
        graph.tenant["audits"][of] = {
            "id": of, "activityDisplayName": "Add service principal credentials", "activityDateTime": "2026-11-26T03:00:00Z",
            "result": "success", "initiatedBy": {"user": None, "app": {"appId": app, "displayName": None}},
            "targetResources": [{"id": target, "type": "ServicePrincipal"}],
        }  # fmt: skip
    async with at(graph, writes=False) as (read, _, _):
        p = logs.PrincipalSince(principal=VENDOR, since=SINCE)
        by = [pair async for pair in logs.changes_by(read, p)]
        to = [pair async for pair in logs.changes_to(read, p)]
        assert await logs.change(read, by[0][0]) == by[0][1]
    assert [(one.change, seen.targets) for one, seen in by] == [("c-1", (f"ServicePrincipal {EXCHANGE}",))]
    assert [(one.change, seen.by_app) for one, seen in to] == [("c-2", "app-other")]


async def test_a_quote_in_a_name_stays_inside_the_filter():
    graph = Graph()
    odd = "sp-o'x' or 1 eq 1"
    graph.tenant["principals"][odd] = principal(odd, "t")
    async with at(graph, writes=False) as (read, _, there):
        p = logs.PrincipalSince(principal=odd, since=SINCE)
        assert [pair async for pair in logs.changes_to(read, p)] == []
        assert any("sp-o''x'' or 1 eq 1" in got.target.replace("+", " ").replace("%27", "'").replace("%20", " ") for got in there.got)  # fmt: skip


async def test_an_empty_log_of_an_app_that_is_not_there_is_no_quiet_log():
    async with at(Graph(), writes=False) as (read, _, _):
        with pytest.raises(Exception, match="404"):
            _ = [pair async for pair in logs.changes_to(read, logs.PrincipalSince(principal="no-such", since=SINCE))]
        assert (await entra.looks["entra.principal"](read, Principal(principal=VENDOR))).tenant == "t-vendor"
