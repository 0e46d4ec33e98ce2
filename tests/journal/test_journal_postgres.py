"""What a server brings with it: it goes away, it drops us at the worst moment, its clock decides, others lock its rows."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from postgres import Proxy, running
from sqlalchemy.exc import DBAPIError

from journal import Busy, Draft, Held, Journal, JournalFailed, Keys, LeaseLost
from journal.canonical import clean
from journal.db import postgres
from journal.proof.verify import verify_url
from journal.write.requests import Renew

DATABASES = ("postgresql",)
SECRET = "canary-pw-7Qz"

pytestmark = pytest.mark.timeout(120)


@pytest.mark.crash
@pytest.mark.parametrize("how", ["fast", "immediate"])
async def test_a_restart_of_the_server_loses_nothing_and_doubles_nothing(how: str, child):
    with running() as own, own.database() as url:
        writers = [child("work", url, f"R{i}", 3000, f"lock-{i}") for i in range(2)]
        first = [await asyncio.to_thread(p.stdout.readline) for p in writers]
        assert first == ["1\n", "1\n"]
        for _ in range(2):
            await asyncio.sleep(0.2)
            await asyncio.to_thread(own.restart, how)
        for out in await asyncio.gather(*(asyncio.to_thread(_to_its_end, p) for p in writers)):
            assert out[-1:] == ["done"], out[-5:]
            assert sorted(map(int, out[:-1])) == list(range(2, 3002)), "each was acknowledged once, with its own place"
        journal = Journal.open(url, keys=Keys.none())
        assert [run.n for run in journal.runs()] == [3001, 3001]
        await journal.aclose()
        assert verify_url(url) == []


def _to_its_end(process: subprocess.Popen[str]) -> list[str]:
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.read().split()


async def test_a_server_that_stays_away_is_explained_and_awaited_when_it_is_back(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "AWAY_S", 1.0)
    with running() as own, own.database() as url:
        journal = Journal.open(url, keys=Keys.none())
        lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
        await asyncio.to_thread(own.stop)
        with pytest.raises(JournalFailed, match=r"server (went away|can not be reached)"):
            await journal.append(lease, [Draft("noted", {})])
        with pytest.raises(JournalFailed, match=r"server (went away|can not be reached)"):
            await asyncio.to_thread(journal.runs)
        with pytest.raises(JournalFailed, match="can not be reached"):
            await asyncio.to_thread(Journal.open, url, keys=Keys.none())
        await asyncio.to_thread(own.start)
        assert [e.n for e in await journal.append(lease, [Draft("noted", {})])] == [2]
        await journal.aclose()


@pytest.mark.parametrize("fate", ["written, answer lost", "never arrived", "written late"])
@pytest.mark.parametrize("what", ["begin", "append", "release", "take", "record"])
async def test_a_connection_lost_at_its_commit_is_found_out_about(fate: str, what: str, url: str, sql):
    with Proxy(url) as proxy:
        journal = Journal.open(proxy.url, keys=Keys.none())
        other = Journal.open(url, keys=Keys.none())
        lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift")
        resting, _ = await other.begin("R2", "INC-1", Draft("opened", {}))
        await other.release(resting, unlock=True)
        deeds: dict[str, Callable[[], object]] = {
            "begin": lambda: journal.begin("R3", "INC-1", Draft("opened", {}), lock="other"),
            "append": lambda: journal.append(lease, [Draft("noted", {"i": i}) for i in range(3)]),
            "release": lambda: journal.release(lease, unlock=False),
            "take": lambda: journal.take("R2"),
            "record": lambda: journal.record(Draft("read", {"run": "R1"})),
        }
        before = dict(sql("SELECT run, count(*) FROM events GROUP BY run"))
        proxy.fate = fate
        done = await deeds[what]()
        assert proxy.dropped == 1, "the connection was dropped at the commit"
        more = {run: n - before.get(run, 0) for run, n in sql("SELECT run, count(*) FROM events GROUP BY run")}
        own = {"begin": 1, "take": 1, "record": 1}.get(what, 0)
        assert more == {
            "@journal": own, "R1": 3 if what == "append" else 0, "R2": int(what == "take"),
            **({"R3": 1} if what == "begin" else {}),
        }  # fmt: skip
        assert verify_url(url) == []
        if what == "append":
            assert [(e.n, e.hash) for e in done] == [(e.n, e.hash) for e in other.events("R1", after=1)]
            await journal.append(lease, [Draft("noted", {})])
        if what in {"begin", "take"}:
            await journal.append(done[0], [Draft("noted", {})])
            assert done[0].good()
        if what == "release":
            await other.take("R1")
        await journal.aclose()
        await other.aclose()
        assert verify_url(url) == []


@pytest.mark.crash
@pytest.mark.parametrize("wrong_by_s", [-3 * 3600, 3 * 3600])
async def test_a_lease_lasts_as_long_as_the_servers_clock_says_whatever_the_machines_do(
    wrong_by_s: int, url: str, child
):
    process = child("hold", url, 2, env={"TEST_CLOCK_WRONG_BY_S": str(wrong_by_s)})
    assert process.stdout.readline() == "held\n"
    journal = Journal.open(url, keys=Keys.none())
    (opened,) = journal.events("R1")
    off_s = (datetime.now(UTC) - datetime.fromisoformat(opened.at)).total_seconds()
    assert abs(off_s) < 60, "the record's times are the server's"
    process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    waits: list[float] = []
    assert journal.runs()[0].alive
    while True:
        try:
            _, event = await journal.take("R1")
            break
        except Held as held:
            waits.append(held.seconds_left)
            await asyncio.sleep(held.seconds_left)
    assert all(0 < wait <= 2 for wait in waits)
    assert 0.9 < time.monotonic() - started < 4, "renewed every half second, good for two"
    process.send_signal(signal.SIGCONT)
    out, err = await asyncio.to_thread(process.communicate, timeout=30)
    assert out == "LeaseLost False\n", (out, err)
    assert journal.events("R1")[-1] == event
    await journal.aclose()


async def test_appends_do_not_wait_for_each_others_openings(url: str):
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    with psycopg.connect(url) as rival:
        rival.execute("SELECT 1 FROM leases WHERE run = '@journal' FOR UPDATE")
        await asyncio.wait_for(journal.append(lease, [Draft("noted", {})]), 2)
        opening = asyncio.create_task(journal.begin("R2", "INC-1", Draft("opened", {})))
        await asyncio.sleep(0.3)
        assert not opening.done(), "that one adds to the chain that is locked"
        rival.rollback()
        await opening
    await journal.aclose()


async def test_a_taking_that_is_just_being_written_is_waited_for_and_seen(url: str, sql):
    journal = Journal.open(url, keys=Keys.none(), renew_s=60)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    with psycopg.connect(url) as rival:
        rival.execute("UPDATE leases SET fence = 2 WHERE run = 'R1'")
        renewing = journal._writer.ask(Renew(run="", leases=[lease]))
        while not sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        rival.commit()
    assert await renewing == []
    assert not lease.good()
    assert sql("SELECT fence FROM leases WHERE run = 'R1'") == [(2,)], "it did not write over what it had not seen"
    with pytest.raises(LeaseLost):
        await journal.append(lease, [Draft("noted", {})])
    await journal.aclose()


async def test_an_integration_that_is_just_being_locked_is_waited_for_and_named_busy(url: str):
    journal = Journal.open(url, keys=Keys.none())
    with psycopg.connect(url) as rival:
        rival.execute(
            "INSERT INTO leases (run, incident, lock, fence, renewed_ms, renewed_at, ttl_ms, first_at, last_at, last_n,"
            " head) VALUES ('R9', 'INC-1', 'drift', 1, 0, '', 0, '', '', 0, '')"
        )
        opening = asyncio.create_task(journal.begin("R1", "INC-1", Draft("opened", {}), lock="drift"))
        await asyncio.sleep(0.3)
        assert not opening.done()
        rival.commit()
    with pytest.raises(Busy, match="R9 is at drift"):
        await opening
    assert journal.events("R1") == []
    await journal.aclose()


async def test_a_row_that_is_never_let_go_is_a_sentence(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(postgres, "WAIT_S", 0.3)
    journal = Journal.open(url, keys=Keys.none())
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    with psycopg.connect(url) as rival:
        rival.execute("SELECT 1 FROM leases WHERE run = 'R1' FOR UPDATE")
        with pytest.raises(JournalFailed, match="another process holds it"):
            await journal.append(lease, [Draft("noted", {})])
        rival.rollback()
    assert [e.n for e in await journal.append(lease, [Draft("noted", {})])] == [2]
    await journal.aclose()


async def test_one_that_hangs_in_the_middle_of_a_write_is_ended_by_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(postgres, "WAIT_S", 0.5)
    hung, journal = (Journal.open(url, keys=Keys.none()) for _ in range(2))
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {}))
    conn = hung._db.engine.connect()
    conn.exec_driver_sql("SELECT 1 FROM leases WHERE run = 'R1' FOR UPDATE")
    await asyncio.wait_for(journal.append(lease, [Draft("noted", {})]), 10)
    with pytest.raises(DBAPIError, match="terminating connection") as ended:
        conn.exec_driver_sql("SELECT 1")
    assert hung._db.is_gone(ended.value), "whoever wakes up then knows that nothing was written"
    with contextlib.suppress(DBAPIError):
        conn.close()
    await journal.aclose()
    await hung.aclose()


async def test_a_deadlock_is_tried_again(url: str, sql):
    journal = Journal.open(url, keys=Keys.none(), renew_s=60)
    held = [(await journal.begin(run, "INC-1", Draft("opened", {})))[0] for run in ("R1", "R2")]
    with psycopg.connect(url) as rival:
        rival.execute("SET deadlock_timeout = '60s'")  # so that ours is the one to be given up
        rival.execute("SELECT 1 FROM leases WHERE run = 'R2' FOR UPDATE")
        renewing = journal._writer.ask(Renew(run="", leases=held))  # locks R1, waits for R2
        while not sql("SELECT 1 FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0.01)
        started = time.monotonic()
        await asyncio.to_thread(rival.execute, "SELECT 1 FROM leases WHERE run = 'R1' FOR UPDATE")
        assert time.monotonic() - started < 4, "the server saw the deadlock"
        await asyncio.sleep(0.1)
        assert not renewing.done()
        rival.commit()
    assert await renewing == held
    await journal.aclose()


def test_a_data_base_that_cannot_hold_every_text_is_refused(url: str, sql):
    sql("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        with pytest.raises(JournalFailed, match=r"LATIN1.*ENCODING 'UTF8'"):
            Journal.open(url.replace(url.partition("@/")[2].partition("?")[0], "narrow"), keys=Keys.none())
    finally:
        sql("DROP DATABASE narrow WITH (FORCE)")


async def test_any_character_can_be_written(url: str):
    journal = Journal.open(url, keys=Keys.none())
    hostile = {"text": clean("\0\x01\ud800\U0010ffff'; DROP TABLE events; --\\u0000 %s :x"), "key\0": "\0"}
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", clean(hostile)))
    await journal.append(lease, [Draft("noted", clean(hostile))])
    journal.ask("R1", "stop\0", "ann\0")
    assert [wish.by for wish in journal.asked("R1", 0)] == ["ann\ufffd"]
    assert journal.events("R1")[1].body["text"].startswith("\0\x01")
    await journal.aclose()
    assert verify_url(url) == []


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("ALTER DATABASE {name} SET default_transaction_read_only = on", "only reads"),
        ("ALTER DATABASE {name} CONNECTION LIMIT 0", "too many connections"),
    ],
)
async def test_a_server_that_refuses_is_a_sentence(url: str, sql, setting: str, says: str):
    name = url.partition("@/")[2].partition("?")[0]
    sql("CREATE ROLE somebody LOGIN")
    try:
        sql(f"GRANT ALL ON DATABASE {name} TO somebody")
        sql("GRANT ALL ON SCHEMA public TO somebody")
        sql(setting.format(name=name))
        with pytest.raises(JournalFailed, match=says):
            Journal.open(url.replace("postgres:@", "somebody@"), keys=Keys.none())
    finally:
        with psycopg.connect(url, options="-c default_transaction_read_only=off", autocommit=True) as conn:
            conn.execute("DROP OWNED BY somebody")
            conn.execute("DROP ROLE somebody")


def test_no_error_and_no_command_shows_the_password(url: str, tmp_path):
    withheld = url.replace("postgres:@", f"postgres:{SECRET}@")
    journal = Journal.open(withheld, keys=Keys.none())
    assert SECRET not in journal.url + journal._db.name + str(journal._writer._thread.name)
    journal.close()
    nowhere = withheld.replace("?host=", "?host=/none")
    for broken in (nowhere, f"postgresql://u:{SECRET}@localhost:1/d?nonsense={SECRET}", f"postgresql://u:{SECRET}@[/d"):
        for ask in (lambda at: Journal.open(at, keys=Keys.none()), verify_url):
            with pytest.raises(JournalFailed) as failed:
                ask(broken)
            assert SECRET not in str(failed.value)
            assert failed.value.__cause__ is None or SECRET not in str(failed.value.__cause__)
    for command in (["status"], ["status", "--json"], ["journal", "verify"], ["journal", "runs"], ["resume", "R1"]):
        for at in (withheld, nowhere):
            done = subprocess.run(
                [sys.executable, "-c", "from triggers.cli.main import run; run()", *command],
                env={"RINGFENCE_JOURNAL": at, "RINGFENCE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert SECRET not in done.stdout + done.stderr
            assert "does not know" not in done.stderr, done.stderr
            assert (done.returncode == 0) == (at == withheld and command != ["resume", "R1"]), (command, done.stderr)
