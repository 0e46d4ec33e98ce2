"""The attacker's table: with any one alert secret he opens nothing, delays a hold by at most a minute, over-contains at most
what the budget lets him, and learns nothing from the answers."""

import asyncio
import time

import pytest

from tests.triggers.alerts.alert_house import alert
from tests.triggers.alerts.doorway import SECRETS, Doorway
from tests.triggers.alerts.trust import signers as by

FORMS = [
    "okta", "github", "google-workspace", "google-alert-center", "microsoft-graph", "salesforce", "ssf", "aws-guardduty",
    "aws-securityhub", "ocsf", "github-audit", "alertmanager", "pagerduty", "slack-audit", "crowdstrike", "falco", "wiz",
    "push-security", "cloudevents", "generic",
]  # fmt: skip
REAL = {"real": {"source": "okta", "secrets": ["env:ALERT_SECRET"], "auto": "hold"}}


def stolen(name):
    """A configuration in which the secret of this sender was stolen, and another one is honest."""
    return {"sources": REAL | {name: {"source": "okta", "secrets": ["env:ALERT_SECRET"], "auto": "hold"}}}


def hostile(number, **more):
    return alert(
        f"H{number}", title="<!channel> ${inputs.integration} {{7*7}} ../../etc", links=["http://169.254.169.254/"],
        principals=[{"kind": "user", "id": f"u-{number}"}], **more,
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
async def test_he_opens_nothing(house, name):
    async with house(**stolen(name)) as it:
        (act,) = await it.acts(alert(), name="real")
        before = await it.until_word(act.run, "held")
        for status in ("resolved", "updated", "open", "test"):
            await it.deliver(hostile(1, status=status), alert(status=status), name=name)
            await it.deliver({**alert("U1", type="client.enabled", status=status)}, name=name)
        await it.settled()
        (run,) = [one for one in it.runs() if one.id == act.run]
        assert run.word == "held"
        assert not any(effect.back for effect in run.effects.values())
        assert {e.id: e.word for e in run.effects.values()} == {e.id: e.word for e in before.effects.values()}
        assert not run.approved
        assert not run.orders
        assert [one.id for one in it.runs()] == [act.run]


@pytest.mark.parametrize("name", FORMS)
async def test_he_delays_a_hold_by_at_most_a_minute(house, name):
    async with house(**stolen(name)) as it:
        flood = [hostile(number, type=f"noise.{number}") for number in range(600)]
        flood += [hostile(number, type="token.odd", app=f"app-{number}") for number in range(600, 700)]
        kept = [asyncio.ensure_future(it.deliver(one, name=name)) for one in flood]
        began = time.monotonic()
        await it.deliver(alert("REAL"), name="real")
        while not it.runs():
            assert time.monotonic() - began < 60
            await asyncio.sleep(0.02)
        await asyncio.gather(*kept)
        (run,) = it.runs()
        assert run.opened["by"] == "alert:real"


@pytest.mark.parametrize("name", FORMS)
async def test_he_over_contains_at_most_the_budget(house, name):
    async with house(critical=("calendar",), **stolen(name), per_integration=2) as it:
        apps = ["drift-prod", "calendar-sync", "intranet", "svc-drift", "crm-api", "drift", "*", "drift-prod' or 1==1"]
        acts = await it.acts(*(hostile(number, app=app) for number, app in enumerate(apps * 4)), name=name)
        started = [act for act in acts if act.word == "started"]
        assert len(started) <= 2
        for run in it.runs():
            found = await it.until_word(run.id, "held")
            assert found.opened["integration"] == "drift", "the other one is critical"
            assert found.opened["hold_only"]
            assert found.opened["declared_only"]
            assert {effect.action for effect in found.effects.values()} <= {"practice_idp.disable_client"}
            assert {effect.target for effect in found.effects.values()} <= {"drift-prod"}
            assert found.opened["playbook"] == "alert_holds"


SIGN = {
    "okta": by.header, "github": by.github, "svix": by.standard, "slack": by.slack, "pagers": by.pagerduty, "push": by.push,
    "falcon": by.crowdstrike, "bearers": by.bearer, "basics": lambda body: by.basic(body, SECRETS["env:BASIC"]),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGN)
async def test_he_learns_nothing_from_answers(name):
    """Whatever is in it, whether it is known already, can be read, is meant, or names what is ours: the answer is the same."""
    way, answers = Doorway(), set()
    bodies = [
        b'{"a": 1}',
        b'{"a": 1}',
        b'{"app": "drift-prod"}',
        b'{"app": "nobodys"}',
        b"[]",
        b'{"test": true}',
        b"not json",
    ]
    for body in bodies:
        answer = await way.ask(name, body, SIGN[name](body))
        shown = tuple(
            sorted((key, value) for key, value in answer.headers.items() if key not in {"date", "x-request-id"})
        )
        answers.add((answer.status_code, answer.content, shown))
    told = {status for status, _, _ in answers}
    assert told <= {200, 202, 204, 400, 401}
    assert len([one for one in answers if one[0] < 300]) == 1
