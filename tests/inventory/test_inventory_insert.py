"""What is put into a person's file: it is there, it is one value, and every other byte is as it was."""

import re

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from inventory_texts import IDS, LINES, PRINTABLE, footholds, texts

from inventory.integrations.insert import NotWritten, add_footholds, add_integration, add_ours
from inventory.integrations.model import Integrations
from inventory.integrations.writing import comment, inline, scalar
from inventory.read import parse
from language.errors import Report
from language.source import load, plain

MORE = settings(max_examples=120, deadline=None)


def tree(text):
    return plain(load(text, Report("x")))


def put_in(before, after):
    """What was put in, at one place; everything else must be there byte for byte."""
    at = next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    for begin in range(at, -1, -1):
        piece = after[begin : begin + len(after) - len(before)]
        if before[:begin] + piece + before[begin:] == after:
            return piece
    pytest.fail("more than one place was changed")


@MORE
@given(texts(), st.data())
def test_footholds_are_added_and_nothing_else_changes(made, data):
    before, names = made
    name = data.draw(st.sampled_from(names))
    known = tree(before)
    taken = {one["id"] for one in known["integrations"][name]["footholds"]}
    fresh = [one for one in data.draw(footholds()) if one["id"] not in taken]
    assume(fresh)
    note = data.draw(LINES)
    after = add_footholds(before, name, fresh, note)
    known["integrations"][name]["footholds"] += fresh
    assert tree(after) == known
    put_in(before, after)


@MORE
@given(texts(), IDS, PRINTABLE, footholds(), st.data())
def test_an_integration_is_added_and_nothing_else_changes(made, name, title, held, data):
    before, names = made
    assume(name not in names)
    fields = {"title": title, "owner": "TODO", "addresses": ["203.0.113.9"], "critical": True, "footholds": held}
    notes = {"": [data.draw(LINES)], "owner": [data.draw(LINES)], "footholds": ["one", data.draw(LINES)]}
    after = add_integration(before, name, fields, notes)
    known = tree(before)
    known["integrations"][name] = fields
    assert tree(after) == known
    put_in(before, after)


@MORE
@given(texts(), PRINTABLE, LINES)
def test_what_is_ours_is_added_and_nothing_else_changes(made, title, note):
    before, _ = made
    entry = {"kind": "client", "at": "idp", "why": title, "client": "c:" + title}
    after = add_ours(before, [entry, entry | {"client": "d"}], note)
    known = tree(before)
    known.setdefault("ours", []).extend([entry, entry | {"client": "d"}])
    assert tree(after) == known
    put_in(before, after)


@MORE
@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_value_and_any_note_is_one_comment(value, note):
    for text in (
        f"{comment(note)}\nkey: {scalar(value)}\nnext: 1\n",
        f"{{{'key'}: {scalar(value)}, next: 1}}  {comment(note)}\n",
        f"a: [x, {inline({'key': value, 'next': 1})}, z]",
    ):
        found = tree(text)
        found = found["a"][1] if "a" in found else found
        assert found == {"key": value, "next": 1}
        assert not re.search("[^\t\n\x20-\x7e\u0080-\U0010ffff]", text)
    assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}  # and to a reader that is less strict


TWO = """\
# Ours. Keep the order.
integrations:
  drift:   # the one of August
    title: "Drift"
    owner: sales-ops
    footholds:
      - {id: client, kind: client, at: idp, client: drift}   # the only one?
      # - {id: old, kind: client, at: idp, client: drift-old}

    # They gave us these by mail.
    addresses: [203.0.113.10]
  calendar: {title: C, owner: it, footholds: [{id: c, kind: client, at: idp, client: cal}]}

# Beside them:
ours:
- {kind: client, at: idp, client: portal, why: "our own portal"}"""


def test_a_foothold_goes_below_the_comments_of_the_last_one():
    after = add_footholds(TWO, "drift", [{"id": "hook", "kind": "webhook", "at": "crm", "hook": "wh: 7"}], "seen\nonce")
    assert put_in(TWO, after) == (
        '      # seen once\n      - {id: hook, kind: webhook, at: crm, hook: "wh: 7"}\n'
    )  # fmt: skip
    assert after.index("id: old") < after.index("id: hook") < after.index("They gave")


def test_a_foothold_of_a_list_in_brackets_stays_in_them():
    after = add_footholds(TWO, "calendar", [{"id": "u", "kind": "user", "at": "crm", "user": "svc"}])
    assert put_in(TWO, after) == ", {id: u, kind: user, at: crm, user: svc}"


def test_an_integration_goes_below_the_last_and_the_last_line_needs_no_end():
    fields = {
        "title": "Mail, by #1",
        "owner": "TODO",
        "footholds": [{"id": "c", "kind": "client", "at": "idp", "client": "m"}],
    }
    after = add_integration(TWO, "mail", fields, {"owner": ["Who answers for it?"]})
    assert put_in(TWO, after) == (
        '  mail:\n    title: "Mail, by #1"\n    # Who answers for it?\n    owner: TODO\n'
        "    footholds:\n      - {id: c, kind: client, at: idp, client: m}\n"
    )
    assert after.index("  mail:") < after.index("# Beside them")
    more = add_ours(TWO, [{"kind": "client", "at": "idp", "client": "x", "why": "ours too"}])
    assert more == TWO + "\n- {kind: client, at: idp, client: x, why: ours too}"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\n\n# nothing yet", "\ufeff# nothing\r\n"])
def test_a_file_without_anything_becomes_one(text):
    held = [{"id": "c", "kind": "client", "at": "idp", "client": "m"}]
    after = add_integration(text, "mail", {"title": "Mail", "owner": "it", "footholds": held})
    assert after.startswith(text)
    assert list(parse(after, "x", Integrations).integrations) == ["mail"]
    after = add_ours(after, [{"kind": "client", "at": "idp", "client": "x", "why": "ours"}])
    assert len(parse(after, "x", Integrations).ours) == 1


@pytest.mark.parametrize(
    "nested", ["title: |+\n      Long\n\n    owner: x\n", "title: >-\n      Long\n      text\n    owner: x\n"]
)
def test_texts_of_several_lines_keep_their_ends(nested):
    text = f"integrations:\n  a:\n    {nested}    footholds:\n    - id: c\n      kind: client\n      at: idp\n      client: >\n        folded\n\n\n"
    after = add_footholds(text, "a", [{"id": "d", "kind": "client", "at": "idp", "client": "m"}])
    assert len(tree(after)["integrations"]["a"]["footholds"]) == 2
    put_in(text, after)


EVIL = ["x: y", "}\nevil: 1", "- a", "# no", "a # b", "'", '"', "\\", "&a", "*a", "!x", "%x", "@x", "`", "| x", "> x", "[1", "{a",
        "yes", "null", "~", "0123", "1e3", "2026-01-01", "1:20", "=", "<<", "\u202eevil", "\u2028x", "\x85x", "\x07", "\u00e9", "---", "..."]  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_what_an_attacker_calls_his_app_is_only_its_name(evil):
    known = tree(TWO)
    fields = {"title": evil, "owner": "it", "footholds": [{"id": "c", "kind": "client", "at": "idp", "client": "m"}]}
    if not evil.isprintable():
        with pytest.raises(NotWritten, match=r"cannot be seen|one line"):
            add_integration(TWO, "mail", fields)
        return
    known["integrations"]["mail"] = fields
    assert tree(add_integration(TWO, "mail", fields)) == known
    after = add_footholds(TWO, "drift", [{"id": "n", "kind": "client", "client": evil}], evil)
    assert tree(after)["integrations"]["drift"]["footholds"][-1]["client"] == evil
    put_in(TWO, after)


HELD = [{"id": "c", "kind": "client", "at": "idp", "client": "m"}]
REFUSED = {
    "stands there": (lambda: add_integration(TWO, "drift", {"title": "x", "owner": "y", "footholds": HELD}), "'drift' stands in the file already"),
    "no such one": (lambda: add_footholds(TWO, "drifd", HELD), "no integration 'drifd'"),
    "an id twice": (lambda: add_footholds(TWO, "calendar", HELD), "this id stands twice"),
    "no id": (lambda: add_integration(TWO, "a: {}\nb", {"title": "x", "owner": "y", "footholds": HELD}), "is no key"),
    "no key": (lambda: add_footholds(TWO, "drift", [{"id": "d", "kind": "client", "x: 1, y": "z"}]), "is no key"),
    "no kind": (lambda: add_footholds(TWO, "drift", [{"id": "d", "kind": "clown"}]), "no foothold kind 'clown'"),
    "no text": (lambda: add_footholds(TWO, "drift", [{"id": "d", "kind": "client", "client": None}]), "NoneType"),
    "no unicode": (lambda: add_footholds(TWO, "drift", [{"id": "d", "kind": "client", "client": "\ud800"}]), "no text of Unicode"),
    "a credential": (lambda: add_footholds(TWO, "drift", [{"id": "d", "kind": "client", "client": "ghp_" + "a" * 36}]), "looks like a credential"),
    "no owner": (lambda: add_integration(TWO, "mail", {"title": "x", "footholds": HELD}), "'owner' is missing"),
    "broken": (lambda: add_footholds("integrations: [", "drift", HELD), "cannot be read as it is"),
    "a list": (lambda: add_footholds("- 1\n", "drift", HELD), "not laid out"),
    "no mapping": (lambda: add_integration("integrations: 3\n", "a", {"title": "x", "owner": "y", "footholds": HELD}), "not laid out"),
    "an anchor": (lambda: add_footholds(TWO.replace("[203", "&a [203"), "drift", HELD), "anchors"),
    "ours is text": (lambda: add_ours("ours: mine\n", [{"kind": "client", "at": "idp", "client": "x", "why": "w"}]), "not laid out"),
    "names nothing": (lambda: add_ours(TWO, [{"kind": "client", "at": "idp", "why": "w"}]), "names no client"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_written_is_refused_with_its_reason(what):
    call, why = REFUSED[what]
    with pytest.raises(NotWritten, match=re.escape(why)):
        call()
