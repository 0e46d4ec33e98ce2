"""One process has the same journal open twice, as a service does: nothing that was written is lost to whoever closes it."""

import subprocess
import sys

from journal import Draft, Journal, Keys


async def test_a_second_journal_of_this_process_leaves_the_locks_of_the_first(tmp_path):
    url = f"sqlite:///{tmp_path}/journal.db"
    first = Journal.open(url, keys=Keys.none())
    lease, _ = await first.begin("R1", "INC-1", Draft("opened", {}))
    Journal.open(url, keys=Keys.none()).close()
    looks = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM events'); c.close()"
    subprocess.run([sys.executable, "-c", looks, str(tmp_path / "journal.db")], check=True)
    assert (tmp_path / "journal.db-wal").exists(), "the first one writes there"
    await first.append(lease, [Draft("noted", {})])
    await first.aclose()
    again = Journal.open(url, keys=Keys.none())
    assert [event.type for event in again.events("R1")] == ["opened", "noted"]
    again.close()
