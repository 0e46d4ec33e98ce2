"""GitHub's limits: said by 403 as well as 429, in three forms; and writes that go one at a time."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from connectors.core import Busy, Call, Came, Connector, NotAllowed, Rate, Reader, Sender, Unseen
from connectors.github import github, github_leaks
from connectors.github.base import told
from tests.connectors.github_fake import GitHub, linked
from tests.connectors.provider import provider, says, wired

LONG = str(int(time.time()) + 900)


def soon(seconds, form):
    """That many seconds from now, as an HTTP date or since 1970."""
    return formatdate(time.time() + seconds, usegmt=True) if form == "date" else str(int(time.time()) + seconds)


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait_s"),
    [
        (403, {"retry-after": "17"}, "", 17),
        (429, {"retry-after": "17", "x-ratelimit-remaining": "0", "x-ratelimit-reset": LONG}, "", 17),
        (403, {"retry-after": (40, "date")}, "", 40),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": (90, "epoch")}, "", 90),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": LONG}, "", 300),
        (429, {"x-ratelimit-remaining": "4000", "x-ratelimit-reset": LONG}, "", 60),
        (403, {"x-ratelimit-remaining": "4000"}, "You have exceeded a secondary rate limit.", 60),
        (403, {"retry-after": "soon"}, "", 60),
    ],
)
def test_a_limit_is_read_in_githubs_own_order(status, headers, message, wait_s):
    timed = {name: soon(*value) if isinstance(value, tuple) else value for name, value in headers.items()}
    said = told(status, timed, {"message": message})
    assert said.kind is Busy
    assert said.wait_s == pytest.approx(wait_s, abs=2)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"x-ratelimit-remaining": "4000"}, {"message": "Resource not accessible by integration"}),
        (403, {}, None),
        (404, {"x-ratelimit-remaining": "0"}, {}),
        (200, {"x-ratelimit-remaining": "0"}, []),
    ],
)
def test_what_is_no_limit_is_not_taken_for_one(status, headers, body):
    assert told(status, headers, body).kind is None


async def test_a_look_waits_a_limit_out_and_a_send_says_that_it_was_busy():
    there, limits = GitHub(), [says(403, {"message": "slow down"}, retry_after="0.3")]
    there.odd = lambda *_: limits.pop() if limits else None
    look = github.looks["github.organisation"]
    async with linked(there, github, org="acme") as (read, sender):
        began = time.monotonic()
        assert (await look(read, look.params(org="acme"))).installations == 3
        assert time.monotonic() - began >= 0.3
        limits.append(says(403, {"message": "slow down"}, retry_after="0.3"))
        outcome = await sender.send(Call.put("/orgs/acme/blocks/mallory"), {})
        assert (outcome.came, outcome.status, outcome.wait_s) == (Came.BUSY, 403, 0.3)
        assert "mallory" not in there.blocked


async def test_a_403_without_a_limit_names_the_permission():
    there = GitHub()
    there.odd = lambda *_: says(403, {"message": "Resource not accessible by personal access token"})
    look = github.looks["github.pat"]
    async with linked(there, github, org="acme") as (read, _):
        with pytest.raises(NotAllowed, match="organization_personal_access_tokens: read"):
            await look(read, look.params(org="acme", pat="1"))


async def test_a_limited_credential_is_not_taken_for_an_ended_one():
    """A 403 that is a limit, on the very credential that leaked, would look as if it were turned away."""
    there, limits = GitHub(), [says(403, {"message": "x"}, x_ratelimit_remaining="0", x_ratelimit_reset="1")]
    there.odd = lambda *_: limits.pop() if limits else None
    look = github_leaks.looks["github_leaks.leaked"]
    async with linked(there, github_leaks, secret="") as (read, _):
        from connectors.core import Secret

        assert (await look(read, look.params(leaked_token=Secret("ghp_leaked-on-a-pastebin")))).opens


async def test_writes_go_one_at_a_time_and_apart_and_hold_no_look_up():
    gap_s, at = 0.5, []
    meaning = {401: NotAllowed, 403: NotAllowed, 404: Unseen}
    slow = Connector("toy", rate=Rate(5000, in_flight=50, write_gap_s=gap_s), meaning=meaning)

    def answer(got):
        at.append((got.method, time.monotonic()))
        return says(200, {})

    async with provider(answer) as served, wired(served.url, connector=slow) as wire:
        sender, read = Sender(wire), Reader(wire)
        await read.get("/things")  # the client is loaded
        at.clear()
        writes = [sender.send(Call.put(f"/things/{n}"), {}) for n in range(4)]
        looks = [read.get("/things") for _ in range(20)]
        await asyncio.gather(*writes, *looks)
    puts = [when for method, when in at if method == "PUT"]
    gets = [when for method, when in at if method == "GET"]
    assert len(puts) == 4
    assert all(later - earlier >= gap_s * 0.8 for earlier, later in zip(puts, puts[1:], strict=False))
    assert max(gets) < puts[-1], "the looks were over while writes still waited"


def test_githubs_writes_are_a_second_apart():
    assert github.rate.write_gap_s == 1.0
    assert github.rate.calls / github.rate.per_s <= 900 / 60
