"""`--since`: how people say when they first saw him, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from triggers.cli.place import Refused
from triggers.cli.since import first_sign

NOW = datetime(2026, 11, 24, 2, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "ago"),
    [("90m", timedelta(minutes=90)), ("2h", timedelta(hours=2)), (" 3d ago ", timedelta(days=3)), ("0m", timedelta(0))],
)
def test_how_long_ago(said, ago):
    assert first_sign(said, NOW) == NOW - ago


@pytest.mark.parametrize("said", ["2026-11-24T01:40:00Z", "2026-11-24T02:40:00+01:00", "2026-11-24 01:40:00+00:00"])
def test_a_time_with_its_zone(said):
    assert first_sign(said, NOW) == datetime(2026, 11, 24, 1, 40, tzinfo=UTC)


def test_nothing_said_is_nothing():
    assert first_sign("", NOW) is None


@pytest.mark.parametrize(
    "said", ["2026-11-24T01:40:00", "yesterday", "2w", "-2h", "99999d", "2026-13-01T00:00:00Z", "2h\n3h"]
)
def test_what_is_no_time_is_refused(said):
    with pytest.raises(Refused, match="is no time"):
        first_sign(said, NOW)


def test_a_time_to_come_is_refused():
    with pytest.raises(Refused, match="still to come"):
        first_sign("2026-11-24T02:40:01Z", NOW)
