"""Integrations on the command line: from one file or a folder, shown with what closes each, and a new one to begin with."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from inventory.read import BadInventory, read_inventory
from triggers.cli.main import main

HERE = Path(__file__).parent


@pytest.fixture
def ringfence(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RINGFENCE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("RINGFENCE_CONFIG", raising=False)
    shutil.copy(HERE / "ringfence.yaml", tmp_path)

    def call(*words):
        code = main(["integrations", *words])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out + said.err

    return call


def folder(tmp_path, **files):
    place = tmp_path / "integrations"
    place.mkdir()
    for name, text in files.items():
        (place / f"{name}.yaml").write_text(text)
    with (tmp_path / "ringfence.yaml").open("a") as config:
        config.write("integrations: integrations\n")
    return place


ONE = "{{title: {0}, owner: it, footholds: [{{id: c, kind: client, at: idp, client: {0}}}]}}"


def test_a_folder_is_one_inventory(ringfence, tmp_path):
    place = folder(
        tmp_path,
        b=f"integrations: {{mail: {ONE.format('m')}}}\n",
        a=f"integrations:\n  drift: {ONE.format('d')}\nours: [{{kind: client, at: idp, client: portal, why: ours}}]\n",
        c="ours: [{kind: user, at: crm, user: robot, why: our own robot}]\n",
    )
    (place / ".hidden.yaml").write_text("nonsense: [")
    (place / "notes.txt").write_text("nonsense: [")
    (place / "d.yml").write_text(f"integrations: {{chat: {ONE.format('c')}}}\n")
    assert ringfence("lint") == (0, "3 integrations with 3 footholds: ok.\n")
    ours = read_inventory(tmp_path / "ringfence.yaml")
    assert list(ours.integrations) == ["drift", "mail", "chat"]
    assert [one.names for one in ours.ours] == [{"client": "portal"}, {"user": "robot"}]
    assert ours.where("drift") == f"{place / 'a.yaml'}:2:3"
    assert ours.where("drift", "footholds", 0, "client") == f"{place / 'a.yaml'}:2:75"
    assert ours.where("nobody") == ""
    assert ours.home == place


def test_what_stands_in_two_files_is_refused_with_both_places(ringfence, tmp_path):
    place = folder(
        tmp_path,
        a=f"integrations: {{drift: {ONE.format('d')}}}\n",
        b=f"integrations:\n  drift: {ONE.format('e')}\n  mail: {ONE.format('d')}\n",
    )
    code, said = ringfence("lint")
    assert code == 1
    assert said.splitlines() == [
        f"{place / 'b.yaml'}:2:3: 'drift' stands twice, first at {place / 'a.yaml'}:1:16",
        (
            f"{place / 'b.yaml'}:3:44: foothold c: the same client belongs to 'drift' at {place / 'a.yaml'}:1:57: a client is issued"
            " to one holder, and whoever closes it for one closes it for both; declare it once, and say `needed_by` there"
        ),
    ]
    with pytest.raises(BadInventory) as bad:
        read_inventory(tmp_path / "ringfence.yaml")
    assert str(bad.value) == said.strip()


def test_every_file_tells_its_mistakes_at_once_and_a_broken_one_blames_no_other(ringfence, tmp_path):
    place = folder(
        tmp_path,
        a="integrations: {drift: [",
        b="integrations:\n  mail: {title: '', owner: it, needed_by: [drift], footholds: [{id: c, kind: clown}]}\n",
    )
    with (tmp_path / "ringfence.yaml").open("a") as config:
        config.write("people: {ben: {name: Ben, roles: [boss]}}\n")
    code, said = ringfence("lint")
    assert code == 1
    files = [line.partition(":")[0] for line in said.splitlines()]
    assert files == [
        str(tmp_path / "ringfence.yaml"),
        str(place / "a.yaml"),
        str(place / "b.yaml"),
        str(place / "b.yaml"),
    ]
    assert "no integration 'drift'" not in said


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda p: None, "cannot be read: No such file"),
        (lambda p: p.mkdir(), "no file of this folder ends in .yaml"),
        (lambda p: p.write_bytes(b"integrations: \xff"), "1:15: byte 0xFF is not UTF-8"),
        (lambda p: p.symlink_to("/dev/full/x"), "cannot be read"),
    ],
)
def test_where_there_is_nothing_to_read_it_says_so(ringfence, tmp_path, make, why):
    make(tmp_path / "integrations.yaml")
    code, said = ringfence("lint")
    assert code == 1
    assert why in said


def test_kinds_that_serve_two_may_be_declared_for_both(ringfence, tmp_path):
    rows = "".join(
        f"  {name}: {{title: {name}, owner: it, footholds: [{{id: u, kind: user, at: crm, user: svc}}, {{id: p, kind: path, path: x}}]}}\n"
        for name in ("one", "two")
    )
    (tmp_path / "integrations.yaml").write_text("integrations:\n" + rows)
    assert ringfence("lint")[0] == 0


FULL = """\
integrations:
  drift:
    title: Drift
    vendor: Salesloft
    owner: sales-ops
    security: "https://vendor.example/security"
    purpose: It writes chats into the CRM
    data: [contacts, messages]
    canary: "env:DRIFT_CANARY"
    needed_by: [mail]
    serves: [The sales team's chat]
    without: Agents copy chats by hand
    addresses: [203.0.113.0/24]
    critical: true
    footholds:
      - {id: client, kind: client, at: idp, client: drift-prod, known_as: [0oaDrift1, "4711"]}
      - {id: oauth, kind: client, at: auth, client: d, registration: /r/d, registration_token: "env:DRIFT_REGISTRATION"}
      - {id: key, kind: key, name: at the vendor's}
  mail: {title: Mail, owner: it, footholds: [{id: u, kind: user, at: crm, user: svc}]}
"""


def test_show_says_all_that_is_declared_and_what_closes_each(ringfence, tmp_path, monkeypatch):
    monkeypatch.setenv("DRIFT_CANARY", "hunter2")
    (tmp_path / "integrations.yaml").write_text(FULL)
    code, said = ringfence("show", "drift")
    assert code == 0
    for part in (
        "drift: Drift, by Salesloft, owned by sales-ops, CRITICAL", "vendor reached at https://vendor.example/security",
        "is for: It writes chats", "reads: contacts, messages", "needed by: mail", "serves: The sales team's chat",
        "without it: Agents copy", "canary: env:DRIFT_CANARY", f"written at: {tmp_path / 'integrations.yaml'}:2:3",
        "comes from 203.0.113.0/24", "hold practice_idp.disable_client: blocks-reissue",
        "cut practice_idp.revoke_token: kills-refresh, kills-access, each that is listed",
        "alerts may call it 0oaDrift1, 4711", "registration_token env:DRIFT_REGISTRATION", "NO ACTION OF OURS: kills-refresh, kills-access",
        "key: key name at the vendor's, out of our reach: no run can close it", "NO ACTION OF OURS: kills-access",
    ):  # fmt: skip
        assert part in said, part
    assert "hunter2" not in said
    rows = json.loads(ringfence("show", "drift", "--json")[1])["integrations"]
    assert [row["id"] for row in rows] == ["drift"]
    client, oauth, key = rows[0]["footholds"]
    assert (client["known_as"], key["known_as"], client["names"]) == (
        ["0oaDrift1", "4711"],
        [],
        {"client": "drift-prod"},
    )
    assert {one["action"]: one["what"] for one in client["closed_by"]} == {
        "practice_idp.disable_client": "hold", "practice_idp.revoke_token": "cut",
    }  # fmt: skip
    assert (client["open"], oauth["open"], key["open"]) == ([], ["kills-refresh", "kills-access"], ["kills-access"])
    assert "NOBODY WROTE DOWN how its vendor" in ringfence("show", "mail")[1]
    assert "did you mean 'drift'" in ringfence("show", "drifd")[1]


def test_new_writes_what_lints_but_for_what_people_must_say(ringfence, tmp_path):
    code, said = ringfence(
        "new", "drift", "--title", "Drift: chat", "--owner", "sales-ops", "--at", "idp", "--at", "auth"
    )
    assert code == 0, said
    file = tmp_path / "integrations.yaml"
    text = file.read_text()
    listed = yaml.safe_load(text)["integrations"]["drift"]
    assert [(one["at"], one["kind"]) for one in listed["footholds"]] == [("idp", "client"), ("auth", "client")]
    assert {line.strip().partition(":")[0] for line in text.splitlines() if line.strip().startswith("# ")} >= {
        "# security",
        "# canary",
    }
    code, said = ringfence("lint")
    assert code == 1
    rows = [line.removeprefix(f"{file}:").split(": ", 1)[1] for line in said.splitlines()]
    assert [
        row
        for row in rows
        if "is for a person to fill in" not in row and "by reference only" not in row and "must be a path" not in row
    ] == []
    assert ringfence("new", "mail", "--at", "crm")[0] == 0
    assert file.read_text().startswith(text)
    filled = (
        file.read_text()
        .replace("registration_token: FILL IN", 'registration_token: "env:T"')
        .replace("registration: FILL IN", "registration: /r")
    )
    for n in range(filled.count("FILL IN")):
        filled = filled.replace("FILL IN", f"said-{n}", 1)
    file.write_text(filled)
    assert ringfence("lint") == (0, "2 integrations with 5 footholds: ok.\n")


def test_new_writes_into_the_folder_and_never_over_anything(ringfence, tmp_path):
    place = folder(tmp_path, a=f"integrations: {{drift: {ONE.format('d')}}}\n")
    code, said = ringfence("new", "drift")
    assert code == 1
    assert f"declared already, at {place / 'a.yaml'}:1:16" in said
    assert ringfence("new", "mail")[0] == 0
    assert sorted(one.name for one in place.iterdir()) == ["a.yaml", "mail.yaml"]
    for words, why in (
        (["chat", "--at", "ipd"], "no connection 'ipd' to a system of ours, did you mean 'idp'?"),
        (["voice", "--at", "chat"], "notify knows no foothold"),
        (["Bad-Id"], "is no key"),
        (["voice", "--title", "\x07"], "cannot be seen"),
        (["voice", "--owner", "ghp_" + "a" * 36], "looks like a credential"),
    ):
        code, said = ringfence("new", *words)
        assert code == 1
        assert why in said
        assert "ghp_" not in said
    assert sorted(one.name for one in place.iterdir()) == ["a.yaml", "mail.yaml"]


def test_new_makes_a_folder_that_is_not_there_yet(ringfence, tmp_path):
    with (tmp_path / "ringfence.yaml").open("a") as config:
        config.write("integrations: ours/all\n")
    assert ringfence("new", "mail")[0] == 0
    assert (tmp_path / "ours" / "all" / "mail.yaml").exists()
    assert ringfence("show", "mail")[0] == 0
