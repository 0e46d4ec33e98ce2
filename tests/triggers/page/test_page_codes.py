"""Codes of an app: RFC 6238's own values, one step of drift, good once, five wrong ones and no more for a while."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from journal.clock import Clock, clock
from tests.triggers.page.page_house import code_of
from triggers.page.codes import Codes, Right, Wrong, address, fitting_step, new_secret, read_secret

RFC = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at_s", "eight"), [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")]
)
def test_the_values_of_the_rfc(at_s, eight):
    assert fitting_step(RFC, eight[2:], at_s) == at_s // 30


def test_one_step_of_drift_and_no_more():
    code = code_of(base64.b32encode(RFC).decode(), 3000)
    assert [fitting_step(RFC, code, at) for at in (2939, 2970, 3000, 3059, 3060)] == [None, 100, 100, 100, None]
    assert fitting_step(RFC, "é" * 6, 3000) is None
    assert fitting_step(RFC, "", 3000) is None


def test_secrets_that_are_none():
    assert read_secret(new_secret()) is not None
    assert read_secret("gezd gnbv gy3t qojq gezd gnbv gy3t qojq") == RFC
    for bad in ("", "short", "MFRGG", "1" * 32, "é" * 32):
        assert read_secret(bad) is None, bad
    assert address(new_secret(), "ben").startswith("otpauth://totp/Ringfence:ben?")


class At(Clock):
    """A clock that stands."""

    def __init__(self, s: float) -> None:
        self.s = s

    def wall_ns(self) -> int:
        return int(self.s * 10**9)


@pytest.fixture
def at():
    mine = At(1_800_000_000)
    token = clock.set(mine)
    yield mine
    clock.reset(token)


async def test_a_code_is_good_once_and_five_wrong_ones_shut_the_door(served, at):
    codes, secret = Codes(served.shelf), served.secrets["ben"]
    assert codes.check("ben", secret, code_of(secret, at.s)) == Right(int(at.s // 30))
    again = codes.check("ben", secret, code_of(secret, at.s))
    assert isinstance(again, Wrong)
    assert "used before" in again.why
    for n in range(4):
        at.s += 1
        assert "not the code" in codes.check("ben", secret, f"00000{n}").why
    at.s += 30
    shut = codes.check("ben", secret, code_of(secret, at.s))
    assert "none counts before" in shut.why
    assert isinstance(codes.check("cleo", served.secrets["cleo"], code_of(served.secrets["cleo"], at.s)), Right)
    at.s += timedelta(minutes=15).total_seconds()
    assert isinstance(codes.check("ben", secret, code_of(secret, at.s)), Right)


async def test_right_codes_do_not_use_up_tries(served, at):
    codes, secret = Codes(served.shelf), served.secrets["ben"]
    for _ in range(8):
        at.s += 30
        assert isinstance(codes.check("ben", secret, code_of(secret, at.s)), Right)


async def test_many_guesses_at_once_are_five(served):
    codes, secret = Codes(served.shelf), served.secrets["ben"]
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda n: codes.check("ben", secret, f"{n:06}").why, range(64)))
    assert sum("not the code" in why for why in said) == 5
    assert sum("none counts before" in why for why in said) == 59
