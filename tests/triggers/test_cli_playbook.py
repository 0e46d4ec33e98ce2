"""Playbooks and integrations as people check them: every mistake with its place, names with the nearest one."""

from __future__ import annotations

import pytest

from triggers.cli import place

BOOK = place.CHECKOUT / "playbooks" / "stolen_oauth_tokens.yaml"


def test_every_playbook_of_ours_lints_with_the_practice_companys_names(ringfence):
    for file in (place.CHECKOUT / "playbooks").glob("*.yaml"):
        said = ringfence("playbook", "lint", str(file), "--sandbox")
        assert said.code == 0, said.out
        assert "not checked" not in said.out


def test_lint_says_what_it_could_not_check(ringfence):
    said = ringfence("playbook", "lint", "stolen_oauth_tokens")
    assert said.code == 0
    assert "not checked here: 2 names of the inventory: role approver, role commander" in said.out


def test_lint_gives_file_line_and_column_of_every_mistake(ringfence, tmp_path):
    text = BOOK.read_text().replace("practice_crm.freeze_user", "practice_crm.freeze_usr")
    text = text.replace("steps.found.items", "steps.fond.items")
    (tmp_path / "wrong.yaml").write_text(text)
    said = ringfence("playbook", "lint", "wrong.yaml", "stolen_oauth_tokens")
    assert said.code == 1
    lines = said.out.splitlines()
    number = 1 + text.splitlines().index("    uses: practice_crm.freeze_usr")
    wanted = f"wrong.yaml:{number}:5: no action 'practice_crm.freeze_usr', did you mean 'practice_crm.freeze_user'?"
    assert wanted in lines
    assert any("no step 'fond', did you mean 'found'?" in line for line in lines)
    assert f"{BOOK}: ok" in lines
    result = ringfence("playbook", "lint", "wrong.yaml", "--json")
    assert result.code == 1
    (book,) = result.json["playbooks"]
    assert {"line": number, "column": 5, "code": "unknown_action"}.items() <= book["problems"][0].items()


@pytest.mark.parametrize("name", ["stolen_oauth_token", "stolen-oauth-tokens", "oauth_tokens"])
def test_an_unknown_playbook_is_refused_with_the_nearest_name(ringfence, name):
    said = ringfence("playbook", "show", name)
    assert said.code == 1
    assert "stolen_oauth_tokens" in said.err


def test_a_playbook_here_comes_before_ours(ringfence, tmp_path):
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / BOOK.name).write_text(BOOK.read_text().replace("title: A vendor", "title: OUR OWN vendor"))
    assert ringfence("playbook", "show", "stolen_oauth_tokens").out.startswith("stolen_oauth_tokens: OUR OWN")
    rows = ringfence("playbook", "list", "--json").json["playbooks"]
    assert [row["hidden"] for row in rows if row["name"] == "stolen_oauth_tokens"] == [False, True]


def test_files_that_are_no_playbooks_are_told(ringfence, tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "broken.yaml").write_text("playbook: [")
    for name in ("binary.yaml", "folder.yaml", "broken.yaml"):
        assert ringfence("playbook", "lint", name).code == 1


def test_show_says_what_can_be_undone_and_what_cannot(ringfence):
    said = ringfence("playbook", "show", "stolen_oauth_tokens")
    text = said.out.splitlines()
    wall = next(n for n, line in enumerate(text) if "approver approves within 10m" in line)
    for n, line in enumerate(text):
        assert not line.startswith("  HOLD") or n < wall
        assert not line.startswith("  CUT") or n > wall
    steps = ringfence("playbook", "show", "stolen_oauth_tokens", "--json").json["phases"]["contain"]
    assert [(step["id"], step["what"]) for step in steps if step["id"]] == [
        ("client", "hold"), ("user", "hold"), ("path", "hold"), ("found", "find"), ("open_sessions", "find"),
        ("sessions", "cut"), ("tokens", "cut"), ("told", "message"),
    ]  # fmt: skip


def test_connectors_say_what_they_need_and_stop(ringfence):
    systems = ringfence("connectors", "list", "--json").json["connectors"]
    assert {"notify", "oauth", "practice_idp"} <= {one["system"] for one in systems}
    assert all(one["does"] for one in systems)
    for one in systems:
        shown = ringfence("connectors", "show", one["system"], "--json").json
        for action in shown["actions"]:
            assert action["permission"]
            assert action["reversible"] != bool(action["irreversible"])
        assert ringfence("connectors", "show", one["system"]).code == 0
    said = ringfence("connectors", "show", "practice_crm.freeze_usr")
    assert "did you mean 'practice_crm.freeze_user'" in said.err


CONFIG = "connections: {idp: {system: practice_idp, url: 'https://idp.example'}, x: {system: practise, url: 'https://x.y'}}\n"
INTEGRATIONS = """\
integrations:
  a:
    title: A
    owner: b
    footholds:
      - {id: one, kind: client, at: idpp, client: d}
      - {id: one, kind: clown}
      - {id: two, kind: user, at: idp, user: d}
      - {id: three, kind: client, at: idp, clint: d}
      - {id: four, kind: path}
"""


def test_integrations_lint_finds_every_name_that_leads_nowhere(ringfence, tmp_path):
    (tmp_path / "ringfence.yaml").write_text(CONFIG)
    (tmp_path / "integrations.yaml").write_text(INTEGRATIONS)
    said = ringfence("integrations", "lint", "--json")
    assert said.code == 1
    problems = said.json["problems"]
    for wanted in (
        "no connector for 'practise'", "no connection 'idpp', did you mean 'idp'?", "this id stands twice",
        "no foothold kind 'clown'", "knows no foothold of kind 'user'", "unknown key 'clint', did you mean 'client'?",
        "'client' is missing",
    ):  # fmt: skip
        assert any(wanted in problem for problem in problems), wanted
    assert not any("four" in problem for problem in problems)


def test_a_secret_that_stands_in_the_file_is_a_problem_and_not_shown(ringfence, tmp_path):
    (tmp_path / "ringfence.yaml").write_text(
        "connections: {o: {system: oauth, url: 'https://o.example', secret: 'env:O', client_id: me}}\n"
    )
    (tmp_path / "integrations.yaml").write_text(
        "integrations: {a: {title: A, owner: b, footholds: [{id: c, kind: client, at: o, client: d,"
        " registration: /r/d, registration_token: canary-9921}]}}\n"
    )
    lint, show = ringfence("integrations", "lint"), ringfence("integrations", "show", "a")
    assert lint.code == 1
    assert "by reference only" in lint.out
    assert show.code == 0
    assert "canary" not in lint.out + lint.err + show.out + show.err


def test_integrations_of_the_practice_company(ringfence, home):
    assert ringfence("integrations", "lint", "--sandbox").code == 0
    (drift,) = ringfence("integrations", "show", "drift", "--sandbox", "--json").json["integrations"]
    assert [each["needs"] for each in drift["footholds"]][2] == ["closes-path"]
    assert not home.exists()


def test_a_mistake_in_the_configuration_has_its_place(ringfence, tmp_path):
    (tmp_path / "ringfence.yaml").write_text("connections:\n  idp: {sytem: practice_idp, url: 'https://x.y'}\n")
    (tmp_path / "integrations.yaml").write_text("integrations: {}\n")
    for words in (["integrations", "lint"], ["playbook", "lint", "stolen_oauth_tokens"]):
        said = ringfence(*words)
        assert said.code == 1
        assert "ringfence.yaml:2:3: 'system' is missing" in said.out + said.err
