"""Cases hold: what is expected wrongly fails, a playbook that does less fails, a mistake in a case has its place."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from engine.trial.case import BadCase, cases_of, read_case
from engine.trial.compare import compare
from engine.trial.record import shelf
from engine.trial.run import carry_out
from language import BadPlaybook
from triggers.cli import place

LIBRARY = sorted((place.CHECKOUT / "playbooks").glob("*.yaml"))
LEAKED = place.CHECKOUT / "playbooks" / "vendor_client_leaked.yaml"
USED = place.CHECKOUT / "playbooks" / "cases" / "vendor_client_leaked" / "used.yaml"


@pytest.fixture(scope="module")
def at():
    with shelf() as made:
        yield made


@pytest.fixture
def offline(monkeypatch):
    """Any name that is looked up and any connection that is begun ends the test."""

    def caught(*_: object, **__: object) -> None:
        raise AssertionError("a case touched the network")

    monkeypatch.setattr(socket, "getaddrinfo", caught)
    monkeypatch.setattr(socket.socket, "connect", caught)


def tried(checked, case, at, folder):
    """What differs when this text is the case."""
    file = folder / "case.yaml"
    file.write_text(case)
    told = read_case(file)
    came = carry_out(told, checked, "book.yaml", at)
    return came, compare(told, came)


@pytest.mark.timeout(600)  # more than a hundred cases, and a loaded machine
@pytest.mark.long
def test_the_whole_library_passes_its_cases_without_a_network(ringfence, offline):
    said = ringfence("playbook", "test", "--require-cases", "--json")
    assert said.code == 0, said.out
    assert said.json["without_cases"] == []
    assert {case["playbook"] for case in said.json["cases"]} == {file.stem for file in LIBRARY}


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_every_playbook_of_ours_says_what_it_is_for_and_has_three_cases_and_a_fault_among_them(file):
    checked = place.checked_playbook(file, None)
    book = checked.playbook
    assert book.attack
    assert book.defend
    assert book.wakes
    cases = [read_case(case).case for case in cases_of(file)]
    assert len(cases) >= 3
    assert any(case.faults or case.approve != "given" or case.expect.refused for case in cases)
    assert any(case.expect.word == "contained" and case.expect.sent != [] for case in cases)
    assert any(planned.held for case in cases for planned in case.expect.plan.values()), "nothing held already"


def test_a_case_takes_no_time_of_ours_and_comes_out_the_same_each_time(at):
    checked = place.checked_playbook(LEAKED, None)
    first, second = (carry_out(read_case(USED), checked, "b.yaml", at) for _ in range(2))
    assert first.seconds > 60, "hands are at it for half a minute, and the watch looks on for as long"
    assert (first.seconds, first.sent, first.word) == (second.seconds, second.sent, second.word)
    assert [event.body for event in first.run.words] == [event.body for event in second.run.words]


WRONG = {
    "word": ("word: contained", "word: failed", ("- failed", "+ contained")),
    "a call that never left": ("  sends: {", "  sent: [{client: PUT /clients/other/enabled}]\n  sends: {", ("- client: PUT /clients/other",)),
    "a call that nobody expects": ("  sends: {", "  sent: []\n  sends: {", ("+ tokens: POST /tokens/at-1/revoke",)),
    "how many": ("tokens: 2,", "tokens: 3,", ("- 3", "+ 2")),
    "order": ("order: [client, tokens, told]", "order: [tokens, client, told]", ("- tokens before client",)),
    "hold or cut": ("tokens: {kind: cut", "tokens: {kind: hold", ("- hold", "+ cut")),
    "a planned target": ("targets: [at-1, at-2]", "targets: [at-1, at-2, at-3]", ("- at-3",)),
    "a planned call": ('{"enabled":false}', '{"enabled":true}', ('- PUT /clients/drift-prod/enabled {"enabled":true}',)),
    "a foothold": ("  word:", "  footholds: {client: open}\n  word:", ("- open", "+ closed")),
    "a step": ("  word:", "  steps: {client: open}\n  word:", ("- open", "+ closed")),
    "known later": ("  word:", "  later: [tokens]\n  word:", ("- tokens",)),
    "a reason": ("  word:", "  why: the moon\n  word:", ("- the moon",)),
    "a refusal": ("  word:", "  refused: no tokens\n  word:", ("- no tokens",)),
    "recovery": ("recovered: recovered", "recovered: waiting", ("- waiting", "+ recovered")),
    "given back": ('{"enabled":true}', '{"enabled":7}', ('- client: PUT /clients/drift-prod/enabled {"enabled":7}',)),
    "held": ("tokens: {kind: cut", "tokens: {held: 9, kind: cut", ("- 9", "+ 0")),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_expectation_fails_where_it_stands(ringfence, tmp_path, what):
    old, new, wanted = WRONG[what]
    text = USED.read_text()
    assert old in text
    folder = tmp_path / "vendor_client_leaked.cases"
    folder.mkdir()
    changed = text.replace(old, new, 1)
    (folder / "wrong.yaml").write_text(changed)
    (tmp_path / LEAKED.name).write_text(LEAKED.read_text())
    said = ringfence("playbook", "test", LEAKED.name)
    assert said.code == 1
    assert said.out.startswith("FAIL vendor_client_leaked/wrong")
    for line in wanted:
        assert f"  {line}" in said.out
    (case,) = ringfence("playbook", "test", LEAKED.name, "--json").json["cases"]
    line, column = map(int, case["differences"][0]["at"].rsplit(":", 2)[1:])
    assert changed.splitlines()[line - 1][column - 1 :].strip()
    assert line > changed.splitlines().index("expect:")


def mutants(file):
    """The playbook without each of its steps, and with each filter and reason that it gives left out."""
    whole = yaml.safe_load(file.read_text())
    for phase in ("contain", "eradicate", "recover"):
        for number, step in enumerate(whole.get(phase, ())):
            if "watch" in step:
                continue  # a case looks on for half a minute of it only
            less = {**whole, phase: [s for n, s in enumerate(whole[phase]) if n != number]}
            yield f"{phase} without {step.get('id', next(iter(step)))}", yaml.safe_dump(less, sort_keys=False)
            for key in ("for_each", "may_be_empty", "needs"):
                if key in step and not (key == "needs" and "run.word" in str(step)):  # the word comes last anyway
                    other = {name: value for name, value in step.items() if name != key}
                    steps = [other if n == number else s for n, s in enumerate(whole[phase])]
                    yield f"{phase}.{step.get('id')} without {key}", yaml.safe_dump({**whole, phase: steps}, sort_keys=False)  # fmt: skip


@pytest.mark.timeout(600)
@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
@pytest.mark.long
def test_a_playbook_that_does_less_fails_its_cases(file, at):
    """Each line of our playbooks is held by a case, or the language itself refuses to go without it."""
    cases = [read_case(case) for case in cases_of(file)]
    lived = []
    for name, text in mutants(file):
        try:
            checked = place.checked_text(text, str(file), None)
        except BadPlaybook:
            continue
        if all(_passes(told, checked, at) for told in cases):
            lived.append(name)
    assert not lived


def _passes(told, checked, at):
    try:
        came = carry_out(told, checked, "mutant.yaml", at)
    except BadCase:
        return False
    return not came.broken and not compare(told, came)


MISTAKES = {
    "unknown key": ("expect:", "expct:", "unknown key 'expct', did you mean 'expect'?"),
    "unknown step": ("sends: {client: 1", "sends: {clint: 1", "this playbook has no step 'clint', did you mean 'client'?"),
    "unknown look": ("practice_idp.client:", "practice_idp.clients:", "no look or find 'practice_idp.clients', did you mean 'practice_idp.client'?"),
    "unknown field": ("enabled: true", "enabld: true", "practice_idp.client shows no 'enabld', did you mean 'enabled'?"),
    "what is seen is missing": ("active: true", "activ: true", "practice_idp.tokens shows no 'activ', did you mean 'active'?"),
    "a name is missing": ("{token: at-2,", "{", "'token' is missing"),
    "wrong type": ("enabled: true", "enabled: maybe", "enabled: Input should be a valid boolean"),
    "a fault of nothing": ("hands:", 'faults: [{at: tokns, answers: "503"}]\nhands:', "connection 'tokns', did you mean 'tokens'?"),
    "a fault that is none": ("hands:", "faults: [{at: tokens, answers: bad weather}]\nhands:", 'a fault answers one of "503"'),
    "a look that lies": ("hands:", "faults: [{at: practice_idp.client, answers: false 200}]\nhands:", "a look does nothing"),
    "unknown hands": ("{rotated: done}", "{rotatd: done}", "no step 'rotatd', did you mean 'rotated'?"),
    "two readings": ("recover: given", "recover: yes", "'yes' reads as more than one thing"),
    "unknown system": ("hands:", "connections: {idp: practise_idp}\nhands:", "no system 'practise_idp', did you mean 'practice_idp'?"),
    "no integration": ("    owner: sales-ops", "    ownr: sales-ops", "ownr: Extra inputs are not permitted"),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_a_case_has_its_place(at, tmp_path, what):
    old, new, wanted = MISTAKES[what]
    text = USED.read_text()
    assert old in text
    changed = text.replace(old, new, 1)
    with pytest.raises(BadCase) as bad:
        tried(place.checked_playbook(LEAKED, None), changed, at, tmp_path)
    (first, *_) = [line for line in str(bad.value).splitlines() if wanted in line]
    line = int(first.rsplit("case.yaml:", 1)[1].split(":")[0])
    assert changed.splitlines()[line - 1] in {*changed.splitlines()} - {*text.splitlines()} or what == "unknown key"


def test_a_fault_that_never_came_to_pass_fails_its_case(at, tmp_path):
    text = USED.read_text().replace("hands:", 'faults: [{at: tokens, answers: "503", target: at-9}]\nhands:')
    came, differences = tried(place.checked_playbook(LEAKED, None), text, at, tmp_path)
    assert not differences
    assert came.broken[0].endswith("this fault never came to pass")


def test_where_a_playbook_has_no_cases_it_is_said(ringfence, tmp_path):
    (tmp_path / LEAKED.name).write_text(LEAKED.read_text())
    said = ringfence("playbook", "test", LEAKED.name)
    assert said.code == 0
    assert "vendor_client_leaked: no cases" in said.out
    assert ringfence("playbook", "test", LEAKED.name, "--require-cases").code == 1


def test_a_playbook_that_does_not_lint_fails_and_the_others_are_tried(ringfence, tmp_path):
    books = tmp_path / "books"
    books.mkdir()
    for file in (LEAKED, LIBRARY[0]):
        (books / file.name).write_text(file.read_text())
        (books / f"{file.stem}.cases").mkdir()
        for case in [*cases_of(file), *cases_of(file)[0].parent.glob("integrations.yaml")]:
            (books / f"{file.stem}.cases" / case.name).write_text(case.read_text())
    (books / LEAKED.name).write_text(LEAKED.read_text().replace("disable_client", "disable_clint"))
    said = ringfence("playbook", "test", "books")
    assert said.code == 1
    assert "did you mean 'practice_idp.disable_client'" in said.out
    assert f"ok   {LIBRARY[0].stem}/" in said.out
    assert ringfence("playbook", "test", str(tmp_path / "nowhere.yaml")).code == 1
    assert ringfence("playbook", "test", str(tmp_path)).code == 1


def test_two_cases_share_no_state(at):
    """The journal of one is gone when the next begins, and what was closed there stands open here again."""
    checked = place.checked_playbook(LEAKED, None)
    for _ in range(2):
        came = carry_out(read_case(USED), checked, "b.yaml", at)
        assert came.run.planned["steps"][0]["missing"] == 1


def test_cases_lie_beside_a_file_or_in_the_librarys_folder(tmp_path: Path):
    for folder in ("cases/book", "book.cases"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "one.yaml").write_text("case: x\n")
        (tmp_path / folder / "integrations.yaml").write_text("integrations: {}\n")
    assert [file.name for file in cases_of(tmp_path / "book.yaml")] == ["one.yaml", "one.yaml"]


def test_lint_tells_a_case_from_a_playbook_and_checks_it_without_trying_it(ringfence, tmp_path):
    books = tmp_path / "books"
    (books / "cases" / "vendor_client_leaked").mkdir(parents=True)
    (books / LEAKED.name).write_text(LEAKED.read_text())
    case = books / "cases" / "vendor_client_leaked" / "one.yaml"
    case.write_text(USED.read_text().replace("word: contained", "word: failed"))
    said = ringfence("playbook", "lint", "books")
    assert said.code == 0, said.out
    assert said.out.splitlines()[-1] == "2 playbooks and cases: all ok."
    case.write_text(USED.read_text().replace("active: true", "activ: true", 1))
    said = ringfence("playbook", "lint", str(case))
    assert said.code == 1
    number = 1 + next(n for n, line in enumerate(case.read_text().splitlines()) if "activ:" in line)
    assert f"{case}:{number}:" in said.out
    assert "shows no 'activ', did you mean 'active'?" in said.out
    (books / LEAKED.name).unlink()
    assert "could be a case of" in ringfence("playbook", "lint", str(case)).out


def test_the_page_about_cases_shows_one_that_can_be_read(tmp_path):
    page = (place.CHECKOUT / "docs" / "cases.md").read_text()
    file = tmp_path / "case.yaml"
    file.write_text(page.partition("```yaml\n")[2].partition("```")[0])
    case = read_case(file).case
    told = {name for name in type(case).model_fields if name in case.model_fields_set}
    assert told | {"after"} == set(type(case).model_fields), "a key of cases that the page does not show"
    assert {*type(case.expect).model_fields} - case.expect.model_fields_set == {"refused", "why"}
