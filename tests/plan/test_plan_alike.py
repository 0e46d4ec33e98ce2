"""Names that a tired responder takes for one another are said; names that only share a letter or two are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alike import MOST_APART, _apart, alike, lookalikes, skeleton
from inventory.integrations.model import Integration


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("drift", "drift-sandbox"), ("drift_prod", "drift"), ("drift", "dri\u200bft"), ("drift", "DRIFT"),
        ("drift", "dr\u0456ft"), ("slack-prod", "slack-pr0d"), ("salesloft", "salesl0ft"), ("jira_cloud", "jira-cloud"),
        ("okta-prod", "okta-prod2"), ("cafe", "café"), ("ＤＲＩＦＴ", "drift"),
    ],
)  # fmt: skip
def test_these_are_taken_for_one_another(one, other):
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("drift", "drift"), ("svc-drift", "svc-calendar"), ("drift", "calendar"), ("ab", "abc"), ("crm", "hrm"), ("jira", "okta")],
)  # fmt: skip
def test_these_are_not(one, other):
    assert not alike(one, other)


@given(st.text(max_size=12), st.text(max_size=12))
def test_it_is_symmetric_and_never_raises(one, other):
    assert alike(one, other) == alike(other, one)
    assert skeleton(skeleton(one)) == skeleton(one) or skeleton(one) != one


def _slow(one, other):
    if not one or not other:
        return len(one) + len(other)
    return min(
        _slow(one[1:], other) + 1, _slow(one, other[1:]) + 1, _slow(one[1:], other[1:]) + (one[0] != other[0])
    )  # fmt: skip


@given(st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_the_distance_is_that_of_its_slow_definition(one, other):
    assert _apart(one, other) == min(_slow(one, other), MOST_APART + 1)


def _integration(title, **client):
    return Integration(title=title, owner="o", footholds=[{"id": "c", "kind": "client", "at": "idp", **client}])


def test_other_integrations_are_found_by_id_title_and_client_and_references_tell_nothing():
    ours = {
        "drift": _integration("Drift, chat to CRM", client="drift-prod", key="env:DRIFT_KEY"),
        "drift_sandbox": _integration("For trying", client="zzz"),
        "by_client": _integration("Something else", client="drift-pr0d"),
        "by_title": _integration("Drift, chat to CRN", client="yyy"),
        "other": _integration("Calendar", client="calendar-sync", key="env:DRIFT_KEI"),
    }
    assert lookalikes("drift", ours) == ["by_client", "by_title", "drift_sandbox"]
    assert lookalikes("nobody", ours) == []
