"""A signed decision in a file of evidence is checked by the script that comes with it, without ringfence."""

from __future__ import annotations

import pytest

from engine.approvals.saying import DOMAIN, statement
from journal import Draft, Journal, Keys
from journal.event import Private
from journal.export import evidence, verifier
from journal.proof.sign import Signer

PERSON, JOURNALS = Signer(b"p" * 32), Signer(b"j" * 32)
SCOPE, SHOWN, AT = "7c1e90ab" * 8, "ab" * 32, "2026-11-24T02:43:31+00:00"


async def _file(tmp_path, **changed) -> dict:
    signed = statement("R1", "wall", "yes", SCOPE, SHOWN, AT)
    body = {
        "wall": "wall", "answer": "yes", "scope_hash": SCOPE, "by": Private("person:ben"), "how": "key", "role": "approver",
        "shown": SHOWN, "reason": Private(""), "signed_at": AT, "public": PERSON.public,
        "signature": PERSON.sign(DOMAIN, signed), **changed,
    }  # fmt: skip
    journal = Journal.open(f"sqlite:///{tmp_path}/j.db", keys=Keys(b"k" * 32))
    try:
        await journal.begin("R1", "INC-1", Draft("opened", {"playbook": "p"}))
        await journal.say("R1", [Draft("decided", body)])
        found = evidence.gather(journal, "INC-1", ("R1",))
        return evidence.evidence(found, JOURNALS, at=AT.replace("+00:00", ".000000Z"), by="os:x", how="t", names=True)
    finally:
        await journal.aclose()


def _found(file: dict) -> list[str]:
    text = evidence.layout(file)
    return verifier.check(verifier.strict(text), text, {JOURNALS.public})


async def test_a_signed_decision_is_whole(tmp_path):
    file = await _file(tmp_path)
    assert _found(file) == []
    assert [one["answer"] for one in file["runs"][0]["approvals"]] == ["decided"]


@pytest.mark.parametrize(
    "changed",
    [
        {"answer": "no"}, {"scope_hash": "19d022c4" * 8}, {"shown": "cd" * 32}, {"wall": "other"}, {"signature": ""},
        {"signed_at": "2026-11-24T02:43:32+00:00"}, {"public": JOURNALS.public}, {"signature": "zz"}, {"public": ""},
    ],
)  # fmt: skip
async def test_a_decision_that_its_key_did_not_sign_is_found(tmp_path, changed):
    """Even where the journal's own key has signed it all: whoever holds that one can not speak for a person."""
    found = _found(await _file(tmp_path, **changed))
    assert found == ["Run R1, event 2: this decision does not bear the signature of the key that it names."]


async def test_a_decision_by_token_bears_no_signature(tmp_path):
    assert _found(await _file(tmp_path, public="", signature="", how="token")) == []
