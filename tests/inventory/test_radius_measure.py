"""What an integration reaches: the order of families, what nobody can close, what stops with it, and whose the counts are."""

import pytest
from radius_world import CONNECTIONS, SYSTEMS, Seen, hostile, inventory, large, measured, one

import connectors.core.connector as core
from connectors.core.model import FAMILIES
from engine.registry import registry
from inventory.radius import radius
from inventory.radius.model import LAYER_OF
from triggers.cli.place import described


def test_what_can_be_undone_comes_first_and_each_part_in_the_order_of_families():
    found = radius(described(sandbox=True), "drift", registry().systems)
    steps = [(act.way, act.name, foothold.id) for foothold, act in found.order]
    assert [way for way, _, _ in steps] == sorted((way for way, _, _ in steps), key=["hold", "cut"].index)
    names = [name for _, name, _ in steps]
    wanted = [
        "practice_idp.disable_client", "practice_crm.freeze_user", "practice_firewall.allow_only",
        "practice_crm.end_session", "practice_idp.revoke_token",
    ]  # fmt: skip
    assert [name for name in dict.fromkeys(names) if name in wanted] == wanted
    for way in ("hold", "cut"):
        families = [min(map(FAMILIES.index, act.does)) for _, act in found.order if act.way == way]
        assert families == sorted(families)
    assert [act.n for _, act in found.order] == list(range(1, len(steps) + 1))


def test_in_a_family_the_riskiest_foothold_is_first():
    two = one(
        {"id": "quiet", "kind": "app", "at": "vault_eu", "app": "a1"},
        {"id": "busy", "kind": "app", "at": "vault_eu", "app": "a2"},
    )
    grants = [Seen("vault_eu", "grant", f"g{n}", part_of="a2", person=f"p{n}") for n in range(3)]
    order = [(foothold.id, act.name) for foothold, act in measured("x", {"x": two}, grants).order]
    assert order == [
        ("busy", "vault.switch_off"), ("quiet", "vault.switch_off"), ("busy", "vault.end_grant"), ("quiet", "vault.end_grant"),
    ]  # fmt: skip
    assert [name for name, _ in ((f.id, a) for f, a in measured("x", {"x": two}).order)][:2] == ["quiet", "busy"]


def test_each_kind_of_foothold_has_a_layer():
    assert set(LAYER_OF) == set(core.KINDS)


def cannot(*footholds, **more):
    found = measured("x", {"x": one(*footholds, **more)})
    return found.footholds[0], " | ".join([*found.cannot, *found.footholds[0].cannot])


def test_what_nothing_of_ours_reaches_is_told_with_whom_to_ask():
    foothold, said = cannot(
        {"id": "t", "kind": "token", "held": "theirs"}, vendor="Acme", security="mailto:security@acme.example"
    )
    assert foothold.state == "nobody"
    assert "nothing of ours reaches it, so no run can close it: ask Acme (security@acme.example)" in said


def test_a_connection_or_a_connector_that_there_is_not_is_told():
    assert (
        "no connection nowhere: no run can close it"
        in cannot({"id": "t", "kind": "app", "at": "nowhere", "app": "a"})[1]
    )
    assert (
        "no connector for gone: no run can close it"
        in cannot({"id": "t", "kind": "path", "at": "lost", "path": "p"})[1]
    )


def test_a_family_that_no_action_does_leaves_it_closed_in_part_and_says_who_would_do_it():
    foothold, said = cannot({"id": "c", "kind": "client", "at": "vault_eu", "app": "a"})
    assert (foothold.state, foothold.missing) == ("in-part", ("kills-refresh",))
    assert "refresh tokens go on making access tokens (kills-refresh)" in said
    assert "end_given wants token" in said


def test_a_kind_without_any_action_is_closed_by_nobody():
    foothold, said = cannot({"id": "k", "kind": "key", "at": "vault_eu", "key": "AKIA1", "hush": "env:HUSH"})
    assert foothold.state == "nobody"
    assert "what was given out goes on working (kills-access)" in said


def test_what_lives_on_and_a_missing_canary_are_told_and_a_canary_ends_that():
    _, said = cannot()
    assert "lives on after end_grant for at most 60 min: caches keep it" in said
    assert "no canary" in said
    assert "no security contact" in said
    assert "no canary" not in cannot(canary="env:CANARY")[1]


def test_what_is_only_likely_its_own_is_in_no_order():
    found = measured(
        "x", {"x": one({"id": "a", "kind": "app", "at": "vault_eu", "app": "a", "found": "same title", "sure": False})}
    )
    assert found.order == ()
    assert found.footholds[0].state == "nobody"
    assert "no run touches it" in found.footholds[0].cannot[0]


def test_no_secret_and_no_reference_to_one_names_a_foothold():
    foothold, _ = cannot({"id": "k", "kind": "key", "at": "vault_eu", "key": "AKIA1", "hush": "plain-secret"})
    assert foothold.names == (("key", "AKIA1"),)
    foothold, _ = cannot({"id": "k", "kind": "token", "api_token": "plain-secret", "name": "env:X", "owner": "acme"})
    assert foothold.names == (("owner", "acme"),)


def test_things_are_counted_where_they_belong_and_nowhere_else():
    two = one(
        {"id": "first", "kind": "app", "at": "vault_eu", "app": "a1"}, {"id": "other", "kind": "app", "at": "vault_eu", "app": "a2"}
    )  # fmt: skip
    things = [
        Seen("vault_eu", "app", "a1", names={"app": "a1"}, people=7, scopes=("admin",), works_as=("vault:a2", "crm:x")),
        Seen("vault_eu", "app", "a3", names={"app": "a3"}, people=900),
        Seen("vault_eu", "grant", "g1", part_of="a1", person="kim", used_at="2026-11-01T00:00:00Z"),
        Seen("vault_eu", "grant", "g2", part_of="a1", person="kim", used_at="2026-11-02T00:00:00Z"),
        Seen("vault_eu", "grant", "g3", part_of="a3", person="lee"),
        Seen("elsewhere", "grant", "g4", part_of="a1", person="lee"),
    ]
    found = measured("x", {"x": two}, things)
    first, other = found.footholds
    assert [(part.kind, part.count, part.people, part.persons, part.used_at) for part in first.credentials] == [
        ("grant", 2, 1, ("kim",), "2026-11-02T00:00:00Z")
    ]
    assert (first.people, first.scopes) == (7, ("admin",))
    assert [(part.kind, part.count) for part in other.credentials] == [("grant", None)]
    assert (found.people, found.credentials) == (7, 2)
    assert [(account.name, account.foothold) for account in first.accounts] == [("crm:x", ""), ("vault:a2", "other")]
    assert any("works as crm:x, which is no foothold here" in said for said in first.cannot)


def test_what_stops_with_it_is_followed_to_the_end_each_once_and_a_circle_ends():
    chain = {
        "a": one(needed_by=("b", "c")), "b": one(needed_by=("d",), serves=("reports",), without="by hand"),
        "c": one(needed_by=("d",)), "d": one(needed_by=("a", "d", "e")), "e": one(needed_by=("ghost",)),
        "alone": one(),
    }  # fmt: skip
    found = measured("a", chain)
    assert [(each.id, each.depth, each.by) for each in found.downstream] == [
        ("b", 1, ("a",)), ("d", 2, ("b", "c")), ("e", 3, ("d",)), ("ghost", 4, ("e",)), ("c", 1, ("a",)),
    ]  # fmt: skip
    assert (found.downstream[0].serves, found.downstream[0].without) == (("reports",), "by hand")
    assert found.circular == ("d",)
    assert [each.known for each in found.downstream] == [True, True, True, False, True]
    assert measured("alone", chain).downstream == ()
    assert measured("d", chain).circular == ("b", "c")


def test_an_integration_that_needs_itself_does_not_stop_with_itself():
    assert measured("a", {"a": one(needed_by=("a",))}).downstream == ()


def test_no_such_integration_is_told_with_the_nearest():
    with pytest.raises(LookupError, match="no integration 'drfit'.*drift"):
        radius(inventory({"drift": one()}), "drfit", SYSTEMS)


def test_the_large_one_has_all_states_and_the_hostile_one_is_measured():
    assert {each.state for each in large().footholds} == {"cut", "in-part", "nobody"}
    assert hostile().people == 1
    assert set(CONNECTIONS) == {"vault_eu", "lost"}
