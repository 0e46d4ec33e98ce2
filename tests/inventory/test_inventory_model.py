"""What a file must keep, and what a record need not: it was taken once, by the rules of its day."""

import pytest
from pydantic import ValidationError

from inventory.integrations.model import MOST_FOOTHOLDS, FootholdEntry, Integration

HELD = {"id": "c", "kind": "client", "at": "idp", "client": "x"}
OLD = {
    "title": "D" * 500,
    "owner": " ",
    "vendor": "",
    "security": "",
    "purpose": "two\nlines",
    "data": ["a"] * 200,
    "addresses": ["vendor.example", "0.0.0.0/0"],
    "footholds": [HELD | {"found": "it is called 'x\x07' there", "sure": False}] * (MOST_FOOTHOLDS + 1),
}


def test_what_the_journal_has_is_read_by_the_rules_of_its_day():
    with pytest.raises(ValidationError):
        Integration.model_validate(OLD)
    again = Integration.recorded(OLD)
    assert again.addresses == ("vendor.example", "0.0.0.0/0")
    assert Integration.recorded(again.model_dump(mode="json")) == again
    for key, value in (("footholds", [HELD | {"id": "Bad Id"}]), ("title", 3), ("more", 1)):
        with pytest.raises(ValidationError):
            Integration.recorded(OLD | {key: value})


def test_an_integration_comes_back_from_its_own_dump():
    one = Integration.model_validate({"title": "Drift", "owner": "it", "footholds": [HELD]})
    assert Integration.recorded(one.model_dump(mode="json")) == one


def test_what_discovery_adds_is_bound_by_no_file():
    one = Integration.model_validate({"title": "Drift", "owner": "it", "footholds": [HELD]})
    strange = FootholdEntry(id="d", kind="webhook", at="crm", found="it was made for it", hook="\x07" * 5000)
    both = one.model_copy(update={"footholds": (*one.footholds, strange)})
    assert Integration.recorded(both.model_dump(mode="json")) == both
