"""Who is taken up, when, and when no more. The journal is real; the clock and the way of taking up are the test's."""

from __future__ import annotations

import asyncio

import pytest

from engine import supervise
from engine.supervise import AT_ONCE, MOST_TAKINGS, Did, GaveUp, Left, Supervisor, Taken, what_is_left
from journal import Draft, Held, Journal, Keys
from journal.errors import Rested
from journal.event import JOURNAL, Event
from journal.proof.verify import verify_url
from journal.rows import Wish

OPENED = Draft("opened", {"mode": "live", "by": "os:ann"})


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/journal.db"


@pytest.fixture
async def journal(url):
    opened = Journal.open(url, keys=Keys.none(), names=[KEY])
    yield opened
    await opened.aclose()


KEY = Keys(b"k" * 32)


def _words(*words):
    return [Draft("worded", {"word": word, "footholds": {}, "why": ""}) for word in words]


async def _left_alone(url, run, *drafts, lock=None):
    """A run whose process is gone: its journal was closed without a release."""
    owner = Journal.open(url, keys=Keys.none(), names=[KEY])
    lease, _ = await owner.begin(run, f"INC-{run}", OPENED, lock=lock)
    if drafts:
        await owner.append(lease, list(drafts))
    await owner.aclose()


class Taker:
    """Takes a run up as told: each act appends what it is given and then dies, or releases the run."""

    def __init__(self, url):
        self.url = url
        self.taken = []
        self.acts = {}
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, run):
        self.taken.append(run)
        drafts, ends = self.acts.get(run, ((), True))
        journal = Journal.open(self.url, keys=Keys.none(), names=[KEY])
        try:
            try:
                lease, _ = await journal.take(run, resting=False)
            except (Held, Rested) as error:
                return Taken(1, str(error))
            await self.hold.wait()
            if drafts:
                await journal.append(lease, list(drafts))
            if ends:
                await journal.release(lease, unlock=True)
        finally:
            await journal.aclose()
        return Taken(0 if ends else -9, "" if ends else "killed by signal 9")


class Clock:
    def __init__(self):
        self.s = 1000.0

    def __call__(self):
        return self.s


class World:
    """A supervisor with a clock of its own, and what it said."""

    def __init__(self, journal, url, taker=None):
        self.told: list[Did] = []
        self.taker = taker or Taker(url)
        self.clock = Clock()
        self.supervisor = Supervisor(journal, self.taker, self.told.append, clock=self.clock)

    async def sweep(self):
        await self.supervisor.sweep()
        await self.supervisor.finished()

    def did(self, what):
        return [did.run for did in self.told if did.did == what]


async def test_what_died_is_taken_up_and_what_rests_or_lives_is_left_alone(journal, url):
    await _left_alone(url, "dead")
    alive, _ = await journal.begin("alive", "INC-1", OPENED)
    waits, _ = await journal.begin("waits", "INC-2", OPENED)
    await journal.append(waits, _words("waiting"))
    await journal.release(waits, unlock=False)
    world = World(journal, url)
    await world.sweep()
    await world.sweep()
    assert world.taker.taken == ["dead"]
    assert alive.good()
    assert [event.type for event in journal.events("waits")] == ["opened", "worded"]


async def test_what_lapsed_is_taken_up_too(journal, url):
    owner = Journal.open(url, keys=Keys.none(), names=[KEY], ttl_s=0.2, renew_s=60)
    await owner.begin("R1", "INC-1", OPENED)
    world = World(journal, url)
    await world.sweep()
    assert world.taker.taken == []
    await asyncio.sleep(0.3)
    await world.sweep()
    assert world.taker.taken == ["R1"]
    assert journal.events("R1")[1].body["gone"] == "lapsed"
    await owner.aclose()


async def test_takings_without_progress_are_spaced_out_and_end_in_a_loud_and_recorded_end(journal, url):
    await _left_alone(url, "R1")
    world = World(journal, url)
    world.taker.acts["R1"] = ([Draft("step", {"step": "x", "state": "failed", "why": ""})], False)
    began, at = world.clock.s, []
    while world.clock.s < began + 200:
        before = len(world.taker.taken)
        await world.sweep()
        at += [world.clock.s - began] * (len(world.taker.taken) - before)
        world.clock.s += 0.5
    assert at == [0, 1, 3, 7, 15]
    assert len(at) == MOST_TAKINGS
    (given_up,) = [event for event in journal.events(JOURNAL) if event.type == "given_up"]
    assert given_up.body["run"] == "R1"
    assert given_up.body["takings"] == MOST_TAKINGS
    assert "it came no further; the last that was said: killed by signal 9" in given_up.body["why"]
    assert world.did("given_up") == ["R1"]
    assert verify_url(url) == []


async def test_a_pause_never_exceeds_a_minute():
    tries = supervise.Tries()
    pauses = []
    for tries.takings in range(1, 12):
        tries.ended(0.0)
        pauses.append(tries.next_s)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


async def test_a_run_that_comes_further_each_time_is_never_given_up(journal, url):
    await _left_alone(url, "R1")
    world = World(journal, url)
    world.taker.acts["R1"] = ([Draft("planned", {})], False)
    for _ in range(3 * MOST_TAKINGS):
        await world.sweep()
        world.clock.s += 1.0
    assert len(world.taker.taken) == 3 * MOST_TAKINGS
    assert world.did("given_up") == []


async def test_what_was_given_up_stays_so_for_every_supervisor_until_a_person_goes_on_with_it(journal, url):
    await _left_alone(url, "R1")
    tried = []

    async def hopeless(run):
        tried.append(run)
        raise GaveUp("its sandbox is gone")

    first, second = World(journal, url, hopeless), World(journal, url, hopeless)
    await first.sweep()
    await first.sweep()
    await second.sweep()
    assert tried == ["R1"], "at once, and by one of them"
    assert (first.did("given_up"), second.did("given_up")) == (["R1"], [])
    assert first.told[-1].said == "its sandbox is gone"

    person = Journal.open(url, keys=Keys.none(), names=[KEY])
    await person.take("R1")
    await person.aclose()
    second.clock.s += 100
    await second.sweep()
    assert tried == ["R1", "R1"]


async def test_runs_are_carried_on_side_by_side_and_one_that_hangs_holds_up_no_other(journal, url):
    for number in range(AT_ONCE + 2):
        await _left_alone(url, f"R{number}")
    world = World(journal, url)
    world.taker.hold.clear()
    await world.supervisor.sweep()
    while len(world.taker.taken) < AT_ONCE:
        await asyncio.sleep(0.01)
    await world.supervisor.sweep()
    assert len(world.taker.taken) == AT_ONCE
    world.taker.hold.set()
    await world.supervisor.finished()
    await world.sweep()
    assert sorted(world.taker.taken) == sorted(f"R{number}" for number in range(AT_ONCE + 2))


async def test_two_supervisors_at_once_double_nothing(journal, url):
    for number in range(4):
        await _left_alone(url, f"R{number}")
    worlds = [World(journal, url), World(journal, url)]
    await asyncio.gather(*(world.sweep() for world in worlds))
    await asyncio.gather(*(world.sweep() for world in worlds))
    for number in range(4):
        assert [event.type for event in journal.events(f"R{number}")] == ["opened", "leased"]
    assert [world.did("failed") + world.did("given_up") for world in worlds] == [[], []]


@pytest.mark.parametrize(
    ("drafts", "lock"),
    [
        ([*_words("contained"), Draft("ended", {"word": "contained"})], None),
        ([*_words("waiting"), Draft("ended", {"word": "waiting"})], "drift"),
        (_words("waiting"), "drift"),
        ([Draft("stopped", {"by": ""}), *_words("stopped")], "drift"),
        ([Draft("stopped", {"by": ""})], "drift"),
        (_words("refused"), None),
    ],
    ids=["ended", "ended waiting", "waiting", "stopped", "about to say stopped", "refused"],
)
async def test_a_run_that_came_to_its_end_or_rest_is_only_released(journal, url, drafts, lock):
    await _left_alone(url, "R1", *drafts, lock="drift")
    before = journal.events("R1")
    world = World(journal, url)
    await world.sweep()
    await world.sweep()
    assert (world.taker.taken, world.did("rested")) == ([], ["R1"])
    assert journal.events("R1") == before
    (row,) = journal.runs()
    assert (row.owner, row.lock) == (None, lock)
    assert verify_url(url) == []


async def test_an_owner_that_was_only_paused_writes_nothing_to_a_run_that_was_released_for_it(journal, url):
    owner = Journal.open(url, keys=Keys.none(), names=[KEY], ttl_s=0.2, renew_s=60)
    lease, _ = await owner.begin("R1", "INC-1", OPENED)
    await owner.append(lease, [Draft("ended", {"word": "contained"})])
    await asyncio.sleep(0.3)
    await World(journal, url).sweep()
    with pytest.raises(supervise.JournalError, match="no longer holds"):
        await owner.append(lease, [Draft("noted", {})])
    await owner.aclose()


async def test_a_stop_that_the_process_did_not_live_to_hear_is_carried_out(journal, url):
    await _left_alone(url, "R1", lock="drift")
    journal.ask("R1", "stop", "os:ann")
    world = World(journal, url)
    await world.sweep()
    await world.sweep()
    assert (world.taker.taken, world.did("stopped")) == ([], ["R1"])
    assert [event.type for event in journal.events("R1")][-2:] == ["stopped", "worded"]
    (row,) = journal.runs()
    assert (row.owner, row.lock) == (None, "drift"), "it can be resumed, and nobody else contains it meanwhile"


def _events(*types, word="stopped"):
    return [
        Event("R1", n, "INC-1", 1, f"2026-03-01T02:40:{n:02d}.000000Z", type_, {"word": word}, "", "")
        for n, type_ in enumerate(types, 1)
    ]  # fmt: skip


def test_only_what_came_after_the_newest_taking_counts():
    assert what_is_left(_events("opened", "worded"), []) == Left("rest")
    assert what_is_left(_events("opened", "worded", "leased"), []) == Left("resume")
    assert what_is_left(_events("opened", "ended", "leased", "worded", word="contained"), []) == Left("resume")
    old, new = (Wish(1, "stop", "os:ann", f"2026-03-01T02:40:0{second}.500000Z") for second in (1, 2))
    assert what_is_left(_events("opened", "leased", "intended"), [old]) == Left("resume")
    assert what_is_left(_events("opened", "leased", "intended"), [old, new]) == Left("stop", by="os:ann")


async def test_a_journal_in_trouble_is_said_once_and_swept_again_when_it_is_well(journal, url):
    await _left_alone(url, "R1")
    world = World(journal, url)
    over = asyncio.Event()

    def sql(statement):
        with journal._engine.begin() as conn:
            conn.exec_driver_sql(statement)

    sql("ALTER TABLE leases RENAME TO away")
    sweeping = asyncio.create_task(world.supervisor.run(over, 0.02))
    while not world.told:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert [did.did for did in world.told] == ["failed"]
    sql("ALTER TABLE away RENAME TO leases")
    while not world.did("went"):
        await asyncio.sleep(0.01)
    over.set()
    await sweeping
    assert world.taker.taken == ["R1"]


async def test_a_fault_at_one_run_is_said_and_the_others_are_carried_on(journal, url):
    await _left_alone(url, "R1", Draft("worded", {"no": "word"}))
    await _left_alone(url, "R2")
    world = World(journal, url)
    for _ in range(8):
        await world.sweep()
        world.clock.s += 0.5
    assert world.taker.taken == ["R2"]
    assert world.did("failed") == ["R1"] * 3, "at 0, 1 and 3 s: it backs off"
    assert world.told[0].said.startswith("KeyError") or world.told[1].said.startswith("KeyError")
