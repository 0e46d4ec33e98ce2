"""People say things of a run beside its owner, or of one that rests or ended: one chain, no gap, and it verifies."""

import asyncio
import subprocess

import pytest

from journal import Draft, Journal, Keys, UnknownRun
from journal.custody.incident import Close
from journal.custody.prune import prune, retention
from journal.errors import IncidentClosed, Overtaken, Used
from journal.event import JOURNAL, Private
from journal.export import evidence, verifier
from journal.proof.sign import Signer
from journal.proof.verify import verify_url
from journal.replay import Run, advance, catch_up, replay

pytestmark = pytest.mark.timeout(90)
DATABASES = ("sqlite", "postgresql")


def _said(text: str) -> Draft:
    return Draft("noted", {"text": text})


async def test_a_say_beside_its_owner_leaves_the_lease_alone(url: str, journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    other = Journal.open(url, keys=Keys.none())
    try:
        (said,) = await other.say("R1", [_said("seen")])
    finally:
        await other.aclose()
    assert (said.n, said.fence) == (2, 1)
    assert [event.n for event in await journal.append(lease, [_said("mine")])] == [3]
    assert lease.good()
    assert verify_url(url) == []


async def test_live_state_equals_a_replay_while_others_say_things(url: str, journal: Journal, child):
    """Another process says 60 things while the owner appends: UNIQUE(run, n) holds, and the owner misses none."""
    lease, opened = await journal.begin("R1", "INC-1", Draft("opened", {}))
    live = advance(Run(), opened)
    process: subprocess.Popen[str] = child("talk", url, "R1", 60)
    count = 0
    while process.poll() is None or count < 20:
        mine = await journal.append(lease, [_said(f"mine {count}")])
        if mine[0].n != live.n + 1:  # somebody said something between
            catch_up(live, journal.events("R1", after=live.n))
        else:
            catch_up(live, mine)
        count += 1
        await asyncio.sleep(0.005)
    assert process.returncode == 0, process.communicate()
    catch_up(live, journal.events("R1", after=live.n))
    events = journal.events("R1")
    assert [event.n for event in events] == list(range(1, len(events) + 1))
    assert live == replay(events)
    said = [str(event.body.get("text")) for event in events if event.type == "noted"]
    assert [text for text in said if text.startswith("say")] == [f"say {i}" for i in range(60)]
    assert sum(text.startswith("mine") for text in said) == count
    assert any(a.startswith("say") and b.startswith("mine") for a, b in zip(said, said[1:], strict=False))
    assert verify_url(url) == []


async def test_a_left_out_event_is_no_state(journal: Journal):
    lease, opened = await journal.begin("R1", "INC-1", Draft("opened", {}))
    await journal.say("R1", [_said("between")])
    (mine,) = await journal.append(lease, [_said("mine")])
    with pytest.raises(ValueError, match="event 2 is left out"):
        catch_up(advance(Run(), opened), [mine])


@pytest.mark.parametrize("unlock", [True, False])
async def test_a_run_that_rests_or_ended_takes_a_say_and_verifies(url: str, journal: Journal, *, unlock: bool):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    await journal.release(lease, unlock=unlock)
    await journal.say("R1", [_said("one"), _said("two")])
    await journal.say("R1", [_said("three")])
    assert [event.n for event in journal.events("R1")] == [1, 2, 3, 4]
    own = [event.type for event in journal.events(JOURNAL)]
    assert own == ["opened", *(["closed"] * 3 if unlock else [])]
    assert verify_url(url) == []
    (row,) = journal.runs()
    assert row.owner is None
    assert (row.lock is None) == unlock
    await journal.take("R1")
    assert verify_url(url) == []


async def test_nothing_is_said_of_no_run_nor_in_a_closed_incident(url: str, tmp_path):
    journal = Journal.open(url, keys=Keys.make_file(tmp_path / "key"))
    for run in ("R9", JOURNAL):
        with pytest.raises(UnknownRun):
            await journal.say(run, [_said("x")])
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    await journal.release(lease, unlock=True)
    await journal.carry_out(Close(incident="INC-1", by="", why=""))
    before = len(journal.events("R1"))
    with pytest.raises(IncidentClosed):
        await journal.say("R1", [_said("x")])
    assert len(journal.events("R1")) == before
    await journal.aclose()
    assert verify_url(url) == []


async def test_what_was_said_meanwhile_stops_a_say_that_it_matters_to(journal: Journal):
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    await journal.say("R1", [Draft("asked", {"wall": "w", "scope_hash": "s"})])
    with pytest.raises(Overtaken, match=r"went on meanwhile \(asked\)"):
        await journal.say("R1", [_said("x")], after=1, unless=["asked"])
    await journal.say("R1", [_said("y")])
    await journal.say("R1", [_said("x")], after=2, unless=["asked"])
    both = await asyncio.gather(  # in one transaction of the writer: the second sees what the first one said
        journal.say("R1", [_said("a")], after=4, unless=["noted"]),
        journal.say("R1", [_said("b")], after=4, unless=["noted"]),
        return_exceptions=True,
    )
    assert [type(one) for one in both] == [list, Overtaken]


async def test_a_code_is_good_for_one_time_in_the_whole_journal(url: str, journal: Journal):
    for run in ("R1", "R2"):
        await journal.begin(run, f"INC-{run}", Draft("opened", {}))
    digest = f"sha256:{'a' * 64}"
    found = await asyncio.gather(
        journal.say("R1", [_said("a")], once=[digest]), journal.say("R2", [_said("b")], once=[digest]),
        return_exceptions=True,
    )  # fmt: skip
    assert [type(one) for one in found] == [list, Used]
    other = Journal.open(url, keys=Keys.none())
    try:
        with pytest.raises(Used, match="opens one wall, once"):
            await other.say("R2", [_said("c")], once=[digest])
    finally:
        await other.aclose()
    assert [event.n for event in journal.events("R2")] == [1]
    assert verify_url(url) == []


async def test_names_in_a_say_are_sealed(url: str, tmp_path, sql):
    keys = Keys.make_file(tmp_path / "key")
    journal = Journal.open(url, keys=keys)
    try:
        await journal.begin("R1", "INC-1", Draft("opened", {}))
        body = {
            "wall": "w",
            "answer": "yes",
            "by": Private("person:ben"),
            "code": "target",
            "why": Private("Ben is one"),
        }
        (said,) = await journal.say("R1", [Draft("turned_away", body)])
        assert said.body["by"] == "person:ben"
        assert journal.events("R1")[1].body["why"] == "Ben is one"
    finally:
        await journal.aclose()
    ((stored,),) = sql("SELECT body FROM events WHERE run = ? AND n = ?", "R1", 2)
    assert "ben" not in str(stored).casefold()
    assert verify_url(url) == []


async def test_a_run_that_was_spoken_of_after_its_end_is_pruned_and_exported_like_any(url: str, tmp_path):
    journal = Journal.open(url, keys=Keys.make_file(tmp_path / "key"))
    signer = Signer(b"s" * 32)
    try:
        for run in ("R1", "R2"):
            lease, _ = await journal.begin(run, "INC-1", Draft("opened", {"playbook": "p"}), lock=run)
            await journal.append(lease, [Draft("worded", {"word": "contained", "footholds": {}, "why": ""})])
            await journal.release(lease, unlock=True)
            body = {"wall": "w", "by": Private("person:ben"), "how": "token", "reason": Private("seen")}
            await journal.say(run, [Draft("reviewed", body)])
        found = evidence.gather(journal, "INC-1", ("R1", "R2"))
        made = evidence.evidence(found, signer, at="2026-11-24T00:00:00.000000Z", by="os:x", how="t", names=True)
        text = evidence.layout(made)
        assert verifier.check(verifier.strict(text), text, {signer.public}) == []
        assert [run["head"]["n"] for run in made["runs"]] == [3, 3]
        await journal.carry_out(Close(incident="INC-1", by="", why=""))
        gone = [event async for event in prune(journal, retention(journal, "2999-01-01T00:00:00.000000Z"), signer)]
        assert sorted(event.body["run"] for event in gone) == ["R1", "R2"]
    finally:
        await journal.aclose()
    assert verify_url(url) == []


@pytest.mark.crash
@pytest.mark.parametrize("at", ["before:noted#3", "after:noted#3", "1", "-1", "7"])
async def test_a_process_that_dies_while_it_says_something_leaves_a_whole_record(at: str, url: str, child):
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    await journal.release(lease, unlock=True)
    process = child("talk", url, "R1", 20, env={"RINGFENCE_KILL_AT": at})
    process.communicate(timeout=60)
    assert process.returncode == -9
    durable = {"before:noted#3": 2, "after:noted#3": 3, "1": 1, "-1": 0, "7": 7}[at]
    assert [event.n for event in journal.events("R1")] == list(range(1, durable + 2))
    assert verify_url(url) == []
    await journal.say("R1", [_said("and on")])
    assert verify_url(url) == []
    await journal.aclose()


async def test_what_people_said_since_is_not_where_a_run_stands(journal: Journal):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
    await journal.append(lease, [Draft("ended", {"word": "contained"})])
    await journal.release(lease, unlock=True)
    await journal.say("R1", [_said("one")])
    (row,) = journal.runs()
    assert (row.latest, row.n, row.lock) == ("ended", 3, None)
