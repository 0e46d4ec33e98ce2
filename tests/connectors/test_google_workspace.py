"""Google Workspace against a small one with state (google_fake/fake.py), each call and answer held against Google's descriptions."""

from __future__ import annotations

import logging
import tracemalloc
from contextlib import asynccontextmanager

import pytest

from connectors import google_workspace as google_room
from connectors.core import Came, Impossible, NotAllowed, Rate, Reader, Secret, Sender, Tide, Unexpected, Unseen
from connectors.core import wire as wire_module
from connectors.core.fitting import fitting
from connectors.google_workspace import passwords, reports, service, tokens, users
from connectors.google_workspace.everybody import User
from tests.connectors.google_fake.discovery import google
from tests.connectors.google_fake.fake import ADMIN, AUTH, KEY_FILE, PEM, Google, entry, error
from tests.connectors.provider import provider, wired

AGAINST = "a fake of ours, each request and answer judged by Google's discovery documents"

DRIFT = "1234-drift.apps.googleusercontent.com"
OTHER = "9876-other.apps.googleusercontent.com"


@pytest.fixture
def fast(monkeypatch):
    """Google's rate is its own matter here, and so is how long it asks to wait."""
    monkeypatch.setattr(google_room.google_workspace, "rate", Rate(100_000, per_s=1, in_flight=10))
    monkeypatch.setattr(service, "SLOWER_S", 0.2)


@pytest.fixture
def there(fast):
    made = Google()
    made.person(ADMIN)
    for name in ("ann", "bob", "cat", "dan", "eve"):
        made.consent(name, DRIFT, "drive", "gmail.readonly" if name == "ann" else "drive")
    made.consent("bob", OTHER, "calendar", title="Other")
    made.person("ann").asps[7] = {
        "kind": "admin#directory#asp", "codeId": 7, "name": "Drift mail", "creationTime": "1700000000",
        "lastTimeUsed": "0", "userKey": made.person("ann").id,
    }  # fmt: skip
    made.person("ann").codes = ["12345678", "87654321"]
    yield made
    assert not made.mistakes


@asynccontextmanager
async def reached(made, *, secret=KEY_FILE, **settings):
    async with provider(made) as server:
        made.url = server.url
        given = {"admin": ADMIN, "token_url": f"{server.url}/token"} | settings
        async with wired(server.url, connector=google_room.google_workspace, secret=Secret(secret), **given) as wire:
            yield Reader(wire, patience_s=1.0), Sender(wire)


async def all_of(listing):
    return [one async for one in listing]


async def done(action, look, p, read, send):
    """Send what is missing until a look says that nothing is; how often it was sent."""
    for sends in range(5):
        calls = action.missing(
            p, await look(read, look.params(**{n: getattr(p, n) for n in look.params.model_fields})), "me"
        )
        if not calls:
            return sends
        for call in calls:
            assert (await send.send(call, {})).came is Came.OK
    raise AssertionError("it never ends")


def test_every_request_is_one_of_googles_and_needs_the_scope_that_it_says():
    """Each action's and look's permission is a scope that Google's description names for the operation."""
    known = google()
    person, grant = "/admin/directory/v1/users/a%40b.c", "/admin/directory/v1/users/a%40b.c/tokens/x"
    for method, path, entry_ in (
        ("PUT", person, users.suspend_user), ("GET", person, users.user), ("POST", f"{person}/signOut", users.sign_out),
        ("DELETE", grant, tokens.revoke_grant), ("GET", f"{person}/tokens", tokens.grant),
        ("DELETE", f"{person}/asps/7", passwords.delete_app_password), ("GET", f"{person}/asps", passwords.app_password),
        ("GET", f"{person}/verificationCodes", passwords.backup_codes),
        ("POST", f"{person}/verificationCodes/invalidate", passwords.invalidate_backup_codes),
        ("GET", "/admin/directory/v1/users", tokens.clients), ("GET", f"{person}/tokens", tokens.clients),
        ("GET", reports.TOKENS, reports.token_events), ("GET", reports.TOKENS, reports.client_quiet),
    ):  # fmt: skip
        scopes = known.operation(method, path).spec["scopes"]
        assert set(entry_.permission.split()) & set(scopes), entry_.name


def test_googles_examples_of_nothing_and_of_odd_values_are_understood():
    seen = users._user({"primaryEmail": "a@b.c", "lastLoginTime": "1970-01-01T00:00:00.000Z"})
    assert (seen.suspended, seen.last_login) == (False, "")
    assert passwords._at("0") == passwords._at("soon") == passwords._at(None) == ""
    assert passwords._at("1700000000").startswith("2023-11-14T22:13:20")


async def test_the_key_file_becomes_a_token_once_and_is_shown_nowhere(there, caplog):
    caplog.set_level(logging.DEBUG)
    async with reached(there) as (read, _):
        assert not (await users.user(read, User(user="ann@practice.example"))).suspended
        await users.user(read, User(user=there.person("ann").id))
    assert len(there.minted) == 1
    assert PEM[40:80] not in caplog.text
    assert there.minted[0] not in caplog.text


@pytest.mark.parametrize("secret", ["no json", "[]", "{}", '"text"', '{"client_email": "a", "private_key": "none"}'])
async def test_a_secret_that_is_no_key_file_is_told_and_nothing_is_sent(there, secret):
    async with reached(there, secret=secret) as (read, send):
        with pytest.raises(Impossible, match="key"):
            await users.user(read, User(user="ann@practice.example"))
        (call,) = users.sign_out.missing(User(user="ann@practice.example"), users.sign_out.state(), "me")
        assert (await send.send(call, {})).came is Came.REFUSED
    assert there.asked == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"scopes": (AUTH + "gmail",)}, "unauthorized_client"), ({"admin": "nobody@x.example"}, "invalid_grant")],
)
async def test_a_delegation_that_lacks_a_scope_says_so(there, settings, said):
    async with reached(there, **settings) as (read, _):
        with pytest.raises(NotAllowed, match=said):
            await users.user(read, User(user="ann@practice.example"))


async def test_a_user_is_suspended_and_given_back(there):
    p = User(user="ann@practice.example")
    async with reached(there) as (read, send):
        before = await users.user(read, p)
        assert await done(users.suspend_user, users.user, p, read, send) == 1
        assert there.person("ann").seen["suspended"] is True
        (call,) = users.suspend_user.missing_back(p, await users.user(read, p), before)
        await send.send(call, {})
        assert (await users.user(read, p)).governed() == before.governed()
        there.person("ann").seen |= {"suspended": True, "suspensionReason": "WEB_LOGIN_REQUIRED"}
        with pytest.raises(Impossible, match="Google itself"):
            users.suspend_user.missing_back(p, await users.user(read, p), before)


def test_whoever_is_unsuspended_gets_their_grants_and_app_passwords_back_so_they_are_masked():
    assert users.suspend_user.masks == (tokens.revoke_grant, passwords.delete_app_password)
    assert users.suspend_user.residual_s == 3600


@pytest.mark.parametrize(
    ("kind", "asked", "below", "wanted"),
    [
        ("user", {"user": "u"}, False, ["google_workspace.suspend_user"]),
        ("user", {"user": "u"}, True, ["google_workspace.suspend_user"]),
        ("client", {"client": DRIFT}, False, []),
        ("client", {"client": DRIFT}, True, ["google_workspace.revoke_grant"]),
        ("key", {"owner": "u", "code": 7}, True, ["google_workspace.delete_app_password"]),
    ],
)
def test_what_a_macro_stands_for(kind, asked, below, wanted):
    """A sign-out is not in it: a suspension ends sessions too, and can be undone. Nor is all that a password's owner has."""
    fits = fitting(google_room.google_workspace, kind, asked, "identity", below=below)
    assert [fit.action.name for fit in fits] == wanted
    for fit in fits:
        assert (fit.sweep is not None) == (kind == "client")


async def test_a_sign_out_and_the_end_of_the_backup_codes(there):
    p = User(user="ann@practice.example")
    async with reached(there) as (read, send):
        (call,) = users.sign_out.missing(p, users.sign_out.state(), "me")
        assert (await send.send(call, {})).came is Came.OK
        seen = await passwords.backup_codes(read, p)
        assert seen.left == 2
        assert "12345678" not in str(seen.record())
        assert await done(passwords.invalidate_backup_codes, passwords.backup_codes, p, read, send) == 1
    assert there.person("ann").signed_out == 1
    assert there.person("ann").codes == []


async def test_an_app_password_is_found_and_ended(there):
    async with reached(there) as (read, send):
        ((p, seen),) = await all_of(passwords.app_passwords(read, User(user="ann@practice.example")))
        assert (p.code, seen.title, seen.used_at) == (7, "Drift mail", "")
        assert await done(passwords.delete_app_password, passwords.app_password, p, read, send) == 1
        assert await all_of(passwords.app_passwords(read, User(user="ann@practice.example"))) == []
        (found,) = [one async for one in passwords.keys(read, Tide())] or [None]
        assert found is None


async def test_every_grant_of_a_client_is_listed_over_pages_of_which_some_are_empty(there):
    async with reached(there) as (read, send):
        found = await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))
        assert [p.user.partition("@")[0] for p, _ in found] == ["ann", "bob", "cat", "dan", "eve"]
        for p, seen in found:
            assert await tokens.grant(read, p) == seen, "a find yields its look's own pairs"
            assert await done(tokens.revoke_grant, tokens.grant, p, read, send) == 1
        assert await all_of(tokens.grants(read, tokens.Client(client=DRIFT))) == []
        (mine,) = await all_of(tokens.user_grants(read, User(user="bob@practice.example")))
    assert mine[0].client == OTHER
    assert [client for person in there.people.values() for client in person.tokens] == [OTHER]


async def test_a_deletion_that_answers_204_and_does_nothing_is_not_taken_for_done(there):
    there.lies = True
    p = tokens.Grant(user="ann@practice.example", client=DRIFT)
    async with reached(there) as (read, send):
        with pytest.raises(AssertionError, match="never ends"):
            await done(tokens.revoke_grant, tokens.grant, p, read, send)


async def test_a_listing_that_lags_behind_a_deletion_is_asked_again(there):
    there.lag = 2
    p = tokens.Grant(user="ann@practice.example", client=DRIFT)
    async with reached(there) as (read, send):
        assert await done(tokens.revoke_grant, tokens.grant, p, read, send) == 3


async def test_the_absence_of_a_grant_is_told_by_its_users_listing_and_a_user_that_is_none_is_unseen(there):
    async with reached(there) as (read, _):
        p = tokens.Grant(user="cat@practice.example", client=OTHER)
        assert not (await tokens.grant(read, p)).stands
        with pytest.raises(Unseen):
            await tokens.grant(read, tokens.Grant(user="nobody@practice.example", client=OTHER))


async def test_clients_and_consents_are_surveyed(there):
    async with reached(there) as (read, _):
        clients = {one.params.client: one async for one in tokens.clients(read, Tide())}
        consents = await all_of(tokens.consents(read, Tide(since="whatever")))
        keys = await all_of(passwords.keys(read, Tide()))
        for name, one in clients.items():
            assert await tokens.client(read, tokens.Client(client=name)) == one.seen, (
                "the look sees what the survey lists"
            )
    assert set(clients) == {DRIFT, OTHER}
    assert (clients[DRIFT].people, clients[DRIFT].title) == (5, "Drift")
    assert clients[DRIFT].scopes == (AUTH + "drive", AUTH + "gmail.readonly")
    assert len(consents) == 6
    assert {(one.part_of, one.person) for one in consents} >= {(OTHER, "bob@practice.example")}
    assert [(one.person, one.params.code) for one in keys] == [("ann@practice.example", 7)]
    assert tokens.clients.key(clients[DRIFT]) == DRIFT == consents[0].part_of


async def test_a_user_who_is_deleted_while_we_list_is_left_out_and_one_who_is_hidden_is_not(there):
    gone = there.person("cat")

    def deletes(got):
        if "/cat@" in got.target:
            there.people.pop("cat@practice.example", None)

    there.instead = deletes
    async with reached(there) as (read, _):
        found = await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))
        assert len(found) == 4
        there.people["cat@practice.example"] = gone
        there.instead = lambda got: error(404, "notFound") if "cat@practice.example/tokens" in got.target else None
        with pytest.raises(Unseen):
            await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))


async def test_an_empty_customer_and_a_listing_that_never_ends_are_no_listings(there):
    async with reached(there) as (read, _):
        loops = provider_says({"kind": "admin#directory#users", "nextPageToken": "0"})
        there.instead = lambda got: loops if got.target.startswith("/admin/directory/v1/users?") else None
        with pytest.raises(Unexpected, match="before"):
            await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))
        nobody = provider_says({"kind": "admin#directory#users"})
        there.instead = lambda got: nobody if got.target.startswith("/admin/directory/v1/users?") else None
        with pytest.raises(Unexpected, match="nobody"):
            await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))


def provider_says(body):
    from tests.connectors.provider import says

    return says(200, body)


async def test_a_listing_that_is_empty_is_proven_by_what_the_same_credential_can_see(there):
    async with reached(there) as (read, _):
        assert await all_of(tokens.grants(read, tokens.Client(client="nobody-has-it"))) == []
        there.instead = lambda got: error(403, "forbidden") if f"{ADMIN}/tokens" in got.target else None
        with pytest.raises(NotAllowed, match=r"admin\.directory\.user\.security"):
            await all_of(tokens.grants(read, tokens.Client(client="nobody-has-it")))


@pytest.mark.parametrize("reason", sorted(service.SLOWED))
async def test_a_403_that_says_slower_is_waited_out_and_another_is_no(there, reason):
    left = [2]

    def slows(_got):
        left[0] -= 1
        return error(403, reason) if left[0] >= 0 else None

    p = User(user="ann@practice.example")
    async with reached(there) as (read, send):
        there.instead = slows
        await users.user(read, p)
        left[0] = 1
        (call,) = users.sign_out.missing(p, users.sign_out.state(), "me")
        outcome = await send.send(call, {})
        assert (outcome.came, outcome.wait_s) == (Came.BUSY, 0.2)
        assert reason in outcome.why
        there.instead = lambda _got: error(403, "forbidden")
        assert (await send.send(call, {})).came is Came.REFUSED
        with pytest.raises(NotAllowed, match="forbidden"):
            await users.user(read, p)


@pytest.mark.parametrize("status", [409, 412])
async def test_a_conflict_is_looked_at_again(there, status):
    async with reached(there) as (_, send):
        there.instead = lambda _got: error(status, "conditionNotMet")
        (call,) = users.sign_out.missing(User(user="ann@practice.example"), users.sign_out.state(), "me")
        assert (await send.send(call, {})).came is Came.OK


@pytest.mark.parametrize("reason", ["", "a b", "x" * 41, 7, None])
def test_a_reason_that_is_no_plain_word_is_not_shown(reason):
    assert service.told(403, {}, {"error": {"errors": [{"reason": reason}]}}).code in {"", "None"}
    for odd in (None, [], {"error": "text"}, {"error": {"errors": []}}):
        assert service.told(403, {}, odd).kind is None


async def test_the_logs_tell_what_a_client_did_and_how_a_user_signed_in(there):
    ann = "ann@practice.example"
    there.logs += [
        entry(1, "token", "authorize", ann, "2026-11-20T08:00:00.000Z", client_id=DRIFT, app_name="Drift"),
        entry(
            2, "token", "activity", ann, "2026-11-25T23:10:00.123Z", "198.51.100.66", client_id=DRIFT, method_name="m"
        ),
        entry(3, "token", "activity", ann, "2026-11-25T23:10:00.123Z", client_id=OTHER),
        entry(4, "token", "revoke", ann, "2026-11-26T02:00:00.000Z", client_id=DRIFT),
        entry(5, "login", "login_success", ann, "2026-11-25T22:00:00.000Z", "198.51.100.66", login_type="exchange"),
        entry(6, "login", "login_success", "bob@practice.example", "2026-11-25T22:00:00.000Z"),
    ]
    async with reached(there) as (read, _):
        found = await all_of(reports.token_events(read, reports.ClientSince(client=DRIFT)))
        assert [seen.event for _, seen in found] == ["revoke", "activity", "authorize"], "all pages, the newest first"
        assert found[1][1].used_from == "198.51.100.66"
        for p, seen in found:
            assert await reports.log_entry(read, p) == seen, "an entry is found again"
        since = reports.ClientSince(client=DRIFT, since="2026-11-25T23:00:00Z")
        assert len(await all_of(reports.token_events(read, since))) == 2
        assert (await reports.client_quiet(read, since)).used_from == "198.51.100.66"
        later = reports.ClientSince(client=DRIFT, since="2026-11-26T00:00:00Z")
        assert (await reports.client_quiet(read, later)).quiet, "a revoke is no use"
        ((_, login),) = await all_of(reports.logins(read, reports.UserSince(user=ann)))
        assert (login.event, login.method, login.actor) == ("login_success", "exchange", ann)
        assert await all_of(reports.logins(read, reports.UserSince(user="cat@practice.example"))) == []
        with pytest.raises(Unseen, match="no such entry"):
            await reports.log_entry(read, found[0][0].model_copy(update={"qualifier": "77"}))
        with pytest.raises(Impossible, match="no log"):
            await all_of(reports.token_events(read, reports.ClientSince(client=f"x,client_id=={DRIFT}")))


class Endless:
    """A reader of so many users that nobody keeps them: 20,000, three clients each, all of the same thirty."""

    url, settings, asked = "https://admin.googleapis.com", service.GoogleSettings(admin=ADMIN), 0

    async def get(self, path, p=None, **query):
        if path == "/admin/directory/v1/users":
            start = int(query["pageToken"] or 0)
            page = [{"primaryEmail": f"person-{n}-{'x' * 60}@practice.example"} for n in range(start, start + 500)]
            return {"kind": "admin#directory#users", "users": page} | (
                {"nextPageToken": str(start + 500)} if start < 19_500 else {}
            )
        Endless.asked += 1
        scopes = [f"{AUTH}{n}" for n in range(5)]
        return {
            "kind": "admin#directory#tokenList",
            "items": [{"clientId": f"{(self.asked + n) % 30}", "scopes": scopes} for n in range(3)],
        }


async def test_a_survey_of_clients_keeps_a_line_a_client_whatever_the_users():
    tracemalloc.start()
    found = [one async for one in tokens.clients.fn(Endless(), Tide())]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Endless.asked == 20_000
    assert len(found) == 30
    assert sum(one.people for one in found) == 60_000
    assert peak < 4_000_000, f"{peak / 1e6:.1f} MB"


async def test_what_hangs_is_told_and_leaves_no_question_open(there, monkeypatch):
    monkeypatch.setattr(wire_module, "REQUEST_TIMEOUT_S", 0.2)
    from connectors.core import Unreachable
    from tests.connectors.provider import HANG

    async with reached(there) as (read, _):
        there.instead = lambda got: HANG if "bob@" in got.target else None
        with pytest.raises(Unreachable):
            await all_of(tokens.grants(read, tokens.Client(client=DRIFT)))
