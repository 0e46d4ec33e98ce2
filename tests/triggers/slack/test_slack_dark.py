"""`ringfence go-dark` from the command line; a record with it, and with what was turned away, verifies."""

import asyncio
import json

import pytest
import pytest_asyncio

from journal.event import JOURNAL
from journal.proof.verify import verify_url
from tests.triggers.slack.practice import company
from triggers.cli import place
from triggers.cli.main import main


@pytest_asyncio.fixture
async def shop(tmp_path, home, slack):
    async with company(tmp_path, home, slack, keys=lambda: place.own_key("sandbox")) as office:
        yield office


@pytest.mark.parametrize(("who", "code"), [("ana", 0), ("cleo", 0)])
async def test_a_run_goes_dark_from_the_command_line(shop, capfd, who, code):
    from triggers.house import Asked

    ana = shop.house.who(account="person:ana", how="slack")
    run = (await shop.house.start(Asked("stolen_oauth_tokens", {"integration": "drift"}, ana, "x"))).run
    capfd.readouterr()
    words = [
        "go-dark",
        run,
        "--reason",
        "they read along",
        "--as",
        who,
        "--config",
        str(shop.house.inventory.path),
        "--json",
    ]
    assert await asyncio.to_thread(main, words) == code, capfd.readouterr()
    assert json.loads(capfd.readouterr().out.strip().splitlines()[-1])["counts"] is (code == 0)
    (event,) = shop.events("darkened", run)
    assert (event.body["by"], event.body["why"]) == (f"person:{who}", "they read along")
    await shop.post("unsigned", {"X": "y"})
    await shop.service.record_turned_away()
    assert [e.body["turned_away"] for e in shop.house.journal.events(JOURNAL) if e.type == "knocked"] == [
        {"malformed": 1}
    ]
    assert verify_url(shop.house.journal.url) == []
