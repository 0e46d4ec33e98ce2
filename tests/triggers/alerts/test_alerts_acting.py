"""From an alert that was kept to a run, a proposal, or a recorded decision not to act."""

import pytest

from tests.triggers.alerts.alert_house import alert

pytestmark = pytest.mark.asyncio


async def test_an_alert_holds_an_integration_by_itself(house):
    async with house() as it:
        (act,) = await it.acts(alert())
        assert (act.word, act.integration, act.playbook) == ("started", "drift", "alert_holds")
        (run,) = it.runs()
        assert run.id == act.run and run.opened["hold_only"] and run.opened["declared_only"]
        assert run.opened["trigger"] == "alert" and run.opened["by"] == "alert:okta"
        found = await it.until_word(run.id, "held")
        assert {effect.step for effect in found.effects.values()} == {"client"}
