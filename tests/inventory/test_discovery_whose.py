"""Whose a thing is: by declaration, by the provider's links, by an earlier declaration; by its name it is only likely."""

from __future__ import annotations

import pytest

from inventory.discovery.thing import Thing
from inventory.discovery.whose import foothold_id, footholds_of, together, whose
from inventory.integrations.model import Integration, OwnEntry

SYSTEMS = {"idp": "okta", "crm": "crm", "crm_test": "crm", "wall": "firewall"}


def thing(place, **more):
    connection, kind, key = place.split("/")
    names = {kind: key} if kind in {"client", "user", "key", "path"} else {}
    fields = {"look": f"{SYSTEMS[connection]}.{kind}", "part_of": "", "names": names, "state": {}, "title": "", "publisher": "", "scopes": (),
                  "hosts": (), "works_as": (), "belongs_to": (), "created_at": "", "digest": "d"}  # fmt: skip
    return Thing(connection=connection, kind=kind, key=key, **{**fields, **more})


def integration(*footholds, **more):
    given = {"title": "T", "owner": "o", "footholds": list(footholds), **more}
    return Integration.model_validate(given)


CLIENT = {"id": "client", "kind": "client", "at": "idp", "client": "drift-prod"}
DRIFT = integration(CLIENT, vendor="Salesloft (practice)", addresses=["203.0.113.0/28"])


def owners(things, ours=(), **integrations):
    found = whose(things, integrations, ours, SYSTEMS)
    return {place: [(o.integration, o.how) for o in given] for place, given in found.owners.items()}


def test_a_declaration_names_connection_kind_and_thing():
    things = [thing("idp/client/drift-prod"), thing("idp/client/drift-test"), thing("crm/user/drift-prod")]
    assert owners(things, drift=DRIFT) == {"idp/client/drift-prod": [("drift", "declared")]}


def test_the_providers_links_lead_both_ways_and_on():
    things = [
        thing("idp/client/drift-prod", works_as=("crm:svc-drift",)),
        thing("crm/user/svc-drift"),
        thing("crm/key/k1", belongs_to=("okta:drift-prod",)),
        thing("crm/key/k2", belongs_to=("crm:svc-drift",)),
        thing("crm/key/k3", belongs_to=("okta:other",)),
    ]
    found = owners([*things, thing("crm/user/stranger")], drift=DRIFT)
    assert found == {
        "idp/client/drift-prod": [("drift", "declared")],
        **{place: [("drift", "linked")] for place in ("crm/user/svc-drift", "crm/key/k1", "crm/key/k2")},
    }


def test_an_account_at_either_of_two_connections_is_nobodys():
    things = [thing("idp/client/drift-prod", works_as=("crm:svc",)), thing("crm/user/svc"), thing("crm_test/user/svc")]
    assert owners(things, drift=DRIFT) == {"idp/client/drift-prod": [("drift", "declared")]}


def test_what_another_declared_or_is_ours_is_not_taken_by_a_link():
    other = integration({"id": "u", "kind": "user", "at": "crm", "user": "svc"})
    linked = thing("idp/client/drift-prod", works_as=("crm:svc", "crm:portal"))
    ours = OwnEntry.model_validate({"kind": "user", "at": "crm", "user": "portal", "why": "our own portal"})
    found = whose([linked, thing("crm/user/svc"), thing("crm/user/portal", title="Drift portal")],
                  {"drift": DRIFT, "other": other}, [ours], SYSTEMS)  # fmt: skip
    assert [(o.integration, o.how) for o in found.owners["crm/user/svc"]] == [("other", "declared")]
    assert "crm/user/portal" not in found.owners
    assert found.ours == {"crm/user/portal": "our own portal"}
    assert found.unknown == []


def test_what_was_taken_out_of_the_file_is_still_known_for_whose_it_was():
    things = [thing("idp/client/drift-prod"), thing("wall/path/api", declared_as="drift/api_path")]
    found = whose(things, {"drift": DRIFT}, (), SYSTEMS)
    (owner,) = found.owners["wall/path/api"]
    assert (owner.how, owner.sure) == ("declared-before", True)
    assert "drift/api_path" in owner.why
    moved = integration({"id": "p", "kind": "path", "at": "wall", "path": "api"})
    assert owners(things, drift=DRIFT, calendar=moved)["wall/path/api"] == [("calendar", "declared")]


@pytest.mark.parametrize(
    ("more", "likely"),
    [
        ({"title": "Drift connector"}, True),
        ({"publisher": "Salesloft, Inc."}, True),
        ({"used_from": "203.0.113.7"}, True),
        ({"hosts": ("203.0.113.9",)}, True),
        ({"title": "Snowdrift"}, False),
        ({"title": "Adrift"}, False),
        ({"used_from": "203.0.113.77"}, False),
        ({"used_from": "not an address"}, False),
    ],
)
def test_a_name_or_an_address_makes_it_likely_and_no_more(more, likely):
    found = whose([thing("crm/key/k9", **more)], {"drift": DRIFT}, (), SYSTEMS)
    assert bool(found.owners) == likely
    assert all(owner.how == "likely" and not owner.sure for given in found.owners.values() for owner in given)


def test_what_is_declared_and_not_there_is_missing_where_it_was_listed():
    found = whose([], {"drift": DRIFT}, (), SYSTEMS, frozenset({("idp", "client")}))
    assert [(name, entry.id) for name, entry in found.missing] == [("drift", "client")]
    assert whose([], {"drift": DRIFT}, (), SYSTEMS).missing == []


def test_footholds_are_made_of_what_nobody_declared():
    things = [
        thing("idp/client/drift-prod", works_as=("crm:svc-drift",)),
        thing("crm/user/svc-drift"), thing("crm/key/k1", title="Drift"), thing("crm/key/nobodys"),
        thing("crm/invoice/7", belongs_to=("okta:drift-prod",)),
    ]  # fmt: skip
    made = footholds_of(whose(things, {"drift": DRIFT}, (), SYSTEMS), frozenset({"client", "user", "key"}))
    assert [(e.id, e.kind, e.at, e.names, e.sure) for e in made["drift"]] == [
        ("user_svc_drift", "user", "crm", {"user": "svc-drift"}, True),
        ("key_k1", "key", "crm", {"key": "k1"}, False),
    ]
    assert all(entry.found for entry in made["drift"])


def test_an_id_is_made_of_any_name():
    assert foothold_id("key", "K/1 — Ü", ()) == "key_k_1"
    assert foothold_id("key", "k", ("key_k", "key_k_2")) == "key_k_3"
    assert len(foothold_id("client", "x" * 300, ())) <= 40


def test_what_is_nobodys_hangs_together_by_the_providers_links():
    things = [
        thing("idp/client/app", works_as=("crm:svc",)), thing("crm/user/svc"), thing("crm/key/k1", belongs_to=("crm:svc",)),
        thing("crm/key/lone"), thing("idp/client/drift-prod", works_as=("crm:known",)), thing("crm/user/known"),
    ]  # fmt: skip
    found = whose(things, {"drift": DRIFT}, (), SYSTEMS)
    assert together(found, SYSTEMS) == {
        "idp/client/app": "idp/client/app", "crm/user/svc": "idp/client/app", "crm/key/k1": "idp/client/app",
        "crm/key/lone": "crm/key/lone",
    }  # fmt: skip


def test_a_ring_of_links_hangs_on_one_of_its_own():
    ring = [thing("idp/client/a", works_as=("okta:b",)), thing("idp/client/b", works_as=("okta:a",))]
    hangs = together(whose(ring, {}, (), SYSTEMS), SYSTEMS)
    assert len(hangs) == 2
    assert len(set(hangs.values())) == 1
