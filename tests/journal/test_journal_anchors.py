"""Signed heads leave beside the run: to a file, a web hook, a time stamp authority; what fails is told and tried again."""

import asyncio
import hashlib
import json
import os
import shutil
import stat
import time
from pathlib import Path

import pytest
from authority import Authority, Serving

from journal import Draft, Journal
from journal.anchors.anchorer import Anchorer, Pace
from journal.anchors.sinks import FileSink, NotCarried, TimestampSink, WebhookSink
from journal.proof.anchored import Outside, Trust
from journal.proof.examine import Examination
from journal.proof.receipts import stamped
from journal.proof.sign import Signer, signed_by
from journal.proof.statement import End, read_line, sign
from journal.proof.verify import examined, verify_url

SIGNER = Signer(b"\3" * 32)
TRUST = Trust(frozenset([SIGNER.public]))
SIGNED = sign(
    SIGNER, "journal", End("@journal", "@journal", 3, "a" * 64), End("R1", "INC-1", 7, "b" * 64),
    "2026-11-24T02:40:00.000000Z",
)  # fmt: skip


class Place:
    """A place that does what it is told: takes heads, refuses them, or never answers."""

    def __init__(self, name="webhook:hooks.example", independent=""):
        self.name, self.independent = name, independent
        self.got, self.refuses, self.silent = [], False, False
        self.at_once = self.most = 0

    async def carry(self, signed):
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            if self.silent:
                await asyncio.Event().wait()
            await asyncio.sleep(0.01)
            if self.refuses:
                raise NotCarried("it answered 503")
            self.got.append((time.monotonic(), signed))
        finally:
            self.at_once -= 1
        return b"receipt"


async def until(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that in time"
        await asyncio.sleep(0.01)


# The anchorer: when, and what if not.


QUICK = Pace(opening_s=0.03, look_s=0.02, apart_s=0.1, seconds=0.8)
"""A second is too long for a test: the same rules, a tenth of the time."""


async def test_heads_leave_at_the_opening_after_100_events_after_a_minute_and_at_the_end(journal: Journal, url):
    place, said = Place(), []
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [place], said.append, "R1", QUICK)
    anchors.start()
    await until(lambda: len(place.got) == 1)
    await journal.append(lease, [Draft("noted", {})] * 99)
    await asyncio.sleep(0.3)
    assert [signed.run.n for _, signed in place.got] == [1]
    await journal.append(lease, [Draft("noted", {})])
    await until(lambda: len(place.got) == 2)
    await journal.append(lease, [Draft("noted", {})])
    began = time.monotonic()
    await until(lambda: len(place.got) == 3)
    assert 0.2 < time.monotonic() - began < 10
    await journal.append(lease, [Draft("noted", {})])
    await journal.release(lease, unlock=True)
    await anchors.end()
    assert [signed.run.n for _, signed in place.got] == [1, 101, 102, 103]
    assert said == []
    assert verify_url(url) == []
    examination = Examination(trust=TRUST)
    assert examined(url, examination) == []
    assert (examination.unanchored.events, examination.anchored.count) == (0, 4)
    assert examination.dependent.events == 103 + 2


async def test_one_head_at_a_time_and_a_pause_between(journal: Journal):
    place = Place()
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [place], print, pace=QUICK)
    anchors.start()
    for _ in range(10):
        await journal.append(lease, [Draft("noted", {})] * 100)
        await asyncio.sleep(0.04)
    await anchors.end()
    times = [at for at, _ in place.got]
    assert place.most == 1
    assert 3 <= len(times) <= 8
    assert all(later - earlier >= 0.1 for earlier, later in zip(times, times[1:-1], strict=False))
    assert place.got[-1][1].run.n == 1001


async def test_a_place_that_fails_is_told_once_recorded_and_tried_again(journal: Journal, url):
    place, said = Place(), []
    place.refuses = True
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [place], said.append, "R1", QUICK)
    anchors.start()
    await until(lambda: len(journal.anchors("R1")) == 2)
    await journal.append(lease, [Draft("noted", {})] * 100)
    await until(lambda: len(journal.anchors("R1")) == 3)
    place.refuses = False
    await until(lambda: len(place.got) == 1)
    await anchors.end()
    assert said == [
        (
            "Anchor webhook:hooks.example: it answered 503. The head stays unanchored there;"
            " `ringfence journal anchor` tries again."
        )
    ]
    assert {row.why for row in journal.anchors("R1")} == {"it answered 503", ""}
    assert [bool(row.why) for row in journal.anchors("R1")][-1] is False
    assert verify_url(url) == []


async def test_the_end_waits_two_seconds_for_a_place_that_never_answers_and_no_more(journal: Journal, url):
    place, other, said = Place(), Place("webhook:other.example"), []
    place.silent = True
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [place, other], said.append, "R1")
    anchors.start()
    await until(lambda: other.got)
    await journal.append(lease, [Draft("noted", {})])
    began = time.monotonic()
    await anchors.end()
    assert 1.9 < time.monotonic() - began < 6
    assert [signed.run.n for _, signed in other.got] == [1, 2]
    assert len(said) == 1
    assert "had not arrived 2 s after the end" in said[0]
    assert [row.why for row in journal.anchors("R1") if row.sink == place.name] == [
        "it had not arrived 2 s after the end"
    ]
    assert verify_url(url) == []


async def test_no_key_and_a_closed_journal_stop_nobody(journal: Journal, url):
    from journal import Keys, NoKey

    def none():
        raise NoKey("The signing key file:x can not be read: Permission denied.")

    said = []
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, none, [Place()], said.append, "R1")
    anchors.start()
    await asyncio.sleep(0.5)
    await anchors.end()
    assert len(said) == 1
    assert "Permission denied" in said[0]
    other = Journal.open(url, keys=Keys.none())
    late = Anchorer(other, lambda: SIGNER, [Place()], said.append, "R1")
    late.start()
    await other.aclose()
    await late.end()


async def test_all_that_is_not_anchored_leaves_at_once_and_a_closed_run_needs_no_head_of_its_own(journal: Journal, url):
    place = Place()
    for run in ("R1", "R2", "R3"):
        lease, _ = await journal.begin(run, f"INC-{run}", Draft("opened", {}))
        await journal.append(lease, [Draft("noted", {})] * 3)
        await journal.release(lease, unlock=run != "R3")
    anchors = Anchorer(journal, lambda: SIGNER, [place], print)
    assert await anchors.once() == {place.name: 1}
    assert [signed.run.run for _, signed in place.got] == ["R3"]
    examination = Examination(trust=TRUST)
    assert examined(url, examination) == []
    assert examination.unanchored.events == 0
    again = Anchorer(journal, lambda: SIGNER, [place], print)
    assert await again.once() == {place.name: 0}
    await journal.record(Draft("read", {"run": "R1", "how": "show"}))
    assert examined(url, examination := Examination(trust=TRUST)) == []
    assert examination.unanchored.events == 1
    assert await Anchorer(journal, lambda: SIGNER, [place], print).once() == {place.name: 1}
    assert place.got[-1][1].run.run == "@journal"
    assert examined(url, examination := Examination(trust=TRUST)) == []
    assert examination.unanchored.events == 0


# The stored anchors: each change of a row is found.


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM anchors WHERE id = 1", "DELETE FROM anchors", "DROP TABLE anchors"]
    + [
        f"UPDATE anchors SET {column} = {value} WHERE id = 2"
        for column, value in (
            ("id", "7"), ("run", "'R2'"), ("n", "n + 1"), ("hash", "replace(hash, 'a', 'b') || 'a'"), ("at", "'2026'"),
            ("sink", "'file:elsewhere'"), ("independent", "'a bucket'"), ("statement", "replace(statement, '1', '2')"),
            ("public", "replace(public, 'a', 'b') || 'a'"), ("signature", "substr(signature, 2) || '0'"), ("receipt", "NULL"),
            ("receipt", "x'00'"), ("receipt", "'text'"), ("why", "'it answered 503'"), ("statement", "x'00'"), ("n", "'x'"),
        )
    ],
)  # fmt: skip
async def test_a_changed_anchor_is_found(journal: Journal, url, sql, change):
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [Place()], print)
    await anchors.once()
    await journal.append(lease, [Draft("noted", {})])
    await anchors.once()
    assert verify_url(url) == []
    sql(change)
    assert verify_url(url) != []


# Places.


async def test_a_file_gets_one_line_each_for_its_owner_alone_and_survives_a_torn_line(tmp_path: Path):
    sink = FileSink(tmp_path / "kept" / "anchors.jsonl")
    assert await sink.carry(SIGNED) == b"offset 0"
    assert stat.S_IMODE(sink.path.stat().st_mode) == 0o600
    with sink.path.open("ab") as file:
        file.write(b'{"statement":{"at":')  # the power went in the midst of a line
    await sink.carry(SIGNED)
    first, torn, last = sink.path.read_bytes().splitlines()
    for line in (first, last):
        said = json.loads(line)
        assert signed_by(said["public"], "head", said["statement"], said["signature"])
        assert read_line(line, "@journal") == SIGNED
    assert read_line(torn, "@journal") is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
async def test_a_file_that_cannot_be_written_says_so(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(NotCarried, match="Permission denied"):
        await FileSink(tmp_path / "anchors.jsonl").carry(SIGNED)


async def test_a_folder_in_the_files_place_says_so(tmp_path: Path):
    with pytest.raises(NotCarried, match="directory"):
        await FileSink(tmp_path).carry(SIGNED)


async def test_a_web_hook_gets_the_object_and_its_url_is_never_said():
    with Serving(lambda _: (200, b"ok")) as server:
        sink = WebhookSink(f"{server.url}/services/T0/s3cret", "their account")
        receipt = await sink.carry(SIGNED)
    ((kind, body),) = server.got
    assert kind == "application/json"
    assert read_line(body, "@journal") == SIGNED
    assert receipt == b"HTTP 200, SHA-256 of the answer " + hashlib.sha256(b"ok").hexdigest().encode()
    assert sink.name == "webhook:127.0.0.1"
    with pytest.raises(NotCarried) as refused:  # nobody listens there any more
        await sink.carry(SIGNED)
    assert "s3cret" not in str(refused.value) + repr(refused.value.__cause__) + repr(sink)


@pytest.mark.parametrize(("status", "says"), [(302, "302"), (404, "404"), (503, "503")])
async def test_a_web_hook_that_refuses_or_redirects_was_not_carried(status, says):
    with Serving(lambda _: (status, b"no")) as server, pytest.raises(NotCarried, match=says):
        await WebhookSink(server.url).carry(SIGNED)
    assert len(server.got) == 1


async def test_a_web_hook_that_answers_without_end_is_cut_off():
    with Serving(lambda _: (200, b"x" * 200_000)) as server, pytest.raises(NotCarried, match="more than"):
        await WebhookSink(server.url).carry(SIGNED)


@pytest.mark.parametrize("url", ["http://[", "no url", "http://127.0.0.1:1/s3cret", "ftp://127.0.0.1/s3cret"])
async def test_a_hook_that_is_no_url_says_so_without_it(url):
    with pytest.raises(NotCarried) as refused:
        await WebhookSink(url if "[" not in url else "http://x y").carry(SIGNED)
    assert "s3cret" not in str(refused.value)


# Time stamps: `openssl ts` is the authority.


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    return Authority(tmp_path_factory.mktemp("authorities") / "ours")


async def test_a_stamp_of_a_trusted_authority_is_kept_and_proves_independence(journal: Journal, url, authority):
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    with Serving(lambda query: (200, authority.answer(query))) as server:
        sink = TimestampSink(server.url, authority.root.read_bytes())
        assert await Anchorer(journal, lambda: SIGNER, [sink], print).once() == {sink.name: 1}
    assert server.got[0][0] == "application/timestamp-query"
    trusting = Examination(trust=Trust(TRUST.keys, {sink.name: authority.root.read_bytes()}))
    assert examined(url, trusting) == []
    assert (trusting.dependent.events, trusting.anchored.unchecked) == (0, 0)
    without = Examination(trust=TRUST)
    assert examined(url, without) == []
    assert (without.dependent.events, without.anchored.unchecked) == (2, 1)


async def test_a_stamp_of_another_head_another_authority_another_request_or_altered_is_refused(authority, tmp_path):
    foreign = Authority(tmp_path / "foreign")
    roots = authority.root.read_bytes()
    right = authority.answer(authority.query(SIGNED.message))
    assert stamped(right, SIGNED.message, roots).fault == ""
    assert stamped(right, SIGNED.message, foreign.root.read_bytes()).fault
    assert "something else" in stamped(right, b"another head", roots).fault
    assert "nonce" in stamped(right, SIGNED.message, roots, nonce=1).fault
    assert stamped(right, SIGNED.message, b"no certificate").fault
    for place in range(0, len(right), 11):
        for bit in (1, 128):
            altered = bytearray(right)
            altered[place] ^= bit
            stamp = stamped(bytes(altered), SIGNED.message, roots)
            assert stamp.fault or stamp == stamped(right, SIGNED.message, roots), place
    for answers in (
        foreign.answer,
        lambda _: authority.answer(authority.query(b"another head")),
        lambda _: right,  # a replay: the nonce is another
        lambda _: b"",
        lambda _: b"<html>sign in</html>",
        lambda _: bytes.fromhex("30053003020102"),  # granted is 0, this is a rejection
    ):
        with Serving(lambda query, answers=answers: (200, answers(query))) as server:
            sink = TimestampSink(server.url, roots)
            with pytest.raises(NotCarried, match="does not count"):
                await sink.carry(SIGNED)


# Files outside against the data base.


async def test_a_file_and_the_data_base_are_compared_both_ways(journal: Journal, url, tmp_path):
    sink = FileSink(tmp_path / "anchors.jsonl")
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    anchors = Anchorer(journal, lambda: SIGNER, [sink], print)
    await anchors.once()
    await journal.append(lease, [Draft("noted", {})])
    await anchors.once()
    lines = sink.path.read_bytes().splitlines()

    def found(lines, again=None):
        return [
            str(one) for one in examined(url, Examination(trust=TRUST, files=[Outside("f", lines, sink.name, again)]))
        ]

    assert found(lines) == []
    assert "not there any more" in found(lines[:1])[0]
    assert found(lines[:1], lambda: lines) == []  # it was only added after the first reading
    foreign = sign(Signer(b"\4" * 32), "journal", SIGNED.own, SIGNED.run, SIGNED.at)
    assert "foreign key" in found([*lines, foreign.line])[0]
    assert "another journal" in found([*lines, SIGNED.line])[0]
    assert "no statement" in found([*lines, b'{"x":1}'])[0]
    assert found([*lines, b'{"statement":{"at', b""]) == []
