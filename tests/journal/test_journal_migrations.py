"""Tables of older ringfences are brought up to date with everything in them; those of newer ones are left alone."""

import asyncio
import hashlib
import json
import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from journal import Draft, Journal, JournalFailed, Keys
from journal.db import schema
from journal.db.open import open_database
from journal.db.tables import metadata
from journal.proof.verify import verify_url

DATABASES = ("sqlite", "postgresql")

BEFORE = [
    """CREATE TABLE events (run VARCHAR(120) NOT NULL, n INTEGER NOT NULL, incident VARCHAR(120) NOT NULL,
    fence INTEGER NOT NULL, at VARCHAR(27) NOT NULL, type VARCHAR(120) NOT NULL, body TEXT NOT NULL,
    prev VARCHAR(64) NOT NULL, hash VARCHAR(64) NOT NULL, PRIMARY KEY (run, n))""",
    """CREATE TABLE leases (run VARCHAR(120) NOT NULL, incident VARCHAR(120) NOT NULL, lock VARCHAR(120),
    fence INTEGER NOT NULL, owner TEXT, renewed_ms BIGINT NOT NULL, renewed_at VARCHAR(27) NOT NULL,
    ttl_ms INTEGER NOT NULL, first_at VARCHAR(27) NOT NULL, last_at VARCHAR(27) NOT NULL, last_n INTEGER NOT NULL,
    head VARCHAR(64) NOT NULL, PRIMARY KEY (run), UNIQUE (lock))""",
    """CREATE TABLE wishes (id {serial} NOT NULL, run VARCHAR(120) NOT NULL, what VARCHAR(120) NOT NULL,
    "by" VARCHAR(200) NOT NULL, at VARCHAR(27) NOT NULL, PRIMARY KEY (id))""",
    "CREATE INDEX ix_wishes_run ON wishes (run)",
    """CREATE TABLE run_keys (run VARCHAR(120) NOT NULL, master VARCHAR(16) NOT NULL, wrapped {blob} NOT NULL,
    PRIMARY KEY (run))""",
    """CREATE TABLE sealed (run VARCHAR(120) NOT NULL, name VARCHAR(120) NOT NULL, box {blob} NOT NULL,
    PRIMARY KEY (run, name))""",
]
"""The tables as they were before they had a number."""
GONE = '{"boot":"x","host":"h","mark":"m","pid":1,"space":"s","start":"1"}'


def _chain(run: str, types: list[str]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    prev = ""
    for n, type_ in enumerate(types, 1):
        at = f"2026-11-01T12:00:0{n}.000000Z"
        columns = {"run": run, "n": n, "incident": "INC-1", "fence": 1, "at": at, "type": type_, "body": {"i": n}}
        text = json.dumps({**columns, "prev": prev}, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        rows.append({**columns, "body": json.dumps({"i": n}, separators=(",", ":")), "prev": prev, "hash": digest})
        prev = digest
    return rows


@pytest.fixture
def old(url: str) -> str:
    """A journal of before: R1 was closed, R2 holds drift, its owner's machine is gone."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    kinds = {"serial": "SERIAL", "blob": "BYTEA"} if url.startswith("p") else {"serial": "INTEGER", "blob": "BLOB"}
    with engine.begin() as conn:
        for statement in BEFORE:
            tail = " WITHOUT ROWID" if "TABLE events" in statement and url.startswith("s") else ""
            conn.execute(sa.text(statement.format(**kinds) + tail))
        for run, lock, owner in (("R1", None, None), ("R2", "drift", GONE)):
            rows = _chain(run, ["opened", "intended", "answered"])
            names = ", ".join(rows[0])
            conn.execute(sa.text(f"INSERT INTO events ({names}) VALUES (:{names.replace(', ', ', :')})"), rows)
            head = {
                "run": run, "incident": "INC-1", "lock": lock, "fence": 1, "owner": owner, "renewed_ms": 5,
                "renewed_at": rows[-1]["at"], "ttl_ms": 1, "first_at": rows[0]["at"], "last_at": rows[-1]["at"],
                "last_n": 3, "head": rows[-1]["hash"],
            }  # fmt: skip
            names = ", ".join(head)
            conn.execute(sa.text(f"INSERT INTO leases ({names}) VALUES (:{names.replace(', ', ', :')})"), head)
        conn.execute(sa.text("INSERT INTO wishes (id, run, what, \"by\", at) VALUES (7, 'R2', 'stop', 'ann', 'then')"))
        conn.execute(sa.text("INSERT INTO run_keys VALUES ('R2', 'm', :w)"), {"w": b"wrapped"})
    engine.dispose()
    return url


def _differences(url: str) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = open_database(url)
    with database.engine.connect() as conn:
        found = compare_metadata(MigrationContext.configure(conn, opts={"compare_type": True}), metadata)
    database.engine.dispose()
    return found


async def test_an_old_journal_is_upgraded_verifies_and_is_written_on(old: str, sql):
    journal = Journal.open(old, keys=Keys.none())
    assert [(run.run, run.n, run.lock) for run in journal.runs()] == [("R1", 3, None), ("R2", 3, "drift")]
    assert [wish.by for wish in journal.asked("R2", 0)] == ["ann"]
    assert verify_url(old) == []
    for run in ("R1", "R2"):
        lease, event = await journal.take(run)
        assert (event.n, event.fence) == (4, 2)
        await journal.append(lease, [Draft("noted", {})])
        await journal.release(lease, unlock=True)
    journal.ask("R2", "stop", "bob")
    new, _ = await journal.begin("R3", "INC-1", Draft("opened", {}), lock="drift")
    assert new.good()
    assert len(journal.id) == 32
    await journal.aclose()
    assert verify_url(old) == []
    told = [type_ for (type_,) in sql("SELECT type FROM events WHERE run = '@journal' ORDER BY n")]
    assert told == ["upgraded", "opened", "closed", "opened", "resumed", "closed", "closed", "opened"]
    assert [bytes(w) for (w,) in sql("SELECT wrapped FROM run_keys")] == [b"wrapped"]
    again = Journal.open(old, keys=Keys.none())
    assert again.id == journal.id
    again.close()


async def test_what_was_altered_before_the_upgrade_is_found_after_it(old: str, sql):
    sql("UPDATE events SET body = '{\"i\":9}' WHERE run = 'R1' AND n = 2")
    sql("DELETE FROM events WHERE run = 'R2' AND n = 1")
    Journal.open(old, keys=Keys.none()).close()
    assert {(broken.run, broken.n) for broken in verify_url(old)} >= {("R1", 2), ("R2", 1)}


def test_the_migrations_from_nothing_make_the_tables_of_a_new_journal(old: str):
    assert _differences(old) == []


def test_a_new_journal_has_the_tables_that_the_code_knows(url: str, sql):
    assert _differences(url) == []
    assert sql("SELECT version_num FROM alembic_version") == [(schema.HISTORY[-1],)]


def test_the_comparison_finds_a_table_a_column_and_an_index_that_differ(url: str, sql):
    open_database(url).engine.dispose()
    sql("DROP INDEX ix_anchors_run")
    sql("ALTER TABLE anchors DROP COLUMN why")
    sql("DROP TABLE people_keys")
    assert len(_differences(url)) == 3


def test_the_history_is_the_one_that_the_migrations_tell():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "journal:db/migrations")
    told = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(told)) == schema.HISTORY


def test_a_journal_of_a_newer_ringfence_is_left_alone(url: str, sql):
    Journal.open(url, keys=Keys.none()).close()
    sql("UPDATE alembic_version SET version_num = '0099'")
    with pytest.raises(JournalFailed, match=r"newer than this one.*'0099'.*Update this ringfence"):
        Journal.open(url, keys=Keys.none())
    assert sql("SELECT version_num FROM alembic_version") == [("0099",)]


def test_tables_of_somebody_else_are_left_alone(url: str, sql):
    sql("CREATE TABLE events (id INTEGER PRIMARY KEY, title TEXT)")
    with pytest.raises(JournalFailed, match="not a journal's"):
        Journal.open(url, keys=Keys.none())
    assert sql("SELECT * FROM events") == []


def test_an_upgrade_that_fails_leaves_the_journal_as_it_was(old: str, sql):
    sql("CREATE TABLE anchors (x INTEGER)")  # in the way of the last step
    with pytest.raises(JournalFailed):
        Journal.open(old, keys=Keys.none())
    for table in ("about", "people_keys", "alembic_version"):
        with pytest.raises(Exception, match=table):
            sql(f"SELECT * FROM {table}")
    sql("DROP TABLE anchors")
    Journal.open(old, keys=Keys.none()).close()
    assert verify_url(old) == []


async def test_many_that_open_an_old_journal_at_once_all_can(old: str, child, sql):
    rivals = [child("work", old, f"N{i}", 20) for i in range(4)]
    for out, err in await asyncio.gather(*(asyncio.to_thread(p.communicate, "\n", 60) for p in rivals)):
        assert out.split()[-1:] == ["done"], err
    assert sql("SELECT count(*) FROM about") == [(1,)]
    assert sql("SELECT count(*) FROM events WHERE run = '@journal' AND type = 'upgraded'") == [(1,)]
    assert verify_url(old) == []


def test_threads_that_open_old_journals_at_once_do_not_mix_them_up(tmp_path):
    failures: list[BaseException] = []

    def opening(i: int) -> None:
        try:
            engine = sa.create_engine(f"sqlite:///{tmp_path}/{i}.db")
            with engine.begin() as conn:
                for statement in BEFORE:
                    conn.execute(sa.text(statement.format(serial="INTEGER", blob="BLOB")))
            engine.dispose()
            Journal.open(f"sqlite:///{tmp_path}/{i}.db", keys=Keys.none()).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=opening, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_alembic_is_loaded_only_where_there_is_something_to_migrate(url: str):
    code = (
        "import sys; from journal import Journal, Keys;"
        f"Journal.open({url!r}, keys=Keys.none()).close();"
        "print('alembic' in sys.modules)"
    )
    for _ in ("made", "opened"):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"
