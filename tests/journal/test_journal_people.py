"""People's names and reasons: hashed as ciphertext, clear for who has the key, and gone with one key."""

import asyncio
import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from journal import Draft, Journal, Keys, NoKey, Seal
from journal.canonical import canonical, clean, sound
from journal.db.tables import people_keys
from journal.event import JOURNAL, Private
from journal.proof.verify import verify_url
from journal.replay import Run as Folded
from journal.replay import advance, replay
from journal.seal.people import TOKEN, read, seal_text

DATABASES = ("sqlite", "postgresql")
DATABASES = ("sqlite", "postgres")
NAMES, OTHER = Keys(b"n" * 32), Keys(b"o" * 32)
NAME, REASON = "os:jane.kanari", "Bob Kanari called — „Ünruh“ ☎"


def _open(url: str, *names: Keys, keys: Keys | None = None) -> Journal:
    return Journal.open(url, keys=keys or Keys.none(), names=names)


def _opened(by: str = NAME, reason: str = REASON) -> Draft:
    return Draft("opened", {"by": Private(by), "reason": Private(reason), "title": "Drift"})


async def test_a_name_is_hashed_as_ciphertext_and_read_in_the_clear(url: str, sql):
    journal = _open(url, NAMES)
    lease, first = await journal.begin("R1", "INC-1", _opened())
    (second,) = await journal.append(lease, [Draft("approved", {"wall": "w", "by": Private(NAME)})])
    read_back = journal.events("R1")
    assert [first, second] == read_back, "the running state and the replayed one must not differ"
    assert first.body == {"by": NAME, "reason": REASON, "title": "Drift"}
    stored = journal.events("R1", names=False)
    tokens = [stored[0].body["by"], stored[0].body["reason"], stored[1].body["by"]]
    assert all(token.startswith(TOKEN) for token in tokens)
    assert len(set(tokens)) == 3, "equal names must not be told by equal tokens"
    for event in stored:
        columns = {name: getattr(event, name) for name in ("run", "n", "incident", "fence", "at", "type", "prev")}
        assert event.hash == hashlib.sha256(canonical({**columns, "body": event.body})).hexdigest()
    everything = repr(sql("SELECT * FROM events")) + repr(sql("SELECT * FROM people_keys"))
    assert "kanari" not in everything.lower()
    await journal.aclose()
    assert verify_url(url) == []


async def test_the_fold_of_what_the_writer_gives_equals_the_fold_of_what_is_stored(url: str):
    journal = _open(url, NAMES)
    lease, event = await journal.begin("R1", "INC-1", _opened())
    run = advance(Folded(), event)
    drafts = [
        Draft("ordered", {"phase": "recover", "by": Private(NAME), "yes": True, "leave": []}),
        Draft("declined", {"wall": "w", "scope_hash": "x", "by": Private(""), "how": "asked"}),
    ]
    for event in await journal.append(lease, drafts):
        advance(run, event)
    assert run == replay(journal.events("R1"))
    assert journal.events("R1", names=False)[2].body["by"] == "", "nobody is no name"
    await journal.aclose()


async def test_without_its_key_a_name_is_a_pseudonym_that_stays(url: str):
    journal = _open(url, NAMES)
    lease, _ = await journal.begin("R1", "INC-1", _opened())
    await journal.release(lease, unlock=True)
    token = journal.events("R1", names=False)[0].body["by"]
    await journal.aclose()
    for stranger in (_open(url), _open(url, OTHER)):
        shown = [stranger.events("R1")[0].body["by"] for _ in range(2)]
        assert shown == [f"person-{hashlib.sha256(token.encode()).hexdigest()[:8]}"] * 2
        assert stranger.people_key("INC-1") is None
        await stranger.aclose()
    both = _open(url, OTHER, NAMES)
    assert both.events("R1")[0].body["by"] == NAME, "each key is tried by its id"
    await both.aclose()


async def test_the_key_of_the_names_opens_them_without_us(url: str):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    journal = _open(url, NAMES)
    await journal.begin("R1", "INC-1", _opened())
    key = journal.people_key("INC-1")
    assert key is not None
    box = base64.urlsafe_b64decode(journal.events("R1", names=False)[0].body["by"].removeprefix("sealed:"))
    assert AESGCM(key).decrypt(box[:12], box[12:], b"people\0INC-1").decode() == NAME
    assert journal.people_key("INC-2") is None
    await journal.aclose()


async def test_a_token_of_one_incident_says_nothing_in_another(url: str):
    journal = _open(url, NAMES)
    await journal.begin("R1", "INC-1", _opened())
    token = journal.events("R1", names=False)[0].body["by"]
    await journal.begin("R2", "INC-2", Draft("opened", {"by": token, "reason": ""}))
    assert journal.events("R2")[0].body["by"].startswith("person-")
    await journal.aclose()


async def test_without_any_key_a_name_is_refused_and_nothing_is_written(url: str, sql):
    journal = _open(url)
    with pytest.raises(NoKey, match=r"names are sealed.*Make one"):
        await journal.begin("R1", "INC-1", _opened(), lock="drift")
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {"by": "x"}), lock="drift")
    with pytest.raises(NoKey):
        await journal.append(lease, [Draft("step", {}), Draft("approved", {"by": Private(NAME)})])
    with pytest.raises(NoKey):
        await journal.record(Draft("read", {"incident": "INC-1", "by": Private(NAME)}))
    assert [event.type for event in journal.events("R1")] == ["opened"]
    assert [event.type for event in journal.events(JOURNAL)] == ["opened"]
    assert sql("SELECT * FROM people_keys") == []
    await journal.aclose()


async def test_names_sealed_by_a_key_that_is_not_here_take_no_more_and_say_which_key(url: str):
    first = _open(url, NAMES)
    lease, _ = await first.begin("R1", "INC-1", _opened())
    await first.release(lease, unlock=False)
    await first.aclose()
    other = _open(url, OTHER)
    lease, _ = await other.take("R1")
    with pytest.raises(NoKey, match=NAMES.id):
        await other.append(lease, [Draft("approved", {"by": Private(NAME)})])
    assert [event.type for event in other.events("R1")] == ["opened", "leased"]
    await other.aclose()


async def test_a_stop_does_not_wait_for_a_key(url: str, sql):
    first = _open(url, NAMES)
    await first.begin("R1", "INC-1", _opened())
    first.ask("R1", "stop", Private("x" * 500))
    first.ask("R1", "stop", Private("☃" * 500))
    other = _open(url, OTHER)
    other.ask("R1", "stop", Private(NAME))
    assert [wish.by for wish in first.asked("R1", 0)] == ["x" * 112, "☃" * 37, ""]
    assert [wish.by[:7] for wish in other.asked("R1", 0)] == ["person-", "person-", ""]
    assert all(len(by) <= 200 for ((by),) in sql("SELECT by FROM wishes"))
    await first.aclose()
    await other.aclose()


async def test_the_master_key_seals_names_too_where_there_is_one(url: str, sql):
    master = Keys(b"m" * 32)
    journal = _open(url, NAMES, keys=master)
    await journal.begin("R1", "INC-1", _opened(), sealed=[Seal("a", b"1")])
    assert sql("SELECT master FROM people_keys") == sql("SELECT master FROM run_keys") == [(master.id,)]
    await journal.aclose()


async def test_runs_of_one_incident_share_its_key_and_others_do_not(url: str, sql):
    journals = [_open(url, NAMES) for _ in range(3)]
    begun = [
        journal.begin(f"R{place}{n}", f"INC-{n}", _opened()) for place, journal in enumerate(journals) for n in (1, 2)
    ]
    await asyncio.gather(*begun)
    assert sql("SELECT count(*) FROM people_keys") == [(2,)]
    for place in range(3):
        assert journals[0].events(f"R{place}1")[0].body["by"] == NAME
    assert journals[0].people_key("INC-1") != journals[0].people_key("INC-2")
    for journal in journals:
        await journal.aclose()


async def test_a_record_names_people_under_the_incident_that_it_is_about(url: str):
    journal = _open(url, NAMES)
    await journal.begin("R1", "INC-1", _opened())
    told = [{"incident": "INC-1", "by": Private(NAME)}, {"run": "R1", "by": Private(NAME)}]
    written = await journal.record(*(Draft("read", body) for body in told))
    assert [event.body["by"] for event in written] == [NAME, NAME]
    assert journal.events(JOURNAL)[-2:] == written
    key = journal.people_key("INC-1")
    assert [read(key, "INC-1", e.body["by"]) for e in journal.events(JOURNAL, names=False)[-2:]] == [NAME, NAME]
    with pytest.raises(Exception, match="no incident"):
        await journal.record(Draft("read", {"by": Private(NAME)}))
    await journal.aclose()
    assert verify_url(url) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_a_name_that_would_not_be_sealed_is_refused_at_the_door(url: str):
    journal = _open(url, NAMES)
    lease, _ = await journal.begin("R1", "INC-1", _opened())
    for draft in (
        Draft("worded", {"why": Private(NAME)}),
        Draft("approved", {"by": [Private(NAME)]}),
        Draft("opened", {"by": {"name": Private(NAME)}}),
    ):
        with pytest.raises(TypeError, match="about a person"):
            await journal.append(lease, [draft])
    assert [event.type for event in journal.events("R1")] == ["opened"]
    await journal.aclose()


def test_cleaning_keeps_private_text_private():
    for make in (clean, sound):
        made = make({"by": Private("a\ud800b"), "other": "x", "deep": [Private("y")]})
        assert made == {"by": "a\ufffdb", "other": "x", "deep": ["y"]}
        assert [type(made["by"]), type(made["other"]), type(made["deep"][0])] == [Private, str, Private]


ODD = [
    "sealed:", "sealed:!", "sealed:AAAA", "sealed:☃", "sealed:" + "A" * 4000, "sealed:=", "sealed:A", "sealed:\ud800",
    "sealed:" + base64.urlsafe_b64encode(b"\0" * 40).decode(),
]  # fmt: skip


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
async def test_hostile_text_that_looks_like_a_token_disturbs_nothing(url: str, text: str):
    journal = _open(url, NAMES)
    text = sound(text)
    lease, _ = await journal.begin("R1", "INC-1", Draft("opened", {"by": text, "reason": Private(text), "title": text}))
    (settled,) = await journal.append(lease, [Draft("settled", {"target": text, "why": text, "by": text})])
    opened, again = journal.events("R1")
    assert opened.body["reason"] == opened.body["title"] == text
    assert opened.body["by"].startswith("person-"), "it is no name that anybody sealed"
    assert again == settled, "what a provider calls its things is never taken for a name"
    await journal.aclose()


@given(text=st.text(), key=st.none() | st.binary(min_size=32, max_size=32))
def test_reading_a_token_never_fails(text: str, key: bytes | None):
    assert read(key, "INC-1", TOKEN + text).startswith("person-")


@given(text=st.text())
def test_any_text_comes_back_as_it_was(text: str):
    key = b"k" * 32
    assert read(key, "INC-1", seal_text(key, "INC-1", text)) == text
    assert read(key, "INC-2", seal_text(key, "INC-1", text)).startswith("person-")


async def test_a_key_that_was_altered_opens_nothing_and_stops_nobody_from_reading(url: str, sql):
    journal = _open(url, NAMES)
    await journal.begin("R1", "INC-1", _opened())
    await journal.begin("R2", "INC-2", _opened())
    with journal._db.engine.begin() as conn:  # noqa: SLF001  behind the journal's back
        found = conn.execute(people_keys.select().where(people_keys.c.incident == "INC-2")).one()
        conn.execute(people_keys.delete().where(people_keys.c.incident == "INC-1"))
        conn.execute(insert(people_keys).values(incident="INC-1", master=found.master, wrapped=found.wrapped))
    assert journal.people_key("INC-1") is None, "a key is bound to its incident"
    assert journal.events("R1")[0].body["by"].startswith("person-")
    assert journal.events("R2")[0].body["by"] == NAME
    await journal.aclose()
    assert verify_url(url) == []
