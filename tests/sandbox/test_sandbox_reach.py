"""What reaches the practice company beside tokens and sessions: consents and their feed, API keys, webhooks; listings of all."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.consents import Consents, ForeignMark
from sandbox.things import Token

KEY = "/crm/keys/{}/enabled"
THIEF = "185.220.101.34"


def pages(practice, path, limit, **query):
    """All items of a listing, and how many pages it took."""
    found, after, asked = [], "", 0
    while True:
        page = practice.get(path, params={"limit": limit, **query} | ({"after": after} if after else {}))
        assert len(page["items"]) <= limit
        found, asked = found + page["items"], asked + 1
        if not (after := page["next"]):
            return found, asked


def by_key(practice, secret, address=THIEF):
    headers = {"Authorization": f"Key {secret}", "X-Sandbox-Address": address}
    return practice.http.get("/crm/records", headers=headers)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/idp/clients", "client"), ("/idp/grants", "id"), ("/crm/keys", "id"), ("/crm/webhooks", "id"),
        ("/crm/users", "user"), ("/firewall/paths", "path"),
    ],
)  # fmt: skip
def test_a_listing_is_the_same_by_pages_of_any_size_and_each_thing_is_as_it_is_shown_alone(shared, path, name):
    whole, _ = pages(shared, path, 500)
    by_one, asked = pages(shared, path, 1)
    assert [one[name] for one in by_one] == [one[name] for one in whole]
    assert asked == len(whole) > 0
    by_two, asked = pages(shared, path, 2)
    assert len(by_two) == len(whole)
    assert asked == -(-len(whole) // 2)
    for one in whole[:5]:
        alone = shared.get(f"{path}/{one[name]}")
        assert {k: v for k, v in alone.items() if "used" not in k} == {k: v for k, v in one.items() if "used" not in k}


def test_users_are_listed_by_kind(shared):
    service, people = (pages(shared, "/crm/users", 500, kind=kind)[0] for kind in ("service", "person"))
    assert {one["user"]: one["app"] for one in service} == {"svc-drift": "drift-prod", "svc-calendar": "calendar-sync"}
    assert len(people) == 41
    assert not any(one["app"] for one in people)


def test_no_listing_shows_a_secret(start):
    practice = start("--attacker", "none", "--forgotten")
    seen = "".join(
        practice.ask("GET", path).text
        for path in (
            "/idp/clients",
            "/idp/grants",
            "/crm/keys",
            "/crm/webhooks",
            "/crm/users?limit=500",
            "/firewall/paths",
        )
    )
    seen += practice.http.get("/_sandbox/planted").text + practice.http.get("/_sandbox/state").text
    assert "forgotten_key" in practice.secrets
    assert [name for name, secret in practice.secrets.items() if secret in seen] == []


def test_a_consent_stands_until_all_that_renews_it_is_revoked(calm):
    before = calm.get("/idp/grants?limit=500")
    grant = next(one for one in before["items"] if one["client"] == "pdf-tools")
    mine = [one for one in calm.listed("/idp/clients/pdf-tools/tokens") if one["user"] == grant["user"]]
    assert [one["kind"] for one in mine] == ["refresh"]
    calm.ask("POST", f"/idp/tokens/{mine[0]['id']}/revoke")
    calm.ask("POST", f"/idp/tokens/{mine[0]['id']}/revoke")
    after = calm.get("/idp/grants", params={"after": before["mark"]})
    assert after["items"] == [grant | {"active": False, "seq": after["items"][0]["seq"]}]
    assert after["items"][0]["seq"] > max(one["seq"] for one in before["items"])
    assert calm.get(f"/idp/grants/{grant['id']}")["active"] is False
    assert calm.get("/idp/grants", params={"after": after["mark"]})["items"] == []


def test_of_two_tokens_that_renew_a_consent_each_counts_once(start):
    practice = start("--attacker", "none", "--tokens", "100", "--asleep")
    tokens = [one for one in practice.listed("/idp/clients/drift-prod/tokens") if one["kind"] == "refresh"]
    person = next(one["user"] for one in tokens if sum(other["user"] == one["user"] for other in tokens) == 2)
    mark = practice.get("/idp/grants?limit=500")["mark"]
    first, second = (one["id"] for one in tokens if one["user"] == person)
    for _ in range(3):
        practice.ask("POST", f"/idp/tokens/{first}/revoke")
    assert practice.get("/idp/grants", params={"after": mark})["items"] == []
    practice.ask("POST", f"/idp/tokens/{second}/revoke")
    (ended,) = practice.get("/idp/grants", params={"after": mark})["items"]
    assert (ended["client"], ended["user"], ended["active"]) == ("drift-prod", person, False)


def test_revocation_by_the_standard_ends_a_consent_too_and_use_and_minting_do_not_move_one(calm):
    mark = calm.get("/idp/grants?limit=500")["mark"]
    refresh = calm.secrets["refresh_canary"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    fresh = calm.http.post("/idp/oauth/token", data=form, auth=calm.drift).json()["access_token"]
    assert calm.records(f"Bearer {fresh}", "203.0.113.11").status_code == 200
    own = calm.mint()
    assert own.status_code == 200
    assert calm.get("/idp/grants", params={"after": mark})["items"] == []
    person = calm.introspect(fresh)["username"]
    grant = next(
        one
        for one in calm.get("/idp/grants?limit=500")["items"]
        if (one["client"], one["user"]) == ("drift-prod", person)
    )
    assert grant["used_from"] == "203.0.113.11"
    assert datetime.fromisoformat(grant["used_at"]) > datetime.now(UTC) - timedelta(seconds=30)
    calm.http.post("/idp/oauth/revoke", data={"token": refresh}, auth=calm.drift).raise_for_status()
    assert [(one["id"], one["active"]) for one in calm.get("/idp/grants", params={"after": mark})["items"]] == [
        (grant["id"], False)
    ]
    assert calm.records(f"Bearer {fresh}", "203.0.113.11").status_code == 200, "as large providers do"


def test_a_false_success_revokes_no_consent(calm):
    mark = calm.get("/idp/grants?limit=500")["mark"]
    calm.http.put("/_sandbox/faults", json={"false_200": 1}).raise_for_status()
    form = {"token": calm.secrets["refresh_canary"]}
    assert calm.http.post("/idp/oauth/revoke", auth=calm.drift, data=form).status_code == 200
    calm.put(KEY.format("ak_0001"), enabled=False)
    calm.put("/crm/webhooks/wh_0001/enabled", enabled=False)
    calm.http.put("/_sandbox/faults", json={}).raise_for_status()
    time.sleep(0.3)
    assert calm.get("/idp/grants", params={"after": mark})["items"] == []
    assert calm.get("/crm/keys/ak_0001")["enabled"] is True
    assert calm.get("/crm/webhooks/wh_0001")["enabled"] is True
    assert [line["fault"] for line in calm.log() if line["write"] and line["who"] == "ringfence"] == ["false_200"] * 3


def test_a_mark_that_is_none_of_this_feeds_is_gone(calm):
    mark = calm.get("/idp/grants")["mark"]
    epoch, _, place = mark.partition(".")
    for wrong in ("1", "x.1", f"{epoch}.", f"{epoch}.{int(place) + 1}", f"{epoch}.-1", f"0{epoch}.1"):
        assert calm.ask("GET", "/idp/grants", params={"after": wrong}).status_code == 410, wrong


CHANGES = st.lists(
    st.tuples(st.sampled_from(["give", "take"]), st.integers(0, 5), st.sampled_from(["access", "refresh"])), max_size=40
)


@given(CHANGES, CHANGES, st.integers(1, 4))
def test_what_was_known_and_what_changed_since_is_what_there_is(first, second, limit):
    """Whatever happens before and after the mark, and by pages of any size."""
    consents, alive = Consents(), []
    apply(consents, alive, first)
    known = {one.id: one.active for one in feed(consents, "", limit)}
    mark = consents.mark
    apply(consents, alive, second)
    changed = feed(consents, mark, limit)
    assert len({one.id for one in changed}) == len(changed), "each once"
    assert [one.seq for one in changed] == sorted(one.seq for one in changed)
    assert known | {one.id: one.active for one in changed} == {one.id: one.active for one in consents.grants.values()}
    standing = {(token.client, token.user) for token in alive if token.kind == "refresh"}
    lasting = {(one.client, one.user) for one in consents.grants.values() if one.lasting}
    standing |= {(token.client, token.user) for token in alive} - lasting
    assert {(one.client, one.user) for one in consents.grants.values() if one.active} == standing


def apply(consents, alive, changes):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for what, number, kind in changes:
        if what == "give":
            alive.append(Token(f"t{len(alive)}", kind, "app", f"user{number}", "s", at, None, at, "192.0.2.1"))
            consents.give(alive[-1], ("crm",))
        elif alive:
            consents.take(alive.pop(number % len(alive)))


def feed(consents, after, limit):
    found = []
    while True:
        page, after = consents.changes(after, limit)
        found += page
        if not after:
            return found


def test_a_mark_from_ahead_is_refused():
    with pytest.raises(ForeignMark):
        Consents().changes("00000000.0", 1)


def test_a_key_opens_records_from_anywhere_whatever_else_is_closed_until_it_is_off(calm, eventually):
    secret = calm.secrets["calendar_key"]
    calm.put("/idp/clients/calendar-sync/enabled", enabled=False)
    calm.put("/crm/users/svc-calendar/frozen", frozen=True)
    calm.put("/firewall/paths/crm-api", mode="only", addresses=[])
    eventually(lambda: calm.get("/firewall/paths/crm-api")["mode"] == "only")
    assert by_key(calm, secret).status_code == 200
    told = calm.get("/crm/keys/ak_0001")
    assert told["used_from"] == THIEF
    assert datetime.fromisoformat(told["used_at"]) > datetime.now(UTC) - timedelta(seconds=30)
    calm.put(KEY.format("ak_0001"), enabled=False)
    eventually(lambda: by_key(calm, secret).status_code == 401)
    assert by_key(calm, "wrong").status_code == 401
    calm.put(KEY.format("ak_0001"), enabled=True)
    eventually(lambda: by_key(calm, secret).status_code == 200)
    assert calm.http.get(f"/crm/keys/{secret}").status_code == 401
    assert secret not in calm.http.get("/_sandbox/log").text


def test_a_client_that_runs_as_nobody_gets_no_token_of_its_own(calm):
    """An app that only acts for people cannot act by itself, and its consents are what there is to revoke."""
    assert calm.get("/idp/clients/pdf-tools")["run_as"] == ""
    state = calm.state()
    assert state["grants"] == {"all": 57, "active": 57}
    assert set(state["keys"]) == {"ak_0001", "ak_0002"}
    assert set(state["webhooks"]) == {"wh_0001"}
    assert [one for one in state["keys"].values() if one["app"] == "drift-prod"] == []


def test_by_a_forgotten_key_the_thief_is_back_after_all_else_is_closed(start, eventually):
    practice = start("--tokens", "20", "--mint-per-s", "2", "--forgotten")
    closed_at = practice.contain(path_too=True)
    eventually(lambda: practice.state()["attacker"]["last_success_at"] > closed_at)
    reads = [line for line in practice.log(since=closed_at) if line["who"] == "attacker" and line["reads"]]
    assert {line["path"] for line in reads} == {"/crm/records?limit=5"}
    assert practice.get("/crm/keys/ak_0003")["used_from"].startswith("185.220.101.")
    practice.put(KEY.format("ak_0003"), enabled=False)
    eventually(lambda: practice.get("/crm/keys/ak_0003")["enabled"] is False)
    done = practice.log()[-1]["at"]
    time.sleep(4.5)
    tried = practice.state()["attacker"]["attempts"]
    time.sleep(1)
    assert practice.state()["attacker"]["attempts"] - tried <= 4, "he has slowed down, and tries all he has in turn"
    assert practice.state()["attacker"]["last_success_at"] <= done
    practice.put(KEY.format("ak_0003"), enabled=True)
    eventually(lambda: practice.state()["attacker"]["last_success_at"] > done)


def test_an_admin_switches_a_forgotten_key_and_webhook_back_on(start, eventually):
    practice = start("--attacker", "admin", "--lag-s", "0", "--mint-per-s", "0", "--forgotten")
    practice.put(KEY.format("ak_0003"), enabled=False)
    practice.put("/crm/webhooks/wh_0002/enabled", enabled=False)
    eventually(lambda: practice.state()["attacker"]["switched_back"] >= 2)
    eventually(
        lambda: practice.get("/crm/keys/ak_0003")["enabled"] and practice.get("/crm/webhooks/wh_0002")["enabled"]
    )
    paths = {line["path"] for line in practice.log() if line["who"] == "attacker" and line["method"] == "PUT"}
    assert paths == {"/crm/keys/ak_0003/enabled", "/crm/webhooks/wh_0002/enabled"}


def test_what_is_planted_is_told_by_what_there_is(calm):
    def kinds():
        planted = calm.http.get("/_sandbox/planted").json()
        return {
            kind: {one["key"] for one in planted if one["kind"] == kind} for kind in {one["kind"] for one in planted}
        }

    before = kinds()
    assert before["client"] == {"drift-prod", "calendar-sync", "intranet", "pdf-tools"}
    assert (before["key"], before["webhook"], before["path"]) == ({"ak_0001", "ak_0002"}, {"wh_0001"}, {"crm-api"})
    assert (before["user"], len(before["grant"])) == ({"svc-drift", "svc-calendar"}, 57)
    for token in calm.listed("/idp/clients/pdf-tools/tokens"):
        calm.ask("POST", f"/idp/tokens/{token['id']}/revoke")
    after = kinds()
    assert len(before["grant"] - after["grant"]) == 12
    assert {kind: keys for kind, keys in after.items() if kind != "grant"} == {
        kind: keys for kind, keys in before.items() if kind != "grant"
    }


def test_50_000_consents_are_planted_while_nobody_waits(start):
    began = time.monotonic()
    practice = start("--grants", "50000", "--attacker", "none")
    assert time.monotonic() - began < 5
    assert practice.state()["grants"] == {"all": 50_045, "active": 50_045}
    page = practice.get("/idp/grants?limit=500")
    assert (len(page["items"]), page["mark"].partition(".")[2]) == (500, "50045")
