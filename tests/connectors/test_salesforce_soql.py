"""Values get into a query by one function: whatever they hold, they stay one value."""

from __future__ import annotations

import ast
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import connectors.salesforce as room
from connectors.core import Unexpected
from connectors.salesforce import App, User, salesforce, tokens
from connectors.salesforce.soql import literal, moment, query
from tests.connectors.salesforce_org import company, id_of, value_of, words_of
from tests.connectors.test_salesforce import linked

OF_NAME = "SELECT Id FROM ConnectedApplication WHERE Name = {name} LIMIT 1"


@given(st.text(st.characters(exclude_categories=["C", "Z"])) | st.text("'\\\"\n\r\t\b\f nu() ORLIMIT"))
def test_a_text_comes_out_as_it_went_in_and_is_one_word(text):
    words = words_of(query(OF_NAME, name=text))
    assert words[:-3] == ["SELECT", "Id", "FROM", "ConnectedApplication", "WHERE", "Name", "="]
    assert words[-2:] == ["LIMIT", "1"]
    assert value_of(words[-3]) == text


@pytest.mark.parametrize(
    "name", ["Drift' OR Name != '", "\\' OR Id != NULL --", "x\\", "'; DELETE", "{name}", "{app}", "%_", "\\'", "’"]
)
def test_no_name_gets_out_of_its_quotes(name):
    assert value_of(words_of(query(OF_NAME, name=name))[-3]) == name


@pytest.mark.parametrize("bad", ["a\0b", "\x1b[2J", "\x7f", "\u202e", 1.5, None, (), {"a": 1}, datetime(2025, 8, 12)])  # noqa: DTZ001
def test_what_is_no_literal_is_refused(bad):
    with pytest.raises(ValueError, match="^(holds|is) "):
        literal(bad)


def test_other_values_are_literals_too():
    east = timezone(timedelta(hours=2))
    assert literal(datetime(2025, 8, 12, 5, 40, tzinfo=east)) == "2025-08-12T03:40:00Z"
    assert literal(datetime(2025, 8, 12, 3, 40, 1, 999, tzinfo=UTC)) == "2025-08-12T03:40:01Z"
    assert literal(("a", "b'")) == "('a', 'b\\'')"
    assert [literal(one) for one in (True, False, 7)] == ["TRUE", "FALSE", "7"]


@pytest.mark.parametrize("whole", ["005D0000001KyEIIA0", "001D000000IqhSLIAZ"])  # from the REST API Developer Guide
def test_an_id_is_completed(whole):
    assert User(user=whole[:15]).user == User(user=whole).user == whole


@pytest.mark.parametrize(
    "bad",
    ["", "005", "005D0000001Ky'I", "005D0000001KyEIIA1", "005d0000001kyeiIA0", "005D0000001KyEIIA", "005D0000001KyE\n"],
)
def test_an_id_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="id of Salesforce's"):
        User(user=bad)


def test_a_foothold_is_declared_by_all_letters_of_its_id():
    model = salesforce.footholds["user"]
    assert model(user="005D0000001KyEIIA0").user == "005D0000001KyEIIA0"
    with pytest.raises(ValueError, match="all 18 letters: 005D0000001KyEIIA0"):
        model(user="005D0000001KyEI")


def test_a_time_is_rfc_3339_and_one_that_is_none_is_not_there():
    assert moment("2025-08-20T11:54:00.000+0000") == "2025-08-20T11:54:00+00:00"
    assert [moment(bad) for bad in (None, "", "yesterday", 7)] == [""] * 4


def test_every_query_is_a_constant_and_values_go_in_by_holes():
    """No f-string and no `+` with anything but a constant may hold SELECT: whatever is in it came from us."""
    for file in Path(room.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                assert "SELECT" not in ast.unparse(node), f"{file.name}:{node.lineno}"


async def test_a_label_that_would_be_a_query_lists_nothing_of_others():
    async with linked(company()) as (read, _, org):
        assert [p async for p, _ in tokens(read, App(app="x' OR AppName != '"))] == []
        assert "AppName = 'x\\' OR AppName != \\''" in org.queries[0]


async def test_pages_that_end_early_are_no_whole_listing():
    org = company()
    org.tables["OauthToken"] = [
        row | {"AppName": "Drift", "UserId": id_of("005", n), "DeleteToken": f"dt-{n}"}
        for n in range(1200)
        for row in org.tables["OauthToken"][:1]
    ]
    async with linked(org) as (read, _, _org):
        assert len([p async for p, _ in tokens(read, App(app="Drift"))]) == 1200
        org.cut = True
        with pytest.raises(Unexpected, match="ended after 500 of 1200"):
            [p async for p, _ in tokens(read, App(app="Drift"))]
