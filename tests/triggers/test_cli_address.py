"""Which journal a command uses, and that nobody sees the password in its URL."""

from pathlib import Path

import pytest

from journal import Keys
from triggers.cli import place
from triggers.cli.place import Refused

SECRET = "canary-pw-7Qz"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "state"))
    for name in ("RINGFENCE_JOURNAL", "RINGFENCE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def _configure(folder: Path, text: str, name: str = "ringfence.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def test_without_a_word_it_is_the_one_in_the_state_folder(here: Path):
    assert place.journal_url() == f"sqlite:///{here}/state/journal.db"
    _configure(here, "connections: {}\n")
    assert place.journal_url() == f"sqlite:///{here}/state/journal.db"
    _configure(here, "journal: {sign: env:KEY}\n")
    assert place.journal_url() == f"sqlite:///{here}/state/journal.db"


def test_the_configuration_in_force_names_it_and_the_environment_comes_first(here: Path, monkeypatch):
    _configure(here, "journal: {url: 'sqlite:////srv/one.db'}\n")
    assert place.journal_url() == "sqlite:////srv/one.db"
    other = _configure(here / "conf", "journal: {url: 'sqlite:///two.db'}\n")
    monkeypatch.setenv("RINGFENCE_CONFIG", str(other))
    assert place.journal_url() == f"sqlite:///{here}/conf/two.db", "a path is relative to the configuration's folder"
    third = _configure(here / "conf", "journal: {url: 'sqlite:////srv/three.db'}\n", "third.yaml")
    assert place.journal_url(third) == "sqlite:////srv/three.db"
    monkeypatch.setenv("RINGFENCE_JOURNAL", "sqlite:////srv/four.db")
    assert place.journal_url() == place.journal_url(third) == "sqlite:////srv/four.db"


def test_a_url_with_a_password_stands_there_by_reference_and_is_never_shown(here: Path, monkeypatch):
    url = f"postgresql://ringfence:{SECRET}@db.example/journal?password={SECRET}"
    _configure(here, "journal: {url: 'env:JOURNAL_URL'}\n")
    monkeypatch.setenv("JOURNAL_URL", url)
    assert place.journal_url() == url
    assert place.journal_shown() == "postgresql://ringfence@db.example/journal"
    _configure(here, "journal: {url: 'file:secret/url'}\n")
    (here / "secret").mkdir()
    (here / "secret" / "url").write_text(url + "\n")
    assert place.journal_url() == url
    _configure(here, f"journal: {{url: 'postgresql://ringfence:{SECRET}@db.example/journal'}}\n")
    with pytest.raises(Refused, match="a password stands in the journal's url") as refused:
        place.journal_url()
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("journal: {url: 'env:NONE_SUCH'}\n", "the environment has no NONE_SUCH"),
        ("journal: {url: 'file:none'}\n", "No such file"),
        ("journal: {url: 'file:empty'}\n", "is empty"),
        ("journal: {url: 7}\n", "is no text"),
        ("journal: {url: 'x\n", "is no YAML"),
        ("\ufeff\udcff", "is not UTF-8"),
    ],
)
def test_where_it_is_unclear_which_journal_is_meant_no_other_is_taken(here: Path, text: str, says: str):
    (here / "empty").write_text("")
    (here / "ringfence.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    for ask in (place.journal_url, place.has_journal, lambda: place.open_journal(Keys.none())):
        with pytest.raises(Refused, match=says):
            ask()
    assert not (here / "state" / "journal.db").exists()


def test_to_ask_whether_there_is_one_makes_none(here: Path, monkeypatch):
    assert not place.has_journal()
    with pytest.raises(Refused, match=r"no journal at sqlite:///.*journal\.db"):
        place.needed()
    monkeypatch.setenv("RINGFENCE_JOURNAL", f"sqlite:///{here}/a folder/é.db")
    assert not place.has_journal()
    assert not (here / "a folder").exists()
    place.open_journal(Keys.none()).close()
    assert place.has_journal()
    assert (here / "a folder" / "é.db").exists()
