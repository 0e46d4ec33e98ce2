"""Close, legal-hold, erase and rekey as people type them; and who reads names with which key."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from journal import Draft, Journal, Keys, Seal
from journal.event import JOURNAL, Private
from triggers.cli import place

NAME = "os:jane.kanari"
MASTER = base64.b64encode(b"m" * 32).decode()


def _write(run: str = "R-1", incident: str = "INC-1", *, unlock: bool = True, keys: Keys | None = None) -> None:
    async def write() -> None:
        journal = place.open_journal(keys or Keys.none())
        opened = {"by": Private(NAME), "reason": Private("why: kanari"), "mode": "live", "playbook": "p"}
        sealed = [Seal("secret/1", b"x")] if keys else []
        lease, _ = await journal.begin(run, incident, Draft("opened", opened), lock=run, sealed=sealed)
        word = {"word": "contained", "footholds": {}, "why": ""}
        await journal.append(lease, [Draft("worded", word), Draft("ended", {"word": "contained"})])
        await journal.release(lease, unlock=unlock)
        await journal.aclose()

    asyncio.run(write())


def _own() -> list[tuple[str, dict]]:
    async def read() -> list[tuple[str, dict]]:
        journal = place.open_journal(Keys.none())
        try:
            return [(event.type, dict(event.body)) for event in journal.events(JOURNAL)]
        finally:
            await journal.aclose()

    return asyncio.run(read())


def _first(ringfence) -> dict:
    return ringfence("journal", "show", "R-1", "--json").json["events"][0]


def test_an_incident_is_closed_once_with_who_and_why(ringfence, home):
    _write()
    said = ringfence("close", "INC-1", "--reason", "done: kanari", "--json")
    assert said.code == 0
    assert said.json == {"incident": "INC-1", "closed": True, "shredded": True, "held": False, "traces": False}
    told = dict(_own())
    assert told["incident_closed"]["why"] == "done: kanari"
    assert told["incident_closed"]["by"].startswith("os:")
    again = ringfence("close", "INC-1")
    assert (again.code, again.out) == (1, "")
    assert "closed already" in again.err
    assert not [one for one in home.glob("journal.db*") if b"kanari" in one.read_bytes()]


def test_a_refusal_is_one_sentence_that_says_what_to_do(ringfence):
    nothing = ringfence("close", "INC-1")
    assert (nothing.code, nothing.err.count("\n")) == (1, 1)
    assert "no journal" in nothing.err
    _write(unlock=False)
    for words in (("close", "INC-1"), ("erase", "INC-1")):
        said = ringfence(*words)
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
        assert "`ringfence resume R-1`" in said.err
    for words in (("close", "R-1"), ("legal-hold", "R-1", "on"), ("erase", "R-1")):
        assert "its incident is INC-1" in ringfence(*words).err
    assert ringfence("legal-hold", "INC-1", "maybe").code == 1
    assert [type_ for type_, _ in _own()] == ["opened"]


def test_a_legal_hold_is_put_and_ended_and_says_what_follows(ringfence):
    _write()
    assert "nothing of it is shredded, erased or pruned" in ringfence("legal-hold", "INC-1", "on").out
    assert "is on legal hold already" in ringfence("legal-hold", "INC-1", "on").out
    assert "nothing was shredded" in ringfence("close", "INC-1").out
    assert "legal-hold INC-1 off" in ringfence("erase", "INC-1").err
    ended = ringfence("legal-hold", "INC-1", "off", "--json").json
    assert ended == {"incident": "INC-1", "held": False, "changed": True, "shredded": True, "traces": False}
    assert "was not on legal hold" in ringfence("legal-hold", "INC-1", "off").out
    assert [type_ for type_, _ in _own()][2:] == ["legal_hold", "incident_closed", "legal_hold", "shredded"]


def test_erasing_takes_the_pages_too_and_says_which_stayed(ringfence, home):
    _write()
    _write("R-2", "INC-1")
    pages = home / "reports"
    pages.mkdir()
    (pages / "R-1.html").write_text(NAME)
    (pages / "R-2.html").mkdir()  # what cannot be deleted
    (pages / "R-3.html").write_text("another incident's")
    said = ringfence("erase", "INC-1", "--reason", "asked for")
    assert said.code == 2
    assert f"{pages / 'R-2.html'} could not be deleted" in said.out
    assert sorted(one.name for one in pages.iterdir()) == ["R-2.html", "R-3.html"]
    assert _first(ringfence)["body"]["by"].startswith("person-")
    assert ("erased", {"incident": "INC-1", "why": "asked for"}) in _own()
    assert ringfence("journal", "verify").code == 0


def test_names_are_read_with_a_key_of_the_state_folder_where_none_is_configured(ringfence, home):
    _write()
    key = home / "keys" / "names"
    assert key.stat().st_mode & 0o777 == 0o600
    assert _first(ringfence)["body"]["by"] == NAME
    key.unlink()
    assert _first(ringfence)["body"]["by"].startswith("person-")
    assert NAME not in ringfence("status", "R-1").out


def test_names_are_read_with_the_key_that_the_configuration_here_names(ringfence, home, monkeypatch):
    monkeypatch.setenv("RF_MASTER", MASTER)
    _write(keys=Keys.from_reference("env:RF_MASTER"))
    assert not (home / "keys" / "names").exists()
    assert _first(ringfence)["body"]["by"].startswith("person-")
    config = Path("ringfence.yaml")
    config.write_text("seal: env:RF_MASTER\n")
    assert _first(ringfence)["body"]["by"] == NAME
    config.rename("other.yaml")
    monkeypatch.setenv("RINGFENCE_CONFIG", "other.yaml")
    assert _first(ringfence)["body"]["by"] == NAME
    for broken in ("seal: env:RF_NONE\n", "seal: {a: b}\n", "seal: file:none\n", "seal: 7\n"):
        Path("other.yaml").write_text(broken)
        assert _first(ringfence)["body"]["by"].startswith("person-"), "a mistake there hides names, and nothing else"


def test_a_run_is_stopped_whether_or_not_its_names_can_be_sealed(ringfence, home, monkeypatch):
    monkeypatch.setenv("RF_MASTER", MASTER)

    async def died() -> None:
        journal = place.open_journal(Keys.from_reference("env:RF_MASTER"))
        await journal.begin("R-1", "INC-1", Draft("opened", {"by": Private(NAME)}), lock="drift")
        await journal.aclose()

    asyncio.run(died())
    assert ringfence("stop", "R-1").code == 0
    events = ringfence("journal", "show", "R-1", "--json").json["events"]
    assert [event["type"] for event in events] == ["opened", "leased", "stopped", "worded"]
    assert events[2]["body"] == {"by": ""}


def test_the_master_key_is_changed_and_the_new_one_named(ringfence, monkeypatch, tmp_path):
    monkeypatch.setenv("RF_MASTER", MASTER)
    Path("ringfence.yaml").write_text("seal: env:RF_MASTER\n")
    _write(keys=Keys.from_reference("env:RF_MASTER"))
    assert ringfence("journal", "key", "new").code == 0
    said = ringfence("journal", "rekey", "--to", "file:new")
    old, new = Keys.from_reference("env:RF_MASTER").id, Keys.from_reference("file:new").id
    assert said.code == 0, said.err
    assert f"seal: file:{tmp_path}/new" in said.out
    assert old in said.out
    assert new in said.out
    text = Path("new").read_text().strip()
    assert text not in said.out + said.err
    assert MASTER not in said.out + said.err
    assert _first(ringfence)["body"]["by"].startswith("person-"), "the old one opens nothing"
    Path("ringfence.yaml").write_text("seal: file:new\n")
    assert _first(ringfence)["body"]["by"] == NAME
    journal = Journal.open(place.journal_url(), keys=Keys.from_reference("file:new"))
    assert journal.unseal("R-1") == {"secret/1": b"x"}
    journal.close()
    again = ringfence("journal", "rekey", "--to", "file:new", "--json").json
    assert again == {"to": new, "from": [], "runs": 0, "incidents": 0, "traces": False}
    assert [body for type_, body in _own() if type_ == "rekeyed"] == [
        {"from": [old], "to": new, "runs": 1, "incidents": 1}
    ]


@pytest.mark.parametrize("to", ["env:RF_NONE", "file:none", "vault:x", "MASTER"])
def test_a_new_master_key_that_is_none_changes_nothing_and_is_not_repeated(ringfence, monkeypatch, to):
    monkeypatch.setenv("RF_MASTER", MASTER)
    _write(keys=Keys.from_reference("env:RF_MASTER"))
    said = ringfence("journal", "rekey", "--to", MASTER if to == "MASTER" else to)
    assert (said.code, said.out) == (1, "")
    assert "Make one with" in said.err
    assert MASTER not in said.err, "a key typed in the place of its reference is a secret all the same"
    assert [type_ for type_, _ in _own()] == ["opened", "closed"]


def test_a_key_that_does_not_open_is_named_and_nothing_is_changed(ringfence, monkeypatch):
    monkeypatch.setenv("RF_MASTER", MASTER)
    _write(keys=Keys.from_reference("env:RF_MASTER"))
    ringfence("journal", "key", "new")
    said = ringfence("journal", "rekey", "--to", "file:new")
    assert (said.code, said.out) == (1, "")
    assert "Nothing was changed" in said.err
    assert "run R-1" in said.err
    assert "incident INC-1" in said.err


def test_the_help_says_what_closing_and_rekeying_promise(ringfence):
    rekey = " ".join(ringfence("journal", "rekey", "--help").out.split())
    assert "sure on PostgreSQL, whose old rows and backups linger" in rekey
    assert "one transaction" in rekey
    assert "destroy every copy" in rekey
    assert "name nobody in it" in " ".join(ringfence("erase", "--help").out.split())


def test_whoever_cannot_be_named_does_not_go_on_with_a_run(ringfence, process, home, monkeypatch):
    """Refused before anything is looked at, with the key that is missing: an approval must not fail midway."""
    monkeypatch.setenv("RINGFENCE_PREFECT", "off")
    first = process("contain", "stolen_oauth_tokens", "--sandbox", "--yes", "--json")
    assert first.code == 0, first.err
    run = first.json["run"]
    key = home / "keys" / "sandbox"
    missing = Keys.from_reference(f"file:{key}").id
    key.unlink()
    before = ringfence("journal", "show", run, "--json").json["events"]
    said = process("recover", run, "--yes")
    assert (said.code, said.err.count("\n")) == (1, 1), said.err
    assert missing in said.err
    assert "keys/ of its state folder" in said.err
    assert [one["type"] for one in ringfence("journal", "show", run, "--json").json["events"]] == [
        one["type"] for one in before
    ]
