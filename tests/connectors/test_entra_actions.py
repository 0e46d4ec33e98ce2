"""Microsoft Entra's actions against a Graph that keeps what is written to it: each reaches its goal, and undo gets back."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.core import Call, Came, Connection, Impossible, NotAllowed, Reader, Secret, Sender, Unseen, connect
from connectors.core.fitting import fitting
from connectors.entra import EntraSettings, access, apps, canary, consents, credentials, entra, users
from connectors.entra.graph import App, Principal
from tests.connectors.graph import EXCHANGE, GRAPH_SP, OURS, SECRET, VENDOR, Graph, error
from tests.connectors.provider import provider, says

AGAINST = "a fake of ours, after Microsoft's pages"


@asynccontextmanager
async def at(graph: Graph, *, writes: bool = True, secret: str = SECRET, **settings):
    async with provider(graph.answer) as there:
        found = EntraSettings(token_url=f"{there.url}/t-ours/oauth2/v2.0/token", client_id="our-client", **settings)
        connection = Connection("entra", entra, f"{there.url}/v1.0", Secret(secret), found)
        read, send, wire = connect(connection, writes=writes)
        wire.gate._every_s = 0.0  # the fake has no limit
        try:
            yield read, send, there
        finally:
            await wire.close()


async def reach(action, p, read: Reader, send: Sender | None, before=None):
    """Look, and send what is missing, until nothing is: the engine's own loop. Gives back what was seen first."""
    assert send is not None
    asked = action.sees.params(**{name: getattr(p, name) for name in action.sees.params.model_fields})
    first = None
    for _ in range(6):
        try:
            seen = await action.sees(read, asked)
        except Unseen:
            assert first is not None, "never seen before"
            return first
        first = first or seen
        calls = action.missing(p, seen, "run/step/x") if before is None else action.missing_back(p, seen, before)
        if not calls:
            return first
        for call in calls:
            outcome = await send.send(call, {})
            assert outcome.came is Came.OK, outcome
    raise AssertionError("it never came to rest")


PASSWORD = credentials.Credential(holder="applications", owner="reg-ours", key_id="pw-1")
ADDRESSES = ("198.51.100.7", "2001:db8::/32")
UNDOABLE = [
    (apps.disable_principal, Principal(principal=VENDOR), ("principals", VENDOR, "accountEnabled"), False),
    (apps.deactivate_app, App(app="reg-ours"), ("apps", "reg-ours", "isDisabled"), True),
    (users.disable_user, users.User(user="ann@contoso.example"), ("users", "u-ann", "accountEnabled"), False),
    (access.enforce_policy, access.Policy(policy="pol-ready"), ("policies", "pol-ready", "state"), "enabled"),
]


@pytest.mark.parametrize("lag", [0, 1])
@pytest.mark.parametrize(("action", "p", "place", "wanted"), UNDOABLE, ids=lambda v: getattr(v, "name", None))
async def test_what_is_switched_off_is_off_and_comes_back_as_it_was(action, p, place, wanted, lag):
    graph = Graph(lag=lag)
    kind, one, name = place
    was = graph.tenant[kind][one][name]
    async with at(graph) as (read, send, _):
        before = await reach(action, p, read, send)
        assert graph.tenant[kind][one][name] == wanted
        assert len(graph.writes) == 1 + lag, "a read that lags makes it send again, and nothing worse"
        await reach(action, p, read, send, before)
        assert graph.tenant[kind][one][name] in (was, not wanted)
        seen = await action.sees(read, p)
        assert seen.governed() == before.governed()


async def test_a_role_is_taken_and_given_back_under_another_id_though_the_listing_lags():
    graph = Graph(lag=1)
    p = consents.Assignment(principal=VENDOR, resource=GRAPH_SP, role="Mail.ReadWrite.All")
    async with at(graph) as (read, send, _):
        assert send is not None
        before = await reach(consents.remove_assignment, p, read, send)
        assert sorted(graph.tenant["assignments"]) == ["a-2", "a-3"]
        assert before.assignment == "a-1"
        seen = await consents.assignment(read, p)
        calls = consents.remove_assignment.missing_back(p, seen, before)
        assert (await send.send(calls[0], {})).came is Came.OK
        again = await send.send(calls[0], {})
        assert (again.came, again.status) == (Came.OK, 400), "it stands already: a look decides, and there is no second"
        await reach(consents.remove_assignment, p, read, send, before)
        assert sorted(graph.tenant["assignments"]) == ["a-2", "a-3", "a-new-1"]
        assert graph.tenant["assignments"]["a-new-1"]["appRoleId"] == "Mail.ReadWrite.All"


async def test_every_grant_of_an_app_is_found_and_removed_and_no_others():
    graph = Graph(page=1)
    async with at(graph) as (read, send, _):
        found = [pair async for pair in consents.grants(read, Principal(principal=VENDOR))]
        assert [(p.grant, seen.user, seen.everybody) for p, seen in found] == [
            ("g-ann", "u-ann", False),
            ("g-bob", "u-bob", False),
        ]
        for p, _ in found:
            await reach(consents.remove_grant, p, read, send)
        assert list(graph.tenant["grants"]) == ["g-all"]
        everybody = await consents.grant(read, consents.Grant(grant="g-all"))
        assert (everybody.everybody, everybody.user, everybody.scopes) == (True, "", ("User.Read",))


async def test_each_credential_of_an_app_goes_alone_and_its_neighbours_stay():
    graph = Graph(page=1)
    held = graph.tenant["apps"]["reg-ours"]
    neighbour = dict(held["keyCredentials"][1])
    async with at(graph) as (read, send, _):
        found = {p.key_id: (p, seen) async for p, seen in credentials.app_credentials(read, App(app="reg-ours"))}
        assert {name: seen.kind for name, (_, seen) in found.items()} == {
            "pw-1": "password", "pw-old": "password", "c-1": "certificate", "c-2": "certificate", "fic-1": "federated",
        }  # fmt: skip
        assert found["fic-1"][1].trusts.endswith("repo:acme/deploy:ref:refs/heads/main")
        for name in ("pw-1", "pw-old", "c-1", "fic-1"):
            await reach(credentials.remove_credential, found[name][0], read, send)
        assert [key["keyId"] for key in held["passwordCredentials"]] == ["pw-old"], "one that is expired opens nothing"
        assert [key["keyId"] for key in held["keyCredentials"]] == ["c-2", "c-sign"]
        assert held["keyCredentials"][0] == neighbour, "its key too"
        assert held["federatedIdentityCredentials"] == []
        for name in ("pw-sp", "c-sp"):
            p = credentials.Credential(holder="servicePrincipals", owner=OURS, key_id=name)
            await reach(credentials.remove_credential, p, read, send)
        assert graph.tenant["principals"][OURS]["keyCredentials"] == []


async def test_a_password_that_is_gone_already_is_no_failure_of_the_send_and_gone_to_the_look():
    graph = Graph()
    async with at(graph) as (read, send, _):
        assert send is not None
        (call,) = credentials.remove_credential.missing(PASSWORD, await credentials.credential(read, PASSWORD), "me")
        assert (await send.send(call, {})).came is Came.OK
        again = await send.send(call, {})
        assert (again.came, again.why) == (Came.OK, "400 Request_BadRequest"), "a look decides"
        wrong = await send.send(Call.post("/applications/{owner}/removePassword", PASSWORD, json={"key": "pw-1"}), {})
        assert wrong.came is Came.REFUSED, "another 400 is a mistake"
        with pytest.raises(Unseen, match="holds none of that id"):
            await credentials.credential(read, PASSWORD)


async def test_no_key_of_a_certificate_is_sent_shown_or_kept():
    graph = Graph()
    p = credentials.Credential(holder="applications", owner="reg-ours", key_id="c-1")
    async with at(graph) as (read, send, there):
        seen = await credentials.credential(read, p)
        (call,) = credentials.remove_credential.missing(p, seen, "me")
        assert "2 stay" in str(call)
        assert send is not None
        await send.send(call, {})
        assert "MII-" not in f"{seen!r}{call.body}{there.got[-1].body!r}"
        assert {key["key"] for key in orjson.loads(there.got[-1].body)["keyCredentials"]} == {None}


async def test_sessions_that_are_older_than_a_moment_end_and_later_ones_stay():
    graph = Graph(now="2026-11-26T17:00:05.1234567Z")
    p = users.Sessions(user="ann@contoso.example", older_than=datetime(2026, 11, 26, 17, 0, tzinfo=UTC))
    async with at(graph) as (read, send, _):
        await reach(users.end_sessions, p, read, send)
        assert graph.writes == ["POST /users/ann@contoso.example/revokeSignInSessions"]
        later = p.model_copy(update={"older_than": datetime(2026, 11, 26, 18, 0, tzinfo=UTC)})
        seen = await users.sessions(read, users.User(user=p.user))
        assert users.end_sessions.missing(p, seen, "me") == ()
        assert len(users.end_sessions.missing(later, seen, "me")) == 1, "an earlier end is none of this incident's"


async def test_a_guests_sessions_are_not_ours_to_end():
    p = users.Sessions(user="eve_x.example#EXT#@contoso.example", older_than=datetime(2026, 11, 26, tzinfo=UTC))
    async with at(Graph()) as (read, _, there):
        seen = await users.sessions(read, users.User(user=p.user))
        assert there.got[-1].target.startswith("/v1.0/users/eve_x.example%23EXT%23@contoso.example?")
    with pytest.raises(Impossible, match="another organisation"):
        users.end_sessions.missing(p, seen, "me")


async def test_a_location_is_narrowed_and_widened_again():
    graph = Graph()
    p = access.AllowList(location="loc-1", addresses=ADDRESSES)
    async with at(graph) as (read, send, _):
        before = await reach(access.allow_only, p, read, send)
        held = graph.tenant["namedLocations"]["loc-1"]["ipRanges"]
        assert [one["cidrAddress"] for one in held] == ["198.51.100.7/32", "2001:db8::/32"]
        assert [one["@odata.type"][-13:] for one in held] == ["iPv4CidrRange", "iPv6CidrRange"]
        await reach(access.allow_only, p, read, send, before)
        assert [one["cidrAddress"] for one in graph.tenant["namedLocations"]["loc-1"]["ipRanges"]] == ["0.0.0.0/1"]


@pytest.mark.parametrize(
    ("addresses", "state", "why"),
    [
        (ADDRESSES, "disabled", "stops nobody"),
        ((), "enabled", "at least one"),
        (("somewhere",), "enabled", "no address"),
    ],
)
async def test_a_location_that_would_stop_nobody_or_everybody_is_left_alone(addresses, state, why):
    graph = Graph()
    graph.tenant["policies"]["pol-1"]["state"] = state
    async with at(graph) as (read, _, _):
        seen = await access.location(read, access.Location(location="loc-1"))
        with pytest.raises(Impossible, match=why):
            access.allow_only.missing(access.AllowList(location="loc-1", addresses=addresses), seen, "me")
        with pytest.raises(Impossible, match="countries"):
            await access.location(read, access.Location(location="loc-c"))


@pytest.mark.parametrize(("name", "why"), [("pol-all", "break-glass"), ("pol-mfa", "blocks nobody")])
async def test_a_policy_that_spares_nobody_or_blocks_nobody_is_not_switched_on(name, why):
    async with at(Graph()) as (read, _, _):
        seen = await access.policy(read, access.Policy(policy=name))
        with pytest.raises(Impossible, match=why):
            access.enforce_policy.missing(access.Policy(policy=name), seen, "me")


async def test_the_app_that_we_sign_in_as_is_left_to_a_spare_connection():
    graph = Graph()
    graph.tenant["principals"][OURS]["appId"] = graph.tenant["apps"]["reg-ours"]["appId"] = "our-client"
    for action, p in (
        (apps.disable_principal, Principal(principal=OURS)),
        (apps.deactivate_app, App(app="reg-ours")),
        (credentials.remove_credential, PASSWORD),
    ):
        async with at(graph) as (read, _, _):
            seen = await action.sees(read, p)
            with pytest.raises(Impossible, match="lock ourselves out"):
                action.missing(p, seen, "me")
    assert graph.writes == []


# what answers mean


async def test_a_404_may_be_gone_or_hidden_and_a_403_names_the_permission():
    graph = Graph()
    async with at(graph) as (read, _, _):
        with pytest.raises(Unseen, match="404 Request_ResourceNotFound"):
            await apps.principal(read, Principal(principal="no-such"))
        graph.before = lambda _: error(403, "Authorization_RequestDenied")
        with pytest.raises(NotAllowed, match=r"403 Authorization_RequestDenied.*Application\.Read\.All"):
            await apps.principal(read, Principal(principal=VENDOR))


async def test_an_empty_listing_where_we_may_not_look_is_no_empty_listing():
    graph = Graph()
    graph.before = lambda got: (
        says(200, {"value": []}) if "Grants" in got.target else error(403, "Authorization_RequestDenied")
    )
    async with at(graph) as (read, _, _):
        with pytest.raises(NotAllowed):
            _ = [pair async for pair in consents.grants(read, Principal(principal=VENDOR))]


@pytest.mark.parametrize("wait", ["1", "Sun, 06 Nov 1994 08:49:37 GMT"])
async def test_a_throttled_read_waits_as_it_is_told(wait):
    graph = Graph()
    busy = [error(429, "TooManyRequests", retry_after=wait)]
    graph.before = lambda _: busy.pop() if busy else None
    async with at(graph) as (read, send, _):
        assert (await apps.principal(read, Principal(principal=VENDOR))).enabled
        busy.append(error(429, "TooManyRequests", retry_after=wait))
        assert send is not None
        (call,) = apps.disable_principal.missing(
            Principal(principal=VENDOR), await apps.principal(read, Principal(principal=VENDOR)), "me"
        )
        busy.append(error(429, "TooManyRequests", retry_after=wait))
        outcome = await send.send(call, {})
        assert (outcome.came, outcome.wait_s) == (Came.BUSY, 1.0 if wait == "1" else 0.2)


async def test_an_error_shows_its_code_and_never_its_message():
    graph = Graph()
    graph.before = lambda _: says(400, {"error": {"code": "x\nevil code", "message": "Bearer eyJ-leak"}})
    async with at(graph) as (read, send, _):
        with pytest.raises(Exception, match="400") as caught:
            await apps.principal(read, Principal(principal=VENDOR))
        assert "evil" not in str(caught.value)
        assert "eyJ" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "active"), [(200, False), (401, False), (403, True)], ids=["another-answer", "refused", "no-permission"]
)
async def test_a_canary_is_alive_where_graph_knows_it_though_it_may_do_nothing(status, active):
    graph = Graph()
    if status == 403:
        graph.before = lambda got: error(403, "Authorization_RequestDenied")
    async with at(graph) as (read, _, there):
        seen = await canary.canary(read, canary.Token(token=Secret("eyJ-stolen")))
        assert seen.active is active
        assert {got.headers.get("authorization") for got in there.got} == {"Bearer eyJ-stolen"}
        if status == 200:
            graph.before = lambda _: says(200, {"value": []})
            assert (await canary.canary(read, canary.Token(token=Secret("eyJ-stolen")))).active is True


# signing in


async def test_our_secret_becomes_a_token_once_and_goes_to_the_token_url_alone():
    async with at(Graph()) as (read, _, there):
        for _ in range(3):
            await apps.principal(read, Principal(principal=VENDOR))
        asked = [got for got in there.got if got.method == "POST"]
        assert len(asked) == 1
        assert dict(parse_qsl(asked[0].body.decode()))["scope"] == "https://graph.microsoft.com/.default"
        assert all(SECRET not in f"{got.target}{got.headers}{got.body!r}" for got in there.got if got.method == "GET")


async def test_a_certificate_signs_in_by_its_thumbprint():
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    async with at(Graph(), secret=key.decode(), thumbprint="dGh1bWI") as (read, _, there):
        await apps.principal(read, Principal(principal=VENDOR))
        form = dict(parse_qsl(there.got[0].body.decode()))
        head, claims = (
            orjson.loads(base64.urlsafe_b64decode(part + "==")) for part in form["client_assertion"].split(".")[:2]
        )
        assert head["x5t#S256"] == "dGh1bWI"
        assert claims["aud"] == f"{there.url}/t-ours/oauth2/v2.0/token"
        assert "client_secret" not in form


async def test_a_dry_run_sees_all_and_writes_nothing():
    graph = Graph()
    async with at(graph, writes=False) as (read, send, _):
        assert send is None
        assert (await apps.principal(read, Principal(principal=EXCHANGE))).enabled
    assert graph.writes == []


# what macros make of a foothold


@pytest.mark.parametrize(
    ("kind", "asked", "above", "below"),
    [
        ("client", {"principal": VENDOR}, {"disable_principal", "remove_assignment"},
         {"disable_principal", "remove_assignment", "remove_grant", "remove_credential"}),
        ("app", {"app": "reg-ours"}, {"deactivate_app"}, {"deactivate_app", "remove_credential"}),
        ("key", {"holder": "applications", "owner": "reg-ours", "key_id": "c-1"}, set(), {"remove_credential"}),
        ("user", {"user": "u-ann"}, {"disable_user"}, {"disable_user", "end_sessions"}),
        ("path", {"location": "loc-1"}, {"allow_only"}, {"allow_only"}),
        ("path", {"policy": "pol-ready"}, {"enforce_policy"}, {"enforce_policy"}),
    ],
)  # fmt: skip
def test_macros_close_each_foothold_with_what_its_undo_asks_for(kind, asked, above, below):
    for wanted, under in ((above, False), (below, True)):
        fits = [
            fit
            for layer in ("identity", "application", "network", "data")
            for fit in fitting(entra, kind, {**asked, "addresses": ADDRESSES}, layer, below=under)
        ]
        assert {fit.action.name.removeprefix("entra.") for fit in fits} == wanted
    if kind in {"client", "app", "user"}:
        held = {fit.action for fit in fits}
        assert all(set(fit.action.masks) <= held for fit in fits), "else recovery is refused for want of a step"


def test_a_path_is_a_location_or_a_policy():
    path = entra.footholds["path"]
    assert path(location="loc-1").location == "loc-1"
    for wrong in ({}, {"location": "a", "policy": "b"}):
        with pytest.raises(ValueError, match="either"):
            path(**wrong)
