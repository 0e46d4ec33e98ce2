"""A release counts for the very text that was signed, with all it uses, by a key that is configured; for nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from engine.released import Release, Unreleased, content_hash, file_of, released, sign
from journal.proof.sign import Signer
from triggers.cli import place

BOOK = (place.CHECKOUT / "playbooks" / "network_only.yaml").read_text()
OUTER = """\
playbook: outer
title: Uses another
breaks: Something
does_not: Anything else
inputs:
  integration: {type: integration, has: [practice_firewall]}
contain:
  - {id: net, uses: playbook.inner, with: {integration: "${inputs.integration}"}}
"""
AT = "2026-01-01T00:00:00.000000Z"
OURS, OTHER = Signer(bytes(range(32))), Signer(bytes(range(1, 33)))


@pytest.fixture
def book(tmp_path: Path):
    file = tmp_path / "network_only.yaml"
    file.write_text(BOOK)
    checked = place.checked_playbook(file, None)
    file_of(file).write_text(sign(checked, 3, AT, OURS))
    return file, checked


def why(checked, file, keys=(OURS.public,)):
    found = released(checked, file_of(file), keys)
    assert isinstance(found, Unreleased)
    return found


def test_what_was_signed_is_released(book):
    file, checked = book
    found = released(checked, file_of(file), {OTHER.public, OURS.public})
    assert found == Release("network_only", checked.sha256, 3, AT, OURS.id, OURS.public)


def test_a_key_that_is_not_ours_releases_nothing(book):
    file, checked = book
    assert "that key's releases do not count here" in why(checked, file, [OTHER.public]).why
    assert "no key's releases count here" in why(checked, file, []).why


def test_one_changed_letter_ends_a_release(book):
    file, _ = book
    file.write_text(BOOK + "# \n")
    found = why(place.checked_playbook(file, None), file)
    assert found.why == "it was changed since release 3 of 2026-01-01"
    assert found.changed is not None


@pytest.mark.parametrize("field", ["playbook", "sha256", "version", "at", "public", "signature"])
def test_whatever_is_edited_in_a_release_makes_it_none(book, field):
    file, checked = book
    said = json.loads(file_of(file).read_text())
    said[field] = (
        said[field] + 1 if field == "version" else OTHER.public if field == "public" else "0" + said[field][1:]
    )
    file_of(file).write_text(json.dumps(said))
    assert "is not signed by the key that it names" in why(checked, file).why


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b"\xff", b"[" * 9000, b" " * 20_000, b'{"playbook": 1}'], ids=range(7)
)
def test_what_is_no_release_is_told(book, raw):
    file, checked = book
    file_of(file).write_bytes(raw)
    assert "its release network_only.release.json" in why(checked, file).why


def test_a_release_of_another_playbook_is_none(tmp_path, book):
    _, checked = book
    other = tmp_path / "other.yaml"
    other.write_text(BOOK.replace("playbook: network_only", "playbook: other"))
    file_of(other).write_text(sign(checked, 1, AT, OURS))
    assert "is of the playbook 'network_only'" in why(place.checked_playbook(other, None), other).why


def test_a_change_in_a_playbook_that_it_uses_ends_its_release(tmp_path):
    outer, inner = tmp_path / "outer.yaml", tmp_path / "inner.yaml"
    outer.write_text(OUTER)
    inner.write_text(BOOK.replace("playbook: network_only", "playbook: inner"))
    before = place.checked_playbook(outer, None)
    file_of(outer).write_text(sign(before, 1, AT, OURS))
    assert isinstance(released(before, file_of(outer), [OURS.public]), Release)
    inner.write_text(inner.read_text().replace("watch: 1h", "watch: 2h"))
    after = place.checked_playbook(outer, None)
    assert after.sha256 == before.sha256
    assert content_hash(after) != content_hash(before)
    assert "or one of the playbooks that it uses, was changed" in why(after, outer).why


@pytest.fixture
def team(ringfence, tmp_path):
    """A team's folder: a key, a playbook with its cases, and a configuration that names both."""
    books = tmp_path / "books"
    (books / "cases").mkdir(parents=True)
    (books / "network_only.yaml").write_text(BOOK)
    cases = books / "cases" / "network_only"
    cases.mkdir()
    for case in (place.CHECKOUT / "playbooks" / "cases" / "network_only").iterdir():
        (cases / case.name).write_text(case.read_text())
    assert ringfence("person", "key", "rel", "-o", "key").code == 0
    public = Signer.from_reference("file:key").public
    text = base64.b64encode(bytes.fromhex(public)).decode()
    (tmp_path / "ringfence.yaml").write_text(
        "connections: {fw: {system: practice_firewall, url: 'https://fw.example'}}\nplaybooks: [books]\n"
        f'releases: {{keys: ["ed25519:{text}"]}}\n'
    )
    (tmp_path / "integrations.yaml").write_text(
        "integrations: {a: {title: A, owner: b, footholds: [{id: p, kind: path, at: fw, path: x}]}}\n"
    )
    return books / "network_only.yaml"


def test_release_then_change_then_release_again(ringfence, team):
    first = ringfence("playbook", "release", "network_only", "--key", "key", "--json")
    assert first.code == 0, first.err
    assert (first.json["version"], first.json["counts"]) == (1, True)
    assert ringfence("playbook", "release", "network_only", "--key", "key", "--json").json["version"] == 1
    shown = ringfence("playbook", "show", "network_only", "--json").json
    assert (shown["released"], shown["changed"]) == (True, False)
    team.write_text(BOOK + "\n# a word more\n")
    shown = ringfence("playbook", "show", "network_only", "--json").json
    assert (shown["released"], shown["changed"]) == (False, True)
    assert "changed since release 1" in ringfence("playbook", "list").out
    assert ringfence("playbook", "release", "network_only", "--key", "key", "--json").json["version"] == 2
    private = Path("key").read_text().strip()
    assert private not in file_of(team).read_text()


def test_what_does_not_pass_its_cases_is_not_released(ringfence, team):
    team.write_text(BOOK.replace("    with:\n", '    if: "1 == 2"\n    with:\n', 1))
    said = ringfence("playbook", "release", "network_only", "--key", "key")
    assert said.code == 1
    assert "does not pass" in said.err
    assert not file_of(team).exists()


def test_a_key_that_is_not_there_or_is_no_key_is_refused(ringfence, team, tmp_path):
    for key in ("nowhere", "env:NOTHING_LIKE_IT", str(team)):
        said = ringfence("playbook", "release", "network_only", "--key", key)
        assert said.code == 1
        assert not file_of(team).exists()
    text = (tmp_path / "ringfence.yaml").read_text().replace("ed25519:", "ed25519:x")
    (tmp_path / "ringfence.yaml").write_text(text)
    said = ringfence("playbook", "list")
    assert said.code == 1
    assert "ringfence.yaml:3:" in said.err
