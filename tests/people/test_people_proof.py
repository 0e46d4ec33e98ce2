"""Proof of a person: tokens, keys, sealed codes; what is kept of each, and what the record holds for an auditor."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
import yaml
from parked import SCOPE, asked, events, park, waiting

from engine.approvals.saying import DOMAIN, statement
from inventory.people import PersonEntry
from inventory.proof import code_digest, digest, known_code, new_code, new_token, of_key, of_os, of_token
from inventory.read import BadInventory
from journal.proof.sign import signed_by
from triggers.cli import place

pytestmark = pytest.mark.timeout(60)


def _nothing(reference: str) -> str:
    raise BadInventory(f"secret {reference}: not here")


def _people(**tokens: str) -> dict[str, PersonEntry]:
    return {name: PersonEntry(name=name, roles=("approver",), token=token) for name, token in tokens.items()}


def test_a_token_is_random_and_only_its_digest_is_kept():
    made = {new_token() for _ in range(50)}
    assert len(made) == 50
    for token, kept in made:
        assert token.startswith("rfp_")
        assert len(base64.urlsafe_b64decode(token.removeprefix("rfp_") + "=")) == 32
        assert kept == digest(token) == digest(f"  {token}\n")
        assert token not in kept


def test_whose_token_it_is():
    (bens, kept), (doras, dora) = new_token(), new_token()
    people = _people(ben=kept, dora="env:DORA", gone="file:gone")
    resolve = {"env:DORA": doras}.get
    found = of_token(people, lambda name: resolve(name) or _nothing(name), bens, "os:desk")
    assert found is not None
    assert (found.person, found.by, found.how, found.os, found.proven) == (
        "ben",
        "person:ben",
        "token",
        "os:desk",
        True,
    )
    by_reference = of_token(people, lambda name: resolve(name) or _nothing(name), doras)
    assert by_reference is not None
    assert by_reference.person == "dora"
    as_digest = of_token(people, lambda name: dora if name == "env:DORA" else _nothing(name), doras)
    assert as_digest is not None
    for foreign in (new_token()[0], "", " ", kept, dora):
        assert of_token(people, lambda name: resolve(name) or _nothing(name), foreign) is None
    assert of_token(people, _nothing, doras) is None, "a reference that cannot be read proves nobody"
    assert of_token(people, lambda _: "", "") is None


def test_the_user_of_the_machine_is_a_person_by_account_alone_and_proves_nothing():
    people = {"ben": PersonEntry(name="Ben", roles=("approver",), accounts=("os:Ben",))}
    assert (of_os(people, "os:ben").person, of_os(people, "os:ben").proven) == ("ben", False)
    assert (of_os(people, "os:eve").person, of_os(people, "os:eve").by) == ("", "os:eve")


def test_a_code_is_read_from_paper_as_people_type():
    code, kept = new_code()
    assert code_digest(code.upper().replace("-", " ")) == kept
    assert known_code((new_code()[1], kept), f" {code} ") == kept
    assert known_code((new_code()[1],), code) == ""
    assert known_code((), code) == ""


def test_a_public_key_is_one_persons():
    people = {
        "ben": PersonEntry(name="Ben", roles=("approver",), key=f"ed25519:{base64.b64encode(bytes(32)).decode()}")
    }
    assert of_key(people, "00" * 32) is not None
    assert of_key(people, "01" + "00" * 31) is None
    assert of_key(people, "") is None


# The commands that make them


def test_a_tokens_file_is_its_owners_alone_and_never_written_over(ringfence, tmp_path):
    file = tmp_path / "ben.token"
    said = ringfence("person", "token", "ben", "-o", file)
    assert said.code == 0
    token = file.read_text().strip()
    assert token not in said.out + said.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f'token: "{digest(token)}"' in said.out
    again = ringfence("person", "token", "ben", "-o", file)
    assert (again.code, file.read_text().strip()) == (1, token)
    printed = ringfence("person", "token", "ben", "--json").json
    assert digest(printed["token"]) == printed["kept"]
    assert ringfence("person", "token", "Ben!").code == 1
    assert ringfence("person", "code", "-o", tmp_path / "codes", "--count", "0").code == 1


@pytest.fixture
def ours(tmp_path: Path, ringfence) -> Path:
    """A configuration on the practice company with a person who signs, and two sealed codes."""
    text = yaml.safe_load(place.COMPANY.read_text())
    key, codes = tmp_path / "ben.key", tmp_path / "codes"
    made = ringfence("person", "key", "ben", "-o", key, "--json").json
    text["people"]["ben"] |= {"key": made["kept"]}
    text["approvals"] = {"codes": ringfence("person", "code", "--count", "2", "-o", codes, "--json").json["codes"]}
    text["integrations"] = str(place.COMPANY.with_name("integrations.yaml"))
    file = tmp_path / "ringfence.yaml"
    file.write_text(yaml.safe_dump(text))
    assert stat.S_IMODE(key.stat().st_mode) == stat.S_IMODE(codes.stat().st_mode) == 0o600
    return file


def test_what_is_signed_an_auditor_checks_with_the_record_alone(ringfence, practice, ours, tmp_path, verified):
    park(asked(), waiting())
    said = ringfence("approve", "R1", "--config", ours, "--key", tmp_path / "ben.key", "--scope-hash", SCOPE[:8])
    assert said.code == 0, said.err
    decided, approved = events()[-2:]
    body = decided.body
    assert body["by"] == "person:ben"
    signed = statement("R1", "wall", "yes", SCOPE, body["shown"], body["signed_at"])
    assert signed_by(body["public"], DOMAIN, signed, body["signature"])
    assert not signed_by(body["public"], DOMAIN, {**signed, "answer": "no"}, body["signature"])
    assert not signed_by(body["public"], DOMAIN, {**signed, "scope_hash": "19d022c4" * 8}, body["signature"])
    assert not signed_by(body["public"], "head", signed, body["signature"])
    assert approved.type == "approved"
    assert (tmp_path / "ben.key").read_text().strip() not in said.out + said.err
    verified()


def test_a_foreign_key_is_nobodys_and_an_open_one_is_refused(ringfence, practice, ours, tmp_path):
    park(asked(), waiting())
    ringfence("person", "key", "mal", "-o", tmp_path / "mal.key")
    said = ringfence("approve", "R1", "--config", ours, "--key", tmp_path / "mal.key", "--scope-hash", SCOPE)
    assert (said.code, events()[-1].body["code"]) == (1, "unknown")
    (tmp_path / "ben.key").chmod(0o644)
    said = ringfence("approve", "R1", "--config", ours, "--key", tmp_path / "ben.key", "--scope-hash", SCOPE)
    assert said.code == 1
    assert "can be read by others" in said.err


def test_a_sealed_code_opens_one_wall_once(ringfence, practice, ours, tmp_path, monkeypatch, verified, home):
    """Its rung is reached at once here: the question was asked with no time for the rungs before it."""
    at_codes = {"ladder": ["approver", "commander", "codes"], "within_s": 0, "rung_s": 0, "role": "commander"}
    park(asked(**at_codes), waiting(), by="person:ana")
    park(asked(**at_codes), waiting(), run="R2", incident="INC-2", lock="calendar", by="person:ana")
    one, two = (tmp_path / "codes").read_text().split()
    monkeypatch.setenv("CODE", one)
    wrong = tmp_path / "wrong"
    wrong.write_text(new_code()[0])
    wrong.chmod(0o600)
    words = ("--config", ours, "--as", "ana", "--scope-hash", SCOPE)
    none = ringfence("approve", "R1", *words, "--code", f"@{wrong}")
    assert (none.code, events()[-1].body["code"]) == (1, "unknown_code")
    literal = ringfence("approve", "R1", *words, "--code", two)
    assert literal.code == 1
    assert two not in literal.out + literal.err
    said = ringfence("approve", "R1", *words, "--code", "env:CODE")
    assert said.code == 0, said.err
    decided = events()[-2]
    assert decided.body["code"] == code_digest(one)
    assert (decided.body["role"], decided.body["by"]) == ("commander", "person:ana")
    again = ringfence("approve", "R2", *words, "--code", "env:CODE")
    assert (again.code, events("R2")[-1].body["code"]) == (1, "used_code")
    monkeypatch.setenv("CODE", two)
    assert ringfence("approve", "R2", *words, "--code", "env:CODE").code == 0
    verified()
    for file in home.glob("journal.db*"):
        assert one.encode() not in file.read_bytes()
        assert one.encode() not in (said.out + again.err).encode()


def test_a_code_before_its_hour_stays_good(ringfence, practice, ours, tmp_path, monkeypatch):
    park(asked(ladder=["approver", "codes"], within_s=3600), waiting(), by="person:ana")
    monkeypatch.setenv("CODE", (tmp_path / "codes").read_text().split()[0])
    words = ("--config", ours, "--as", "ana", "--scope-hash", SCOPE, "--code", "env:CODE")
    for _ in range(2):
        said = ringfence("approve", "R1", *words)
        assert (said.code, events()[-1].body["code"]) == (1, "early_code")
        assert "still good" in said.err
