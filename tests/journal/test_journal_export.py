"""A file of evidence proves what it says without ringfence, and every change of it is found."""

from __future__ import annotations

import ast
import asyncio
import base64
import contextlib
import copy
import hashlib
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journal import Draft, Journal, Keys
from journal.anchors.record import Anchor
from journal.canonical import canonical
from journal.errors import JournalFailed
from journal.event import Private
from journal.export import evidence, files, verifier
from journal.proof.sign import Signer
from journal.proof.statement import sign

VERIFIER = Path(verifier.__file__)
SIGNER, OTHER = Signer(b"s" * 32), Signer(b"o" * 32)
AT = "2026-11-24T04:00:00.000000Z"
PLAYBOOK = "id: p\ntitle: Zoë’s playbook ☃\n"
SHOWN = hashlib.sha256(b"what the approver was shown").hexdigest()


async def _run(journal, run, *, incident="INC-1", ended=True):
    sha = hashlib.sha256(PLAYBOOK.encode()).hexdigest()
    who = {"by": Private("os:ann"), "reason": Private("she saw it at \x1b[2J night")}
    opened = {"playbook": "p", "text": PLAYBOOK, "sha256": sha, "mode": "drill", "size": 2**53 - 1, "yes": True, **who}
    lease, _ = await journal.begin(run, incident, Draft("opened", opened))
    answer = {"wall": "w", "scope_hash": "s", "how": "asked on the terminal", "shown": SHOWN}
    await journal.append(
        lease,
        [
            Draft("planned", {"plan_hash": "1", "steps": [{"id": "block", "count": 3}], "whole": True}),
            Draft("declined", {**answer, "by": Private("os:bob")}),
            Draft("approved", {**answer, "by": Private("os:cyd")}),
            Draft("worded", {"word": "contained", "footholds": {"client": {"state": "closed", "why": ""}}, "why": ""}),
        ],
    )
    await journal.release(lease, unlock=ended)


def _anchored(journal, run, *, sink="file:anchors.jsonl", independent="", receipt=b"begins at 0"):
    ends = journal.ends(run)
    signed = sign(SIGNER, journal.id, ends.own, ends.runs[0], AT)
    return Anchor.of(signed, sink, independent, receipt, "")


@pytest.fixture
async def journal(url):
    """Two runs of one incident, one of them ended; anchors, a legal hold, a reading; and a run of another incident."""
    opened = Journal.open(url, keys=Keys(b"k" * 32))
    await _run(opened, "R1")
    await opened.carried(_anchored(opened, "R1"))
    await _run(opened, "R2", ended=False)
    await _run(opened, "R3", incident="INC-3")
    ends = opened.ends("R2")
    stamped = b"DER" + hashlib.sha256(sign(SIGNER, opened.id, ends.own, ends.runs[0], AT).message).digest()
    await opened.carried(_anchored(opened, "R2", sink="timestamp:tsa.example", independent="RFC 3161", receipt=stamped))
    await opened.record(
        Draft("legal_hold", {"incident": "INC-1", "by": Private("os:dee"), "on": True, "why": Private("court")}),
        Draft("read", {"run": "R2", "incident": "INC-1", "by": Private("os:eve"), "how": "journal show"}),
    )
    yield opened
    await opened.aclose()


def _made(journal, *runs, names=True, signer=SIGNER):
    found = evidence.gather(journal, "INC-1", runs or ("R1", "R2"))
    return evidence.evidence(found, signer, at=AT, by="os:fay", how="on a terminal", names=names)


def _signed_again(file, signer=SIGNER):
    """Sign a changed file as whoever holds the key could: only what else is in it can tell."""
    content = {name: value for name, value in file.items() if name != "signature"}
    statement = {
        "sha256": hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest(),
        "heads": [run["head"] for run in file["runs"]], "at": file["exported"]["at"],
    }  # fmt: skip
    signature = {"public": signer.public, "statement": statement, "signature": signer.sign("export", statement)}
    return {**content, "signature": signature}


def _found(file, *keys):
    text = file if isinstance(file, str) else evidence.layout(file)
    return verifier.check(verifier.strict(text), text, set(keys))


def _checked(path, *options):
    """Run verify.py as an auditor does."""
    return subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(path), *options], capture_output=True, text=True, check=False
    )


async def test_an_untouched_file_is_whole_and_says_who_approved_what(journal, tmp_path):
    (tmp_path / "f").write_text(evidence.layout(_made(journal)))
    done = _checked(tmp_path / "f", "--key", SIGNER.public)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("WHOLE.\n")
    for words in (
        "exported 2026-11-24T04:00:00.000000Z by os:fay", "Run R1: p, drill, opened by os:ann", "ended",
        "Run R2: p, drill, opened by os:ann", "NOT ENDED when it was exported", "word: contained", "client",
        f"approved at {journal.events('R1')[3].at} by os:cyd (asked on the terminal), wall w, shown text's SHA-256 {SHOWN}",
        "declined at", "by os:bob", "anchored up to event 5 of 5; as the journal says, out of its own hands up to 0",
        "anchored up to event 5 of 5; as the journal says, out of its own hands up to 5", SIGNER.id,
    ):  # fmt: skip
        assert words in done.stdout, words
    assert '"R3"' not in (tmp_path / "f").read_text()
    assert "came with the file" not in done.stdout
    assert "came with the file" in _checked(tmp_path / "f").stdout


async def test_the_file_holds_events_as_they_are_stored_and_hashed(journal, sql):
    file = _made(journal)
    columns = ("run", "n", "incident", "fence", "at", "type", "body", "prev", "hash")
    for run in file["runs"]:
        rows = sql(f"SELECT {', '.join(columns)} FROM events WHERE run = ? ORDER BY n", run["run"])
        assert [{**dict(zip(columns, row, strict=True)), "body": json.loads(row[6])} for row in rows] == run["events"]
        assert run["playbook"]["text"] == PLAYBOOK
        assert run["plan"]["steps"] == [{"count": 3, "id": "block"}]
        assert [one["answer"] for one in run["approvals"]] == ["declined", "approved"]
        assert {one["shown"] for one in run["approvals"]} == {SHOWN}
    told = [record["type"] for record in file["records"]]
    assert told == ["opened", "closed", "anchored", "opened", "anchored", "legal_hold", "read"]


async def test_without_names_the_file_opens_none(journal, tmp_path):
    file = _made(journal, names=False)
    assert file["people"] == ""
    (tmp_path / "f").write_text(evidence.layout(file))
    done = _checked(tmp_path / "f")
    assert done.returncode == 0
    for name in ("os:ann", "os:bob", "os:cyd", "os:dee", "os:eve", "os:fay"):
        assert name not in done.stdout + (tmp_path / "f").read_text()
        assert name not in evidence.layout(_made(journal))
    assert "by person-" in done.stdout
    key = journal.people_key("INC-1")
    assert base64.b64encode(key).decode() not in (tmp_path / "f").read_text()


def _places(value, path=()):
    """Every place in a file: of lists and maps, and of what is in them."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _places(one, (*path, key))


def _changed(file, path, new):
    out = copy.deepcopy(file)
    at = out
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return out


def _others(value):
    """Other values in its place: nearly the same, of another type, hostile."""
    near = {bool: [not value, int(value)] if isinstance(value, bool) else [], str: [f"{value}x", f"{value}"[:-1]]}
    if type(value) is int:
        return [value + 1, value - 1, str(value), 0.5, 2**53, bool(value), None]
    if isinstance(value, dict):
        return [{}, {**value, "extra": 1}, None, []]
    if isinstance(value, list):
        return [[], [*value, *value[-1:]], value[1:], value[::-1], None, {}]
    return [
        other
        for other in (*near.get(type(value), []), None, 7, [], {})
        if other != value or type(other) is not type(value)
    ]


async def test_every_single_change_of_a_value_is_found(journal):
    file = _made(journal)
    tried = 0
    for path in list(_places(file))[1:]:
        at = file
        for key in path:
            at = at[key]
        for other in _others(at):
            changed = _changed(file, path, other)
            if changed != file or json.dumps(changed) != json.dumps(file):
                tried += 1
                with contextlib.suppress(ValueError):  # `main` calls that not whole: see the test of hostile bytes
                    assert _found(changed), (path, other)
    assert tried > 2_000


async def test_every_removed_key_is_found(journal):
    file = _made(journal)
    for path in list(_places(file))[1:]:
        changed = copy.deepcopy(file)
        at = changed
        for key in path[:-1]:
            at = at[key]
        del at[path[-1]]
        assert _found(changed), path


async def test_every_changed_byte_is_found_by_the_script(journal, tmp_path):
    """Of the whole script, in processes of its own: a few; and of its function: each byte of the file."""
    text = evidence.layout(_made(journal, "R1"))
    whole = text.encode()
    for i in range(0, len(whole), 7):
        changed = whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :]
        try:
            decoded = changed.decode()
            assert verifier.check(verifier.strict(decoded), decoded, set()), i
        except (ValueError, RecursionError):
            continue
    for i in (0, len(whole) // 2, len(whole) - 1):
        (tmp_path / "f").write_bytes(whole[:i] + b" " + whole[i:])
        assert _checked(tmp_path / "f").returncode == 4


HOSTILE = {
    "nothing": b"", "no JSON": b"\x00\x01", "not UTF-8": b'{"a": "\xff"}', "a list": b"[]", "a number": b"7",
    "NaN": b'{"format": NaN}', "Infinity": b"[-Infinity]", "a float": b"1e999", "a huge integer": b"9" * 1_000_000,
    "deep lists": b"[" * 200_000, "deep and closed": b"[" * 100_000 + b"]" * 100_000, "deep maps": b'{"a":' * 100_000,
    "a lone surrogate": b'{"format": "ringfence evidence 1", "\\ud800": 1}', "a byte order mark": b"\xef\xbb\xbf{}",
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_are_not_whole_and_crash_nothing(case, tmp_path):
    (tmp_path / "f").write_bytes(HOSTILE[case])
    done = _checked(tmp_path / "f")
    assert done.returncode == 4, done.stderr
    assert "NOT WHOLE" in done.stdout
    assert done.stderr == ""


async def test_a_key_that_is_said_twice_is_found(journal, tmp_path):
    text = evidence.layout(_made(journal)).replace('"format": ', '"format": "another",\n "format": ', 1)
    assert verifier.strict(text)["format"] == verifier.FORMAT
    (tmp_path / "f").write_text(text)
    assert _checked(tmp_path / "f").returncode == 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["R1", "INC-1", "sealed:", AT]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_anywhere_even_signed_by_our_key_crashes_nothing(written_file, data):
    """As if the exporter itself were hostile: a changed file with a good signature. Nothing but findings may come of it."""
    path = data.draw(st.sampled_from(list(_places(written_file))[1:]))
    changed = _changed(written_file, path, data.draw(JSON))
    try:
        changed = _signed_again(changed)
        text = evidence.layout(changed)
        read = verifier.strict(text)
    except (TypeError, ValueError, KeyError, AttributeError):
        return  # not even a file
    found = verifier.check(read, text, {SIGNER.public})
    if not found:
        assert list(verifier.summary(read, set(), None))


@pytest.mark.parametrize("receipt", ["0", "\x80", "!!!!", "YQ==junk"])
def test_a_receipt_that_is_no_base64_is_a_finding(written_file, receipt):
    changed = _signed_again(_changed(written_file, ("anchors", 0, "receipt"), receipt))
    text = evidence.layout(changed)
    found = verifier.check(verifier.strict(text), text, {SIGNER.public})
    assert any("a receipt that is no base64" in one for one in found), found


@pytest.fixture(scope="module")
def written_file(tmp_path_factory):
    """A file of evidence, made once."""

    async def make():
        opened = Journal.open(f"sqlite:///{tmp_path_factory.mktemp('file')}/journal.db", keys=Keys(b"k" * 32))
        await _run(opened, "R1")
        await opened.carried(_anchored(opened, "R1"))
        made = _made(opened, "R1")
        await opened.aclose()
        return made

    return asyncio.run(make())


def _rehashed(events):
    """Calculate a chain anew, as whoever can write the data base could."""
    prev = ""
    for n, event in enumerate(events, 1):
        event.update(n=n, prev=prev)
        columns = {name: value for name, value in event.items() if name != "hash"}
        event["hash"] = prev = hashlib.sha256(canonical(columns)).hexdigest()


def _rewritten(file):
    run = file["runs"][0]
    run["events"][4]["body"]["word"] = "stopped"
    _rehashed(run["events"])
    run["head"]["hash"] = run["events"][-1]["hash"]
    return "Run R1, event"


def _event_edited(file):
    file["runs"][0]["events"][2]["body"]["how"] = "--yes"
    return "Run R1, event 3"


def _event_dropped(file):
    del file["runs"][1]["events"][2]
    return "Run R2, event 4"


def _last_written_anew(file, **columns):
    """Another last event of R2, with its own hash and head."""
    run = file["runs"][1]
    last = {**run["events"][-1], **columns}
    last["hash"] = hashlib.sha256(canonical({k: v for k, v in last.items() if k != "hash"})).hexdigest()
    run["events"][-1] = last
    run["head"].update(n=last["n"], hash=last["hash"])


def _number_skipped(file):
    _last_written_anew(file, n=6)
    return "Run R2, event 6: it stands after event 4"


def _link_cut(file):
    _last_written_anew(file, prev="0" * 64)
    return "Run R2, event 5: it does not follow"


def _of_another_incident(file):
    _last_written_anew(file, incident="INC-3")
    return "Run R2, event 5: it is of another run or incident"


def _of_another_run(file):
    _last_written_anew(file, run="R1")
    return "Run R2, event 5: it is of another run or incident"


def _time_goes_back(file):
    _last_written_anew(file, at="2026-11-23T00:00:00.000000Z")
    return "Run R2, event 5: its time"


def _lease_goes_back(file):
    _last_written_anew(file, fence=0)
    return "Run R2, event 5: its time or its lease"


def _time_is_none(file):
    _last_written_anew(file, at="now")
    return "Run R2, event 5: its time"


def _head_of_an_earlier_event(file):
    run = file["runs"][1]
    run["head"].update(n=4, hash=run["events"][3]["hash"])
    return "Run R2, event 4: this head is not the last event"


def _end_cut_off(file):
    del file["runs"][1]["events"][-1]
    return "Run R2, event 5"


def _ended_run_cut_short(file):
    run = file["runs"][0]
    del run["events"][-1]
    run["head"].update(n=4, hash=run["events"][-1]["hash"])
    run["ended"] = True
    return "run R1, event 5: it is not the end"


def _other_playbook(file):
    file["runs"][0]["playbook"]["text"] += "#"
    return "the playbook is not the one that the run was opened with"


def _text_that_is_not_what_the_opening_hashed(file):
    run = file["runs"][1]
    run["playbook"]["text"] = run["events"][0]["body"]["text"] = PLAYBOOK + "#"
    return "the playbook's text does not have the SHA-256"


def _other_plan(file):
    file["runs"][0]["plan"]["whole"] = 1
    return "Run R1: the plan"


def _other_approver(file):
    file["runs"][0]["approvals"][1]["who"] = "os:nobody"
    return "Run R1: the approvals"


def _run_said_to_have_ended(file):
    file["runs"][1]["ended"] = True
    return "Run R2: whether and where"


def _opening_left_out(file):
    del file["records"][0]
    return "Run R1: whether and where"


def _record_edited(file):
    file["records"][-1]["body"]["how"] = "never"
    return "Record"


def _record_left_out_in_a_row(file):
    file["records"][0], file["records"][1] = file["records"][1], file["records"][0]
    return "does not follow"


def _anchor_left_out(file):
    del file["anchors"][0]
    return "anchors that the journal recorded are missing"


def _anchor_said_to_be_independent(file):
    file["anchors"][0]["independent"] = "believe me"
    return "anchors that the journal recorded are missing"


def _anchor_of_another_journal(file):
    file["journal"] = "another"
    return "of another journal"


def _stamp_of_another_head(file):
    file["anchors"][1]["receipt"] = base64.b64encode(b"DER" + b"0" * 32).decode()
    return "receipt that does not name this statement"


@pytest.mark.parametrize(
    "change",
    [
        _rewritten, _event_edited, _event_dropped, _number_skipped, _link_cut, _of_another_incident, _of_another_run, _time_goes_back, _lease_goes_back, _time_is_none, _head_of_an_earlier_event, _end_cut_off, _ended_run_cut_short, _other_playbook, _text_that_is_not_what_the_opening_hashed, _other_plan,
        _other_approver, _run_said_to_have_ended, _opening_left_out, _record_edited, _record_left_out_in_a_row,
        _anchor_left_out, _anchor_said_to_be_independent, _anchor_of_another_journal, _stamp_of_another_head,
    ],
    ids=lambda change: change.__name__.strip("_"),
)  # fmt: skip
async def test_what_is_changed_and_signed_anew_by_our_own_key_is_found_by_what_it_belies(journal, change):
    file = _made(journal)
    words = change(file)
    found = _found(_signed_again(file), SIGNER.public)
    assert not any("not what was signed" in one for one in found), "the signature alone tells: nothing is proven"
    assert any(words in one for one in found), found


async def test_another_key_is_found_by_whoever_was_given_the_right_one(journal, tmp_path):
    forged = tmp_path / "f"
    forged.write_text(evidence.layout(_made(journal, signer=OTHER)))
    done = _checked(forged, "--key", SIGNER.public)
    assert done.returncode == 4
    assert "another key" in done.stdout
    (tmp_path / "sign.pub").write_text(SIGNER.public.upper() + "\n")
    good = tmp_path / "g"
    good.write_text(evidence.layout(_made(journal)))
    assert _checked(good, "--key", str(tmp_path / "sign.pub")).returncode == 0
    assert _checked(good, "--key", OTHER.public, "--key", SIGNER.public).returncode == 0


async def test_wrong_usage_is_2(journal, tmp_path):
    (tmp_path / "f").write_text(evidence.layout(_made(journal)))
    for options in (["--key", "beef"], ["--key", str(tmp_path)], ["--what"], ["--receipts", "/dev/null/x"]):
        assert _checked(tmp_path / "f", *options).returncode == 2, options
    assert _checked(tmp_path / "none").returncode == 2


async def test_a_time_stamp_is_not_claimed_but_handed_to_openssl(journal, tmp_path):
    (tmp_path / "f").write_text(evidence.layout(_made(journal)))
    done = _checked(tmp_path / "f", "--receipts", str(tmp_path))
    receipt = (tmp_path / "receipt-1.tsr").read_bytes()
    assert receipt.startswith(b"DER")
    assert f"openssl ts -verify -digest {receipt[3:].hex()} -in {tmp_path / 'receipt-1.tsr'} -CAfile" in done.stdout
    assert "NOT checked" in done.stdout


async def test_what_people_are_shown_moves_no_cursor(journal, tmp_path):
    lease, _ = await journal.begin(
        "R4", "INC-1", Draft("opened", {"playbook": "\x1b[2J\x1b[1;1Hwhole\u202e", "mode": "live"})
    )
    await journal.release(lease, unlock=True)
    (tmp_path / "f").write_text(evidence.layout(_made(journal, "R4")))
    done = _checked(tmp_path / "f")
    assert done.returncode == 0
    assert "\\x1b[2J" in done.stdout
    assert all(c.isprintable() or c == "\n" for c in done.stdout)


def _tombstone(**changed):
    body = {
        "run": "R0", "incident": "INC-1", "n": 3, "head": "0" * 64, "first_at": AT, "last_at": AT, "before": AT,
        "public": SIGNER.public,
    }  # fmt: skip
    return {**body, "signature": SIGNER.sign("tombstone", body), **changed}


@pytest.mark.parametrize(
    ("changed", "whole"), [({}, True), ({"n": 4}, False), ({"public": OTHER.public}, False), ({"public": [1]}, False)]
)
async def test_a_tombstone_that_our_key_did_not_sign_is_found(journal, changed, whole):
    await journal.record(Draft("pruned", _tombstone(**changed)))
    file = _made(journal)
    assert [record["type"] for record in file["records"]][-1] == "pruned"
    found = _found(file, SIGNER.public)
    assert found == [] if whole else "tombstone is not signed" in found[0]
    if whole:
        said = list(verifier.summary(file, set(), None))
        assert any("Run R0 was pruned: 3 events" in one for one in said)


def _opening_of_another_event(file):
    record = file["records"][3]
    assert record["body"]["run"] == "R2"
    record["body"]["hash"] = "0" * 64
    record["hash"] = hashlib.sha256(canonical({k: v for k, v in record.items() if k != "hash"})).hexdigest()
    return "run R2, event 1: it is not the opening"


def _record_of_another_incident(file):
    record = file["records"][-1]
    record["body"].update(run="R3", incident="INC-3")
    record["hash"] = hashlib.sha256(canonical({k: v for k, v in record.items() if k != "hash"})).hexdigest()
    return "it is not about this incident"


def _anchor_signed_by_another(file):
    anchor = file["anchors"][0]
    anchor["public"], anchor["signature"] = OTHER.public, OTHER.sign("head", anchor["statement"])
    return "its anchor at file:anchors.jsonl is not signed by the trusted key"


def _anchor_of_a_head_that_never_was(file):
    anchor = file["anchors"][0]
    anchor["statement"]["run"]["head"] = "0" * 64
    anchor["signature"] = SIGNER.sign("head", anchor["statement"])
    return "names a head that is not in the chain"


def _anchor_of_a_journal_that_was_rolled_back(file):
    anchor = file["anchors"][0]
    anchor["statement"]["journal"].update(n=1, head="0" * 64)
    anchor["signature"] = SIGNER.sign("head", anchor["statement"])
    return "rolled back"


@pytest.mark.parametrize(
    "change",
    [
        _opening_of_another_event, _record_of_another_incident, _anchor_signed_by_another, _anchor_of_a_head_that_never_was,
        _anchor_of_a_journal_that_was_rolled_back,
    ],
    ids=lambda change: change.__name__.strip("_"),
)  # fmt: skip
async def test_records_and_anchors_that_were_forged_with_their_hashes_are_found(journal, change):
    file = _made(journal)
    words = change(file)
    found = _found(_signed_again(file), SIGNER.public)
    assert any(words in one for one in found), found


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
BODIES = st.dictionaries(
    st.text(st.characters(max_codepoint=127), max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=8), inner, max_size=3),
    ),
    max_size=4,
)  # fmt: skip


@given(BODIES)
def test_the_verifier_spells_as_the_journal_does(body):
    assert verifier.canonical(body) == canonical(body)
    assert verifier.strict(evidence.layout(body)) == body


async def test_a_journal_that_was_altered_is_not_exported(journal, sql):
    sql("DELETE FROM events WHERE run = 'R2' AND n = 5")
    with pytest.raises(JournalFailed, match="R2 was altered"):
        _made(journal)


async def test_runs_that_move_while_they_are_read_are_read_again(journal):
    """A closing that comes between the journal's own chain and the run's is not missed."""
    lease, _ = await journal.take("R2")
    moved = []

    class Moving:
        def __getattr__(self, name):
            return getattr(journal, name)

        def events(self, run, after=0, *, names=True):
            if run == "R2" and not moved:
                moved.append(run)
                thread = threading.Thread(target=asyncio.run, args=(end(),))
                thread.start()
                thread.join()
            return journal.events(run, after, names=names)

    async def end():
        await journal.append(lease, [Draft("ended", {"word": "contained"})])
        await journal.release(lease, unlock=True)

    found = evidence.gather(Moving(), "INC-1", ["R2"])
    file = evidence.evidence(found, SIGNER, at=AT, by="", how="", names=False)
    assert moved
    assert _found(file, SIGNER.public) == []
    assert file["runs"][0]["ended"]


def test_the_verifier_imports_nothing_but_python_and_cryptography():
    names = set()
    for node in ast.walk(ast.parse(VERIFIER.read_text(), feature_version=(3, 9))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module.partition(".")[0])
    assert names - set(sys.stdlib_module_names) == {"cryptography"}
    assert "exec" not in VERIFIER.read_text()
    assert "__import__" not in VERIFIER.read_text()


def test_a_file_is_handed_over_whole_to_its_owner_alone_and_over_nothing(tmp_path):
    target = tmp_path / "f"
    files.hand_over(files.stage(target, "one"), target, force=False)
    assert target.read_text() == "one"
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(JournalFailed, match="exists"):
        files.hand_over(files.stage(target, "two"), target, force=False)
    assert target.read_text() == "one"
    files.hand_over(files.stage(target, "two"), target, force=True)
    assert target.read_text() == "two"
    assert [one.name for one in tmp_path.iterdir()] == ["f"]


def test_another_verifier_is_left_alone(tmp_path):
    assert files.lay_verifier(tmp_path) == "written"
    assert (tmp_path / "verify.py").read_bytes() == VERIFIER.read_bytes()
    assert files.lay_verifier(tmp_path) == "there"
    (tmp_path / "verify.py").write_text("print('whole')")
    assert files.lay_verifier(tmp_path) == "differs"
    assert (tmp_path / "verify.py").read_text() == "print('whole')"
