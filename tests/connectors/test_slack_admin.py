"""Slack administration against a small Slack (tests/connectors/slack.py): what each look says, and what each action does."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

import connectors.slack_admin as sa
from connectors.core import (
    Busy,
    Came,
    Grade,
    Impossible,
    NotAllowed,
    Rate,
    Reader,
    Secret,
    Sender,
    Tide,
    Unexpected,
    Unseen,
)
from tests.connectors.provider import provider, says, wired
from tests.connectors.slack import ORG, OURS, Slack, audited, entry_of, no, session_of

AGAINST = "a fake of ours, after Slack's pages"

DRIFT, ANNA = sa.App(app="A0DRIFT"), sa.User(user="W0ANNA")


@asynccontextmanager
async def acme(slack: Slack, *, workspaces=(), apart=True):
    """A reader and a sender at it, held to no rate: the tests would wait."""
    async with provider(slack.answer) as there:
        more = {"scim": f"{there.url}/scim/v2", "audit": f"{there.url}/audit/v1"} if apart else {}
        more |= {"enterprise": ORG, "workspaces": workspaces}
        async with wired(f"{there.url}/api", connector=sa.slack_admin, secret=Secret(OURS), **more) as wire:
            wire.gate._every_s = 0.0
            yield Reader(wire), Sender(wire)


async def converge(read, send, action, p, before=None, rounds=4):
    """As the engine does: look, send what is missing, look again, until nothing is."""
    asked = action.sees.params(**{name: getattr(p, name) for name in action.sees.params.model_fields})
    outcomes = []
    for _ in range(rounds):
        seen = await action.sees(read, asked)
        calls = action.missing(p, seen, "run/step/target") if before is None else action.missing_back(p, seen, before)
        if not calls:
            return seen, outcomes
        outcomes += [await send.send(call, {}) for call in calls]
    raise AssertionError(f"still missing after {rounds} rounds: {outcomes}")


def installed(**more) -> Slack:
    made = Slack(
        resolved={("A0DRIFT", "T0OPS"): "approved", ("A0DRIFT", "T0SALES"): "approved", ("A0OTHER", ORG): "approved"},
        log={
            "T0OPS": [entry_of("A0DRIFT", "added", 100, "W0ANNA"), entry_of("A0GONE", "removed", 90, "W0BEN")],
            "T0SALES": [entry_of("A0DRIFT", "updated", 120, "W0BEN"), entry_of("A0OTHER", "added", 50, "W0BEN")],
        },
    )
    for name, value in more.items():
        setattr(made, name, value)
    return made


async def test_a_restriction_voids_what_workspaces_approved_and_its_undo_gives_each_of_them_back():
    slack = installed()
    slack.resolved["A0DRIFT", "T0LAB"] = "restricted"
    slack.workspaces = ("T0OPS", "T0SALES", "T0LAB")
    was = dict(slack.resolved)
    async with acme(slack) as (read, send):
        before = await sa.app(read, DRIFT)
        assert (before.org, before.approved_in, before.restricted_in) == ("none", ("T0OPS", "T0SALES"), ("T0LAB",))
        left, outcomes = await converge(read, send, sa.restrict_app, DRIFT)
        assert [one.came for one in outcomes] == [Came.OK]
        assert (left.org, left.approved_in) == ("restricted", ())
        assert slack.resolved == {("A0DRIFT", ORG): "restricted", ("A0OTHER", ORG): "approved"}
        back, _ = await converge(read, send, sa.restrict_app, DRIFT, before=before)
        assert back.governed() == before.governed()
    assert slack.resolved == was


async def test_what_is_restricted_everywhere_is_known_by_one_listing():
    slack = installed(resolved={("A0DRIFT", ORG): "restricted"})
    async with acme(slack) as (read, _):
        assert (await sa.app(read, DRIFT)).org == "restricted"
    assert [name for _, name, _ in slack.calls] == ["admin.apps.restricted.list"]


async def test_uninstalling_ends_it_everywhere_and_the_logs_show_it():
    slack = installed()
    async with acme(slack) as (read, send):
        before = await sa.installation(read, DRIFT)
        assert (before.installed_in, before.by) == (("T0OPS", "T0SALES"), ("W0ANNA", "W0BEN"))
        after, outcomes = await converge(read, send, sa.uninstall_app, DRIFT)
    assert after.installed_in == ()
    assert len(outcomes) == 1
    assert sa.installation.grade is Grade.QUIET, "a log shows it, and no look at the thing itself"


@pytest.mark.parametrize(
    ("entries", "still"),
    [
        ([("added", 1, "W1"), ("removed", 2, "W1")], False),
        ([("added", 1, "W1"), ("added", 2, "W2"), ("removed", 3, "W1")], True),
        ([("added", 1, "W1"), ("added", 2, "W2"), ("removed", 3, "W9")], False),
        ([("added", 1, "W1"), ("disabled", 2, "W9"), ("enabled", 3, "W9")], True),
        ([("removed", 2, "W1"), ("added", 2, "W1")], True),
        ([("expanded", 5, "W1")], True),
    ],
    ids=["removed", "another-holds-it", "an-admin-ends-it-for-all", "on-again", "same-second", "only-widened"],
)
async def test_an_app_is_installed_for_as_long_as_anybody_holds_it(entries, still):
    log = {"T0OPS": [entry_of("A0DRIFT", *entry) for entry in entries]}
    async with acme(Slack(log=log), workspaces=("T0OPS",)) as (read, _):
        assert bool((await sa.installation(read, DRIFT)).installed_in) is still


async def test_an_app_that_no_log_knows_is_not_taken_for_uninstalled():
    async with acme(installed()) as (read, _):
        with pytest.raises(Unseen, match="none of them knows it"):
            await sa.installation(read, sa.App(app="A0TYPO"))


async def test_a_log_that_gives_less_than_it_counts_is_no_answer():
    async with acme(installed(lost_log=1)) as (read, _):
        with pytest.raises(Unexpected, match="gave"):
            await sa.installation(read, DRIFT)


async def test_the_survey_lists_what_is_resolved_and_what_is_merely_installed():
    slack = installed(resolved={("A0OTHER", ORG): "approved", ("A0BAD", ORG): "restricted"})
    async with acme(slack) as (read, _):
        found = {one.params.app: one async for one in sa.slack_admin.surveys["slack_admin.apps"](read, Tide())}
        assert set(found) == {"A0OTHER", "A0BAD", "A0DRIFT"}, "what was removed is no way in"
        drift = found["A0DRIFT"]
        assert (drift.seen.org, drift.people, drift.title) == ("none", 2, "App A0DRIFT")
        assert drift.scopes == ("channels:read", "chat:write")
        assert drift.created_at.startswith("1970-01-01T00:01:40")
        for one in found.values():
            assert (await sa.app(read, one.params)).governed() == one.seen.governed(), "as its look sees it"


async def test_an_id_is_never_a_name():
    for odd in ("Drift", "A1/../x", "a0drift", ""):
        with pytest.raises(ValueError, match="app"):
            sa.App(app=odd)


async def test_a_token_is_tried_and_ended_by_itself():
    slack = Slack(tokens={OURS: "", "xoxb-leaked": ""})
    leaked = sa.Token(token=Secret("xoxb-leaked"))
    async with acme(slack) as (read, send):
        assert await sa.token(read, leaked) == sa.TokenSeen(
            active=True, user="U0BOTUSER", bot="B0BOTUSER", workspace="T0OPSTEAM"
        )
        after, _ = await converge(read, send, sa.revoke_token, leaked)
    assert after == sa.TokenSeen(active=False)
    assert slack.tokens[OURS] == "", "ours lives"
    assert not any("xoxb" in str(asked) for _, _, asked in slack.calls), "in no query and in no body"


@pytest.mark.parametrize("word", ["account_inactive", "token_expired", "token_revoked"])
async def test_a_token_that_slack_calls_dead_is_dead(word):
    async with acme(Slack(tokens={OURS: "", "xoxb-x": word})) as (read, _):
        assert not (await sa.token(read, sa.Token(token=Secret("xoxb-x")))).active


@pytest.mark.parametrize(
    ("word", "kind"), [("invalid_auth", Unseen), ("accesslimited", NotAllowed), ("ekm_access_denied", NotAllowed)]
)
async def test_a_token_that_is_turned_away_otherwise_is_not_proven_dead(word, kind):
    async with acme(Slack(tokens={OURS: "", "xoxb-x": word})) as (read, _):
        with pytest.raises(kind, match=word):
            await sa.token(read, sa.Token(token=Secret("xoxb-x")))


def people(**more) -> Slack:
    teams = {"enterprise_user": {"id": "W0ANNA", "enterprise_id": ORG, "teams": ["T0OPS", "T0SALES"]}}
    sessions = [
        session_of("W0ANNA", 11), session_of("W0ANNA", 12, ip="198.51.100.3"), session_of("W0BEN", 13),
        session_of("W0ANNA", 14, "T0SALES"),
    ]  # fmt: skip
    return Slack(
        people={"W0ANNA": teams, "W0BEN": {"enterprise_user": {"teams": ["T0OPS"]}}}, sessions=sessions, **more
    )


async def test_sessions_are_read_in_each_workspace_and_reset_at_once():
    slack = people()
    async with acme(slack) as (read, send):
        seen = await sa.sessions(read, ANNA)
        assert seen.session_ids == ("11", "12", "14")
        found = [(p.session, s.used_from, s.begun_from) async for p, s in sa.open_sessions(read, ANNA)]
        assert found[1] == ("12", "198.51.100.3", "192.0.2.1")
        assert (await sa.session(read, sa.Session(user="W0ANNA", session="12"))).is_open
        after, _ = await converge(read, send, sa.reset_sessions, ANNA)
        assert after.session_ids == ()
        assert not (await sa.session(read, sa.Session(user="W0ANNA", session="12"))).is_open
    assert [one["user_id"] for one in slack.sessions] == ["W0BEN"]


async def test_who_was_deactivated_may_have_sessions_yet_and_they_are_found_among_all():
    slack = people()
    slack.people["W0ANNA"] |= {"deleted": True, "enterprise_user": {"teams": []}}
    async with acme(slack) as (read, _):
        assert (await sa.sessions(read, ANNA)).session_ids == ("11", "12", "14")


async def test_no_session_of_nobody_is_no_answer():
    async with acme(people()) as (read, _):
        with pytest.raises(Unseen, match="user_not_found"):
            await sa.sessions(read, sa.User(user="W0NOBODY"))


async def test_many_are_signed_out_by_one_call_and_one_listing():
    slack = people()
    those = sa.Users(users=("W0ANNA", "W0BEN", "W0CARL"))
    slack.sessions.append(session_of("W0DORA", 15))
    async with acme(slack) as (read, send):
        after, outcomes = await converge(read, send, sa.reset_many, those)
        assert (after.signed_in, len(outcomes)) == ((), 1)
        slack.sessions = []
        with pytest.raises(Unseen, match="nobody here has a session"):
            await sa.signed_in(read, those)
    assert ("POST", "admin.users.session.resetBulk", {"user_ids": ["W0ANNA", "W0BEN"]}) in slack.calls


async def test_a_person_is_deactivated_by_scim_and_comes_back():
    async with acme(people()) as (read, send):
        before = await sa.account(read, ANNA)
        after, _ = await converge(read, send, sa.deactivate_user, ANNA)
        assert (before.active, after.active) == (True, False)
        back, _ = await converge(read, send, sa.deactivate_user, ANNA, before=before)
        assert back == before
        with pytest.raises(Unseen, match="404"):
            await sa.account(read, sa.User(user="W0NOBODY"))


async def test_without_scim_configured_it_says_what_is_missing_and_asks_nobody():
    slack = people()
    async with acme(slack, apart=False) as (read, _):
        with pytest.raises(Impossible, match="Give it scim"):
            await sa.account(read, ANNA)
    assert slack.calls == []


async def test_a_member_leaves_one_workspace_and_comes_back_and_a_guest_does_not():
    slack, p = people(), sa.Membership(user="W0ANNA", workspace="T0SALES")
    async with acme(slack) as (read, send):
        before = await sa.membership(read, p)
        after, _ = await converge(read, send, sa.remove_user, p)
        assert (before.member, after.member) == (True, False)
        assert (await converge(read, send, sa.remove_user, p, before=before))[0].member
        slack.people["W0ANNA"] |= {"is_ultra_restricted": True}
        guest = await sa.membership(read, p)
        assert guest.guest == "one channel"
        after, _ = await converge(read, send, sa.remove_user, p)
        with pytest.raises(Impossible, match="Invite them again"):
            sa.remove_user.missing_back(p, after, guest)


async def test_the_audit_log_tells_of_an_app_and_of_a_person_and_keeps_no_details():
    entries = [
        audited("e4", 400, "app_uninstalled", "W0BEN", "A0DRIFT"), audited("e3", 300, "app_scopes_expanded", "W0ANNA", "A0DRIFT"),
        audited("e2", 300, "app_installed", "W0ANNA", "A0OTHER"), audited("e1", 100, "app_installed", "W0ANNA", "A0DRIFT"),
    ]  # fmt: skip
    since = datetime.fromtimestamp(300, UTC)
    async with acme(Slack(entries=entries)) as (read, _):
        found = [pair async for pair in sa.app_entries(read, sa.AppSince(app="A0DRIFT", since=since))]
        assert [(p.entry, s.action) for p, s in found] == [("e4", "app_uninstalled"), ("e3", "app_scopes_expanded")]
        assert found[0][1].used_from == "203.0.113.9"
        assert "must-not-be-kept" not in repr(found)
        assert await sa.audit_entry(read, found[1][0]) == found[1][1], "one by one as in the listing"
        mine = [p.entry async for p, _ in sa.user_entries(read, sa.UserSince(user="W0ANNA", since=since))]
        assert mine == ["e3", "e2"]


async def test_a_log_that_holds_nothing_older_cannot_show_that_nothing_was_done():
    late = [audited("e1", 900, "app_installed", "W0ANNA", "A0OTHER")]
    async with acme(Slack(entries=late)) as (read, _):
        with pytest.raises(Unseen, match="nothing older"):
            [_ async for _ in sa.app_entries(read, sa.AppSince(app="A0DRIFT", since=datetime.fromtimestamp(500, UTC)))]


@pytest.mark.parametrize(
    ("word", "kind", "came"),
    [
        ("not_allowed_token_type", NotAllowed, Came.REFUSED),
        ("missing_scope", NotAllowed, Came.REFUSED),
        ("invalid_auth", NotAllowed, Came.REFUSED),
        ("token_revoked", NotAllowed, Came.REFUSED),
        ("feature_not_enabled", NotAllowed, Came.REFUSED),
        ("app_not_found", Unseen, Came.OK),
        ("no_resolution_found", Unseen, Came.OK),
        ("user_already_team_member", Unseen, Came.OK),
        ("a_word_of_tomorrow", Unexpected, Came.REFUSED),
    ],
)
async def test_200_with_ok_false_is_what_its_word_says(word, kind, came):
    faults = {"admin.apps.restricted.list": [no(word)], "admin.apps.restrict": [no(word)]}
    async with acme(Slack(faults=faults)) as (read, send):
        with pytest.raises(kind, match=word):
            await sa.app(read, DRIFT)
        (call,) = sa.restrict_app.missing(DRIFT, sa.AppSeen(org="none", enterprise=ORG), "")
        outcome = await send.send(call, {})
    assert (outcome.came, outcome.why) == (came, f"200 {word}")


@pytest.mark.parametrize(
    "fault",
    [
        says(429, {"ok": False, "error": "ratelimited"}, retry_after="0.3"),
        no("ratelimited", retry_after="0.3"),
        no("fatal_error"),
    ],
    ids=["429", "200-ratelimited", "200-fatal"],
)
async def test_a_read_waits_and_a_write_says_for_how_long(fault):
    faults = {"admin.apps.restricted.list": [fault], "admin.apps.restrict": [fault]}
    async with acme(installed(faults=faults)) as (read, send):
        assert (await sa.app(read, DRIFT)).org == "none"
        (call,) = sa.restrict_app.missing(DRIFT, sa.AppSeen(org="none", enterprise=ORG), "")
        outcome = await send.send(call, {})
        assert outcome.came is Came.BUSY
        assert 0.2 <= outcome.wait_s <= 2


async def test_a_wait_that_is_too_long_is_told():
    faults = {"admin.apps.restricted.list": [no("ratelimited", retry_after="120")]}
    async with acme(Slack(faults=faults)) as (read, _):
        with pytest.raises(Busy, match="120 s"):
            await sa.app(read, DRIFT)


async def test_an_error_repeats_no_text_of_the_provider_but_a_plain_word():
    faults = {"admin.apps.restricted.list": [no("xoxb-1234-SECRET and more")]}
    async with acme(Slack(faults=faults)) as (read, _):
        with pytest.raises(Unexpected) as told:
            await sa.app(read, DRIFT)
    assert "SECRET" not in str(told.value)


async def test_a_listing_that_comes_back_to_where_it_was_ends():
    page = {"ok": True, "restricted_apps": [], "response_metadata": {"next_cursor": "again"}}
    async with acme(Slack(faults={"admin.apps.restricted.list": [says(200, page)] * 3})) as (read, _):
        with pytest.raises(Unexpected, match="cursor"):
            await sa.app(read, DRIFT)


async def test_an_organisation_without_workspaces_is_no_answer():
    async with acme(Slack(workspaces=())) as (read, _):
        with pytest.raises(Impossible, match="lists no workspace"):
            await sa.app(read, DRIFT)


async def test_a_dry_run_sends_no_write():
    async with (
        provider(Slack().answer) as there,
        wired(f"{there.url}/api", connector=sa.slack_admin, secret=Secret(OURS), writes=False, enterprise=ORG) as wire,
    ):
        (call,) = sa.revoke_token.missing(sa.Token(token=Secret("xoxb-x")), sa.TokenSeen(active=True), "")
        outcome = await Sender(wire).send(call, {})
        assert outcome.came is Came.REFUSED
        assert there.got == []


def test_reads_go_by_get_and_nothing_that_changes_does():
    assert not any(look.asks for look in sa.slack_admin.looks.values())
    assert sa.slack_admin.rate == Rate(50, per_s=60, in_flight=4)
