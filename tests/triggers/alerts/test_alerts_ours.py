"""An alert about our own credential: an echo of a call in the record, or the loudest alarm there is."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.triggers.alerts.alert_house import alert
from tests.triggers.alerts.conftest import switch_on
from triggers.alerts.acting.echo import kinds_of

OURS = "ringfence@acme.example"


def about_us(id_="E1", **more):
    return alert(
        id_, type="client.disable", app="drift-prod", principal=OURS, time=datetime.now(UTC).isoformat(), **more
    )


async def held(it):
    """A run of ours that switched the client off just now."""
    switch_on(
        it.handshake, "drift-prod"
    )  # a visit to the run of the test before may have come after it was switched on
    (act,) = await it.acts(alert())
    run = await it.until_word(act.run, "held")
    assert any(effect.sends for effect in run.effects.values()), "nothing was sent, so nothing could echo"
    return run


async def test_what_fits_a_call_of_ours_is_an_echo(house):
    async with house(identity={"practice_idp": [OURS]}) as it:
        run = await held(it)
        *_, act = await it.acts(about_us())
        assert (act.word, act.run) == ("echo", run.id)
        assert it.events("our_credential") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"app": "calendar-sync"}, {"type": "client.enable"}, {"type": "user.list"}, {"type": "client.disable_and_enable"},
        {"time": (datetime.now(UTC) - timedelta(minutes=30)).isoformat()}, {"time": None},
        {"time": (datetime.now(UTC) + timedelta(minutes=30)).isoformat()},
    ],
    ids=["another target", "the opposite", "a look", "both", "before it", "without a time", "long after it"],
)  # fmt: skip
async def test_what_fits_no_call_is_the_loudest_alarm(house, changed):
    async with house(identity={"practice_idp": [OURS]}) as it:
        await held(it)
        *_, act = await it.acts({**about_us(), **changed})
        assert act.word == "our-credential"
        (event,) = it.events("our_credential")
        assert event["credentials"] == [OURS]
        assert event["connections"] == ["practice_idp"]
        await asyncio.sleep(0.5)
        assert any("OUR OWN CREDENTIAL IN STRANGE HANDS" in line for line in it.told)
        assert [one["of"] for one in it.events("told")] == ["our-credential"], (
            "everybody is told, whatever they listen to"
        )


async def test_without_a_run_there_is_nothing_to_echo(house):
    async with house(identity={"practice_idp": [OURS]}) as it:
        (act,) = await it.acts(about_us())
        assert act.word == "our-credential"


async def test_everybody_is_told_once_an_hour_and_every_one_is_recorded(house):
    async with house(identity={"practice_idp": [OURS]}) as it:
        acts = await it.acts(*(about_us(f"E{number}") for number in range(30)))
        assert {act.word for act in acts} == {"our-credential"}
        assert sum("STRANGE HANDS" in line for line in it.told) == 1
        assert len(it.events("our_credential")) == 1


async def test_an_alert_that_names_us_never_starts_anything(house):
    async with house(identity={"practice_idp": [OURS]}) as it:
        (act,) = await it.acts(alert(principal=OURS))
        assert act.word == "proposed"
        assert "ours" in act.why
        assert it.runs() == []


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("user.lifecycle.suspend", {"close"}), ("user.lifecycle.unsuspend", {"open"}), ("DeleteAccessKey", {"close"}),
        ("allow_only", {"close"}), ("token_revoked", {"close"}), ("endpoint.list", set()), ("enable_then_disable", {"open", "close"}),
    ],
)  # fmt: skip
def test_words_of_closing_and_opening_are_told_apart(said, kinds):
    assert kinds_of(said) == kinds
