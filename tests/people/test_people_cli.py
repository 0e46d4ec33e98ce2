"""What people say to a run that waits: counted or turned away, told, and in the record."""

from __future__ import annotations

import json

import pytest
from parked import OTHER, SCOPE, asked, events, go_on, park, waiting

from triggers.cli.desk import who

pytestmark = pytest.mark.timeout(60)


def _types(run: str = "R1") -> list[str]:
    return [event.type for event in events(run)]


def _last(run: str = "R1"):
    return events(run)[-1]


def test_an_approver_opens_the_wall_and_the_record_says_who_what_and_how(ringfence, practice, verified):
    park(asked(), waiting())
    said = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE[:8], "--reason", "seen the address")
    assert said.code == 0, said
    assert "41 people" in said.out
    assert "scope 7c1e90ab" in said.out
    assert "Not asked: Eve, a target of this incident (practice_crm:svc-drift)" in said.out
    assert "Ben approves scope 7c1e90ab: the wall is open." in said.out
    decided, approved = events()[-2:]
    assert (decided.type, approved.type) == ("decided", "approved")
    assert decided.n + 1 == approved.n
    assert decided.body["by"] == approved.body["by"] == "person:ben"
    assert (decided.body["how"], decided.body["seat"][:3]) == ("token", "os:")
    assert decided.body["source"].startswith("ringfence.yaml sha256:")
    assert (decided.body["answer"], decided.body["role"], decided.body["scope_hash"]) == ("yes", "approver", SCOPE)
    assert decided.body["reason"] == "seen the address"
    verified()


def test_what_was_decided_is_anchored_though_nobody_carries_the_run_out(ringfence, practice, home, verified):
    park(asked(), waiting())
    assert ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE).code == 0
    heads = [json.loads(one) for one in (home / "anchors.jsonl").read_text().splitlines()]
    last = events()[-1]
    ends = [head["statement"]["run"] for head in heads]
    assert {"id": "R1", "incident": "INC-1", "n": last.n, "head": last.hash} in ends
    verified()


def test_the_digest_in_the_record_is_of_the_very_text_that_was_shown(ringfence, practice):
    import hashlib

    park(asked(), waiting())
    said = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE, "--json")
    assert said.code == 0
    assert said.json["opened"]
    digest = hashlib.sha256(said.json["text"].encode()).hexdigest()
    assert digest == said.json["shown"] == events()[-2].body["shown"]
    assert "HOLD, at once" in said.json["text"]


@pytest.mark.parametrize("by", ["person:ben", "PERSON:BEN"])
def test_the_requester_does_not_approve_his_own_request(ringfence, practice, by, verified):
    park(asked(), waiting(), by=by)
    said = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE)
    assert said.code == 1
    assert "Turned away: Ben asked for this: somebody else must approve it." in said.err
    assert (_last().type, _last().body["code"], _last().body["by"]) == ("turned_away", "requester", "person:ben")
    assert "approved" not in _types()
    assert ringfence("approve", "R1", "--as", "dora", "--scope-hash", SCOPE).code == 0
    verified()


@pytest.mark.parametrize("verb", ["approve", "object"])
def test_a_target_of_the_incident_has_no_say(ringfence, practice, verb, verified):
    park(asked(), waiting())
    said = ringfence(verb, "R1", "--as", "eve", "--scope-hash", SCOPE, "--reason", "let it run")
    assert said.code == 1
    assert "Eve has no say in incident INC-1: practice_crm:svc-drift is among what it acts on." in said.err
    assert (_last().type, _last().body["code"]) == ("turned_away", "target")
    assert _last().body["answer"] == ("yes" if verb == "approve" else "no")
    assert {"decided", "approved", "objected"}.isdisjoint(_types())
    verified()


def test_a_target_of_another_run_of_the_incident_has_no_say_either(ringfence, practice):
    """The account is a target of the first run alone; the second is of the same incident."""
    park(run="R0", incident="INC-1")
    park(asked(), waiting(), lock="calendar")
    assert ringfence("approve", "R1", "--as", "eve", "--scope-hash", SCOPE).code == 1
    assert _last().body["code"] == "target"


def test_a_stale_approval_does_nothing_and_says_what_is_asked_now(ringfence, practice, verified):
    park(asked(), waiting())
    go_on(asked(OTHER), waiting("asked anew"))
    said = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE[:12])
    assert said.code == 1
    assert "Scope 7c1e90ab is not what is asked about: run R1 asks about scope 19d022c4." in said.err
    assert (_last().type, _last().body["code"]) == ("turned_away", "stale")
    assert "approved" not in _types()
    assert ringfence("approve", "R1", "--as", "ben", "--scope-hash", OTHER[:8]).code == 0
    verified()


def test_what_was_said_to_an_older_scope_does_not_count_for_the_new_one(ringfence, practice):
    park(asked(people=2), waiting())
    assert ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE).code == 3
    go_on(asked(OTHER, people=2), waiting("asked anew"))
    assert ringfence("approve", "R1", "--as", "dora", "--scope-hash", OTHER).code == 3
    assert "approved" not in _types()
    assert ringfence("approve", "R1", "--as", "ben", "--scope-hash", OTHER).code == 0


def test_two_people_with_nobody_at_the_run_in_between(ringfence, practice, verified):
    park(asked(people=2), waiting())
    first = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE)
    assert first.code == 3
    assert "Ben approves scope 7c1e90ab. It waits for 1 more to say yes: Dora" in first.out
    again = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE)
    assert (again.code, _last().body["code"]) == (1, "decided_before")
    second = ringfence("approve", "R1", "--as", "dora", "--scope-hash", SCOPE)
    assert second.code == 0
    assert "YES  Ben, approver" in second.out
    assert [event.type for event in events()[-2:]] == ["decided", "approved"]
    third = ringfence("approve", "R1", "--as", "cleo", "--scope-hash", SCOPE)
    assert (third.code, _last().body["code"]) == (1, "no_question")
    verified()


def test_an_objection_asks_more_authority_and_ends_nothing(ringfence, practice, verified):
    park(asked(), waiting())
    said = ringfence("object", "R1", "--as", "ben", "--scope-hash", SCOPE, "--reason", "payroll runs at four")
    assert said.code == 0
    assert "Ben objects to scope 7c1e90ab." in said.out
    assert [event.type for event in events()[-2:]] == ["decided", "objected"]
    dora = ringfence("approve", "R1", "--as", "dora", "--scope-hash", SCOPE)
    assert dora.code == 3
    assert "NO  Ben, approver" in dora.out
    assert "payroll runs at four" in dora.out
    assert ringfence("approve", "R1", "--as", "cleo", "--scope-hash", SCOPE).code == 0
    assert _last().type == "approved"
    verified()


def test_a_responder_neither_approves_nor_objects(ringfence, practice):
    park(asked(), waiting())
    for verb in ("approve", "object"):
        assert ringfence(verb, "R1", "--as", "ana", "--scope-hash", SCOPE, "--reason", "because").code == 1
        assert _last().body["code"] == "no_role"


def test_the_user_of_the_machine_alone_approves_nothing(ringfence, practice):
    park(asked(), waiting())
    said = ringfence("approve", "R1", "--scope-hash", SCOPE)
    assert said.code == 1
    assert "alone is no proof of who sits there" in said.err
    assert (_last().body["code"], _last().body["by"][:3]) == ("unproven", "os:")


def test_a_foreign_token_is_nobodys(ringfence, practice, tmp_path):
    from inventory.proof import new_token

    park(asked(), waiting())
    foreign, _ = new_token()
    (tmp_path / "token").write_text(foreign)
    open_to_all = ringfence("approve", "R1", "--token", f"@{tmp_path}/token", "--scope-hash", SCOPE)
    assert open_to_all.code == 1
    assert f"chmod 600 {tmp_path}/token" in open_to_all.err
    (tmp_path / "token").chmod(0o600)
    said = ringfence("approve", "R1", "--token", f"@{tmp_path}/token", "--scope-hash", SCOPE)
    assert (said.code, _last().body["code"]) == (1, "unknown")
    assert foreign not in said.out + said.err
    (tmp_path / "bens").write_text(practice["ben_token"])
    (tmp_path / "bens").chmod(0o600)
    as_dora = ringfence("approve", "R1", "--as", "dora", "--token", f"@{tmp_path}/bens", "--scope-hash", SCOPE)
    assert (as_dora.code, _last().body["code"]) == (1, "unknown")
    assert ringfence("approve", "R1", "--token", f"@{tmp_path}/bens", "--scope-hash", SCOPE).code == 0


def test_a_token_as_an_argument_is_refused_and_not_repeated(ringfence, practice):
    park(asked(), waiting())
    before = _types()
    said = ringfence("approve", "R1", "--token", "rfp_" + "x" * 43, "--scope-hash", SCOPE)
    assert said.code == 1
    assert "never as it is" in said.err
    assert "xxxx" not in said.out + said.err
    assert _types() == before


def test_without_a_terminal_nobody_approves_what_they_do_not_name(ringfence, practice):
    park(asked(), waiting())
    before = _types()
    said = ringfence("approve", "R1", "--as", "ben")
    assert said.code == 1
    assert "--scope-hash" in said.err
    short = ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE[:7])
    assert short.code == 1
    assert "8 letters at least" in short.err
    assert _types() == before


def test_breaking_the_glass_opens_the_wall_and_wants_a_review_by_somebody_else(ringfence, practice, verified):
    park(asked(people=2, role="commander"), waiting(), by="person:ana")
    short = ringfence("approve", "R1", "--as", "ana", "--scope-hash", SCOPE, "--break-glass", "hurry")
    assert (short.code, _last().body["code"]) == (1, "no_reason")
    eve = ringfence("approve", "R1", "--as", "eve", "--scope-hash", SCOPE, "--break-glass", "nobody answers, he reads")
    assert (eve.code, _last().body["code"]) == (1, "target")
    said = ringfence("approve", "R1", "--as", "ana", "--scope-hash", SCOPE, "--break-glass", "nobody answers, he reads")
    assert said.code == 0
    assert "ringfence review R1" in said.out
    decided, approved, told = events()[-3:]
    assert (decided.body["role"], approved.body["glass"], told.type) == ("glass", True, "told")
    assert (told.body["of"], told.body["why"], told.body["how"]) == ("break-glass", "", "notify")
    mine = ringfence("review", "R1", "--as", "ana", "--reason", "it was right")
    assert (mine.code, _last().body["code"]) == (1, "requester")
    assert ringfence("review", "R1", "--as", "dora", "--reason", "it was right").code == 0
    assert (_last().type, _last().body["by"]) == ("reviewed", "person:dora")
    again = ringfence("review", "R1", "--as", "ben", "--reason", "it was right")
    assert (again.code, _last().body["code"]) == (1, "decided_before")
    verified()


def test_a_note_stays_in_the_record_of_a_run_that_rests(ringfence, practice, verified):
    park(asked(), waiting())
    assert ringfence("note", "R1", "called the vendor").code == 0
    assert ringfence("note", "INC-1", "they confirm").code == 0
    assert [event.body["text"] for event in events() if event.type == "noted"] == ["called the vendor", "they confirm"]
    assert ringfence("note", "R9", "x").code == 1
    shown = ringfence("status", "R1")
    assert shown.code == 0
    verified()


def test_a_freeze_ends_by_itself_and_is_told(ringfence, practice, verified):
    park(asked(), waiting())
    nobody = ringfence("freeze", "--sandbox")
    assert nobody.code == 1
    assert "no proof" in nobody.err
    away = events("@journal")[-1]
    assert (away.type, away.body["code"]) == ("turned_away", "unproven")
    assert ringfence("freeze", "--sandbox", "--minutes", "61", "--as", "ana").code == 1
    on = ringfence("freeze", "--sandbox", "--as", "ana", "--minutes", "5", "--reason", "false alarms", "--json")
    assert on.code == 0
    assert on.json["frozen"]
    assert not ringfence("freeze", "--sandbox", "--as", "ana", "--off", "--json").json["frozen"]
    assert not ringfence("freeze", "--sandbox", "--status", "--json").json["frozen"]
    chat = ringfence("sandbox", "log", "--json").json["requests"]
    assert sum(request["path"].startswith("/chat/hooks/") for request in chat) == 2
    verified()


def test_no_person_is_named_in_the_clear(ringfence, practice, home):
    park(asked(), waiting(), by="person:ana")
    ringfence("approve", "R1", "--as", "ben", "--scope-hash", SCOPE, "--reason", "Benjamin Okafor was asked")
    ringfence("approve", "R1", "--as", "eve", "--scope-hash", SCOPE)
    ringfence("freeze", "--sandbox", "--as", "dora", "--reason", "Benjamin Okafor was asked")
    held = b"".join(file.read_bytes() for file in home.glob("journal.db*"))
    for name in (b"person:ben", b"person:eve", b"person:dora", b"person:ana", b"Okafor", who().encode()):
        assert name not in held
