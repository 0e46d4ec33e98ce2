"""`people`, `approvals` and `tell` in ringfence.yaml: every mistake at once with its place, and defaults where they are left out."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from inventory.model import Config
from inventory.read import BadInventory, parse, read_inventory
from triggers.cli import place

BASE = "connections:\n  crm: {system: practice_crm, url: 'http://127.0.0.1/crm'}\n"
DIGEST = f"sha256:{'a1' * 32}"
OTHER = f"sha256:{'b2' * 32}"
KEY = f"ed25519:{base64.b64encode(bytes(32)).decode()}"


def _read(text: str) -> Config:
    return parse(BASE + text, "ringfence.yaml", Config)


def _refused(text: str) -> list[str]:
    with pytest.raises(BadInventory) as bad:
        _read(text)
    return str(bad.value).splitlines()


def test_without_a_word_about_people_there_are_none_and_the_classes_are_ours():
    config = _read("")
    assert config.people == {}
    assert config.tell == ()
    assert [(one.name, one.up_to, one.people, one.role) for one in config.approvals.classes] == [
        ("small", 8, 1, "approver"),
        ("large", None, 2, "approver"),
    ]
    assert config.approvals.ladder == ("approver", "commander", "codes")
    assert (config.approvals.rung_s, config.approvals.restore_h, config.approvals.review_s) == (600, 4, 3600)


def test_all_that_can_be_said_is_read():
    config = _read(f"""people:
  ben:
    name: Ben Okafor
    roles: [responder, approver]
    token: "{DIGEST}"
    key: "{KEY}"
    accounts: ["os:ben", "crm:user07", "okta:ben@acme.example"]
  dora: {{name: Dora, roles: [commander], token: "env:DORA"}}
approvals:
  restore_h: 2
  classes: [{{name: small, up_to: 10, people: 1}}, {{name: all, people: 3, role: commander}}]
  ladder: [approver, codes]
  rung: 90s
  review: 2h
  codes: ["{DIGEST}", "{OTHER}"]
tell:
  - {{of: [waiting, failed], to: "env:TELL_URL", rides_on: crm}}
  - {{of: [contested], to: "file:url"}}
""")
    assert config.people["ben"].public == "00" * 32
    assert config.people["dora"].roles == ("commander",)
    assert (config.approvals.rung_s, config.approvals.review_s) == (90, 7200)
    assert config.tell[0].rides_on == "crm"


def test_every_mistake_is_told_at_once_with_its_place():
    said = _refused(f"""people:
  ben:
    name: ""
    roles: [approver, boss]
    token: "rfp_in_the_clear"
    key: "ed25519:AAAA"
    accounts: ["ben"]
  dora: {{name: Dora, roles: [], tokn: "{DIGEST}"}}
approvals:
  rung: 10
  restore_h: 0
  classes: [{{name: small, up_to: 3, people: 0, role: auditor}}]
  codes: ["1234"]
tell: [{{of: [waitin], to: chat}}]
""")
    places = [line.split(": ", 1)[0] for line in said]
    assert all(place_.startswith("ringfence.yaml:") and place_.count(":") == 2 for place_ in places)
    text = "\n".join(said)
    for part in (
        "name: must not be empty", "roles[1]: must be", "token: must be sha256:", "key: must be ed25519:",
        "accounts[0]: an account is SYSTEM:NAME", "roles: must name at least one", "unknown key 'tokn', did you mean",
        "rung: must be a duration", "restore_h: must be at least 1", "people: must be at least 1",
        "role: must be 'approver' or 'commander'", "codes[0]: must be sha256:", "of[0]: must be 'waiting'",
    ):  # fmt: skip
        assert part in text, part
    assert "rfp_in_the_clear" not in text
    assert len(said) == 13


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("approvals: {classes: [{name: a, up_to: 3, people: 1}]}", "takes all the rest: leave its up_to out"),
        ("approvals: {classes: [{name: a, people: 1}, {name: b, people: 2}]}", "each but the last has an up_to"),
        (
            "approvals: {classes: [{name: a, up_to: 5, people: 1}, {name: b, up_to: 5, people: 1}, {name: c, people: 2}]}",
            "larger than the one before",
        ),
        ("approvals: {classes: [{name: a, up_to: 5, people: 1}, {name: a, people: 2}]}", "`classes` names one twice"),
        ("approvals: {classes: []}", "must name at least one"),
        ("approvals: {ladder: [codes, approver]}", "`ladder` climbs"),
        ("approvals: {ladder: [approver, approver]}", "`ladder` names one twice"),
        ("approvals: {ladder: [approver, responder]}", "ladder[1]: must be"),
        (f"approvals: {{codes: ['{DIGEST}', '{DIGEST}']}}", "`codes` has one twice"),
        ("approvals: {rung: 25h}", "at most 24h"),
        ("approvals: {rung: 0s}", "must be a duration"),
        ("tell: [{of: [waiting], to: 'https://hooks.example/secret'}]", "`to` is env:NAME or file:PATH"),
        ("tell: [{of: [waiting]}]", "'to' is missing"),
        (
            "tell: [{of: [waiting], to: crm}]",
            "'crm' is no connection to notify, slack, email or apprise; there is none",
        ),
        (
            (
                "people:\n  a: {name: A, roles: [approver], accounts: ['os:x']}\n"
                "  b: {name: B, roles: [approver], accounts: ['OS:x']}"
            ),
            "an account is SYSTEM:NAME",
        ),
        (
            (
                "people:\n  a: {name: A, roles: [approver], accounts: ['os:x']}\n"
                "  b: {name: B, roles: [approver], accounts: ['os:X']}"
            ),
            "a and b have the same account os:x: one person, one say",
        ),
        (
            (
                f"people:\n  a: {{name: A, roles: [approver], token: '{DIGEST}'}}\n"
                f"  b: {{name: B, roles: [approver], token: '{DIGEST}'}}"
            ),
            "a and b have the same token: one person, one say",
        ),
        (
            (
                f"people:\n  a: {{name: A, roles: [approver], key: '{KEY}'}}\n"
                f"  b: {{name: B, roles: [approver], key: '{KEY}'}}"
            ),
            "a and b have the same key: one person, one say",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, why: str):
    (said,) = _refused(text)
    assert why in said
    assert said.startswith("ringfence.yaml:")
    assert "hooks.example" not in said


def test_the_practice_company_has_its_people():
    people = read_inventory(Path(place.COMPANY)).config.people
    assert {name: set(one.roles) for name, one in people.items()} == {
        "ana": {"responder"}, "ben": {"responder", "approver"}, "dora": {"responder", "approver"}, "cleo": {"commander"},
        "eve": {"responder", "approver"},
    }  # fmt: skip
    assert people["eve"].accounts == ("practice_crm:svc-drift",)
    assert all(one.token == f"sandbox:{name}_token" for name, one in people.items())
