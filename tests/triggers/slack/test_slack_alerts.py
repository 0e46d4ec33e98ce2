"""What alerts propose stands in the channel once, with its buttons; what no run says is said there too, and no text of an alert is."""

import asyncio

from journal import Draft
from tests.triggers.page import page_house as parked
from tests.triggers.slack.slack_reading import aloud


async def proposed(office, run="R-9", **more):
    """A plan as an alert leaves it: a dry run that nobody asked for."""
    journal = office.house.journal
    opening = parked.opened("alert:okta", "dry-run", str(office.house.inventory.path), **more)
    body = {**opening.body, "trigger": "alert", "since": "2026-11-26T02:31:00Z"}
    lease, _ = await journal.begin(run, "INC-9", Draft("opened", body))
    await journal.append(lease, [parked.planned(not_told=[]), Draft("worded", {"word": "planned", "why": "", "footholds": {}}),
                                 Draft("ended", {"word": "planned"})])  # fmt: skip
    await journal.release(lease, unlock=True)


async def test_a_proposal_stands_there_once_with_its_buttons(office):
    await proposed(office)
    await office.until(office.slack.heads)
    (head,) = office.slack.heads()
    said = aloud(head)
    assert "LIVE PLAN" in said
    assert "alert:okta" in said
    assert "plan_hold" in str(head["blocks"])
    await asyncio.sleep(1.0)
    assert len(office.slack.heads()) == 1


async def test_of_an_alert_that_may_be_about_slack_only_the_neutral_line_is_said(office):
    footholds = {
        "client": {"kind": "client", "at": "okta", "names": {"client": "x"}, "needs": [], "found": "", "sure": True}
    }
    await proposed(office, footholds=footholds)
    await office.until(office.slack.heads)
    (head,) = office.slack.heads()
    assert aloud(head).strip().startswith("incident INC-9, see the page")


async def test_what_no_run_says_is_said_once(office):
    (herald,) = office.house.heralds
    for _ in range(3):
        assert await herald("ours:1", "our-credential", ["<!channel> look"], [])
    (head,) = office.slack.heads()
    assert "OUR OWN CREDENTIAL IS IN STRANGE HANDS" in aloud(head)
    assert "<!channel>" not in head["text"]


async def test_where_slack_rides_on_what_it_is_about_nothing_is_said(office):
    (herald,) = office.house.heralds
    assert await herald("ours:2", "our-credential", ["look"], ["okta"])
    assert office.slack.heads() == []


async def test_while_slack_is_away_it_is_to_be_tried_again(office):
    (herald,) = office.house.heralds
    await office.slack.close()
    assert not await herald("ours:3", "our-credential", ["look"], [])
