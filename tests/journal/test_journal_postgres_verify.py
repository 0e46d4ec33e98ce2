"""A check of a journal on PostgreSQL finds what was changed there, and what was put in to steer it."""

import psycopg
import pytest
from postgres import Server

from journal import Draft, Journal, JournalFailed, Keys
from journal.proof.verify import verify_url

DATABASES = ("postgresql",)
BACKED = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
    "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
)


@pytest.mark.parametrize(
    ("put_in", "kind"),
    [
        (f"{BACKED} CREATE TRIGGER zap BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION f()", "trigger 'zap'"),
        ("CREATE RULE quiet AS ON DELETE TO leases DO INSTEAD NOTHING", "rule 'quiet'"),
        ("CREATE VIEW shown AS SELECT * FROM events", "view 'shown'"),
        ("CREATE MATERIALIZED VIEW shown AS SELECT * FROM events", "view 'shown'"),
        ("ALTER TABLE events ENABLE ROW LEVEL SECURITY", "row security 'events'"),
        ("CREATE TABLE more () INHERITS (events)", "inheriting table 'more'"),
        ("CREATE SCHEMA postgres; CREATE TABLE postgres.events (LIKE public.events INCLUDING ALL)", "second table"),
        (f"{BACKED} CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION e()", "event trigger 'watch'"),
    ],
)  # fmt: skip
async def test_what_was_put_in_to_steer_the_journal_is_found(url: str, put_in: str, kind: str):
    journal = Journal.open(url, keys=Keys.none())
    await journal.begin("R1", "INC-1", Draft("opened", {}))
    await journal.aclose()
    assert verify_url(url) == []
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(put_in)
    assert any(kind in broken.what for broken in verify_url(url)), [broken.what for broken in verify_url(url)]


@pytest.mark.parametrize(
    ("change", "run", "n"),
    [
        ("UPDATE events SET body = '{\"size\":2}' WHERE run = 'R2' AND n = 1", "R2", 1),
        ("DELETE FROM events WHERE run = 'R2' AND n = 3", "R2", 3),
        ("DELETE FROM events WHERE run = 'R2' AND n = 8", "R2", 8),
        ("UPDATE leases SET head = 'x' WHERE run = 'R3'", "R3", 8),
        ("DELETE FROM events WHERE run = '@journal' AND n = 2", "@journal", 2),
    ],
)
def test_changes_of_rows_are_found_here_as_well(written: str, sql, change: str, run: str, n: int):
    assert verify_url(written) == []
    assert verify_url(written, "R1") == []
    sql(change)
    assert (run, n) in {(broken.run, broken.n) for broken in verify_url(written)}


def test_a_reader_needs_no_right_to_write(written: str, server: Server, sql):
    sql("CREATE ROLE auditor LOGIN")
    try:
        as_auditor = written.replace("postgres:@", "auditor@")
        with pytest.raises(JournalFailed, match="lets this user read"):
            verify_url(as_auditor)
        sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
        assert verify_url(as_auditor) == []
    finally:
        sql("DROP OWNED BY auditor")
        sql("DROP ROLE auditor")
