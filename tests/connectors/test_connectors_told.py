"""What an answer says beyond its status: by a provider that says `no` with 200, and `wait` with 403."""

from __future__ import annotations

import pytest

from connectors.core import Busy, Call, Came, Connector, Mark, NotAllowed, Rate, Reader, Secret, Sender, Told, Unseen
from tests.connectors.provider import provider, says, wired

MARKS = {Mark.ME: "m", Mark.RUN: "r", Mark.NOW: "n"}


def told(status, headers, body):
    word = body.get("word", "") if isinstance(body, dict) else ""
    kind = {"wait": Busy, "no": NotAllowed, "gone": Unseen}.get(word)
    return Told(word, kind, 400 if word == "wait" else 1.0, look=word == "already")


odd = Connector("odd", rate=Rate(5000), meaning={401: NotAllowed, 403: NotAllowed, 404: Unseen}, told=told)
WORDS = {
    "no": (200, NotAllowed, Came.REFUSED),
    "gone": (200, Unseen, Came.REFUSED),
    "wait": (403, Busy, Came.BUSY),
    "already": (400, None, Came.OK),
    "": (200, None, Came.OK),
}


@pytest.mark.parametrize("word", WORDS)
async def test_a_read_and_a_send_mean_what_the_answer_says(word):
    status, error, came = WORDS[word]
    async with provider(lambda _: says(status, {"word": word})) as there:
        async with wired(there.url, connector=odd) as wire:
            outcome = await Sender(wire).send(Call.post("/x"), MARKS)
            assert (outcome.came, outcome.why) == (came, f"{status} {word}".rstrip())
        async with wired(there.url, connector=odd) as wire:
            if error is not None:
                with pytest.raises(error, match=f"{status} {word}"):
                    await Reader(wire).get("/x")
            elif status == 200:
                assert await Reader(wire).get("/x") == {"word": ""}


@pytest.mark.parametrize(("word", "away"), [("", True), ("no", True), ("wait", None), ("gone", None)])
async def test_a_credential_is_turned_away_only_where_that_is_what_a_403_says(word, away):
    async with (
        provider(lambda _: says(403, {"word": word})) as there,
        wired(there.url, connector=odd) as wire,
    ):
        tried = Reader(wire).turned_away("/x", bearer=Secret("stolen"))
        if away is None:
            with pytest.raises((Busy, Unseen)):
                await tried
        else:
            assert await tried is away
