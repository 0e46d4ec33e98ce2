"""The first line: who, where, last used when and from where, how many people; and whatever speaks against it."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.core import People, Person, State, UsedAt, UsedFrom, Volatile, people_counted, persons
from engine.plan.first_line import Use, is_vendors, moment, told, uses

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)
VENDOR = ("203.0.113.10", "198.51.100.0/24")
OPENED = {
    "integration_title": "Drift", "alike": [],
    "footholds": {
        "run_as": {"kind": "user", "at": "crm", "names": {"user": "svc"}},
        "c": {"kind": "client", "at": "idp", "names": {"client": "drift-prod", "registration_token": "env:X"}},
        "nowhere": {"kind": "key", "at": "", "names": {}},
    },
    "connections": {"idp": {"tenant": "acme", "environment": "production"}, "crm": {"tenant": "", "environment": ""}},
}  # fmt: skip


class Seen(State):
    active: bool
    when: Volatile[UsedAt[str]] = ""
    where: Volatile[UsedFrom[str]] = ""
    who: Volatile[Person[str]] = ""
    whom: Volatile[Person[tuple[str, ...]]] = ()
    many: Volatile[People[int]] = 0


def line(*found, **more):
    return told(OPENED | more, found, vendor=VENDOR, people=41, now=NOW)


def test_it_says_which_client_at_which_tenant_and_names_no_reference():
    said = line(Use(NOW - timedelta(minutes=3), "203.0.113.10"))
    assert said["ways"] == [
        "client drift-prod at idp (acme, production)", "key nowhere, which no connection of ours reaches", "user svc at crm",
    ]  # fmt: skip
    assert said["text"].startswith("Drift: client drift-prod at idp (acme, production), ")
    assert said["text"].endswith("last used 3 min ago (02:37:00 UTC) from 203.0.113.10, the vendor; 41 people")
    assert "env:X" not in said["text"]
    assert (said["unused"], said["strange_addresses"]) == (False, [])


def test_an_address_that_is_none_of_the_vendors_is_said_even_when_the_vendor_came_later():
    said = line(Use(NOW - timedelta(hours=1), "185.220.101.34"), Use(NOW, "198.51.100.7"))
    assert said["strange_addresses"] == ["185.220.101.34"]
    assert "from 198.51.100.7, the vendor; also used from 185.220.101.34, NOT an address of the vendor" in said["text"]
    last = line(Use(NOW, "185.220.101.34"))
    assert "from 185.220.101.34, NOT an address of the vendor" in last["text"]


def test_without_addresses_in_the_inventory_nothing_is_called_the_vendors():
    said = told(OPENED, [Use(NOW, "203.0.113.10")], vendor=(), people=0, now=NOW)
    assert "NOT known to be the vendor's" in said["text"]


@pytest.mark.parametrize(("days", "unused"), [(29, False), (30, True), (400, True)])
def test_not_used_in_thirty_days_is_said(days, unused):
    said = line(Use(NOW - timedelta(days=days), ""))
    assert said["unused"] is unused
    assert ("NOT USED IN 30 DAYS" in said["text"]) is unused


def test_where_no_look_tells_of_a_use_that_is_said():
    assert "last use: no look tells" in line()["text"]
    assert "also" not in line(Use(None, "185.220.101.34"))["text"]
    assert "used from 185.220.101.34, NOT an address" in line(Use(None, "185.220.101.34"))["text"]


def test_lookalikes_are_said():
    assert line(alike=["drift_sandbox"])["text"].endswith("; Also exists: drift_sandbox (not touched)")


def test_the_markers_find_their_fields_whatever_these_are_called():
    one = Seen(active=True, when="2026-11-24T02:39:00Z", where="1.2.3.4", who="ann", whom=("bo", ""), many=7)
    assert uses([one]) == [Use(datetime(2026, 11, 24, 2, 39, tzinfo=UTC), "1.2.3.4")]
    assert sorted(persons(one)) == ["ann", "bo"]
    assert people_counted(one) == 7
    assert uses([Seen(active=True)]) == []
    assert one.governed() == {"active": True}, "markers go together with Volatile"


def test_times_come_as_text_time_or_seconds():
    assert moment("2026-11-24T02:40:00Z") == NOW
    assert moment(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert moment(datetime(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001
    assert moment("yesterday") is moment(1e300) is moment(None) is None


def test_a_network_holds_its_addresses():
    assert is_vendors("198.51.100.9", VENDOR)
    assert not is_vendors("198.51.101.9", VENDOR)
    assert not is_vendors("not-an-address", ("also-not",))
    assert is_vendors("gateway.vendor.example", ("gateway.vendor.example",))
