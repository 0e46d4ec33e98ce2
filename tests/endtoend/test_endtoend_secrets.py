"""Canaries: secrets and names, planted wherever they come in, are searched for wherever anything could stay of them.

The provider repeats each secret that it is sent, in its error texts and headers; runs fail, are killed, go on, and
are given back. Then every byte of the state folder, all that was printed, and every argument of every process is read.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
import urllib.parse
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from echoing import Provider

PLAYBOOK = """\
playbook: given_tokens
title: A list of stolen tokens, from the vendor
breaks: The vendor's sync stops.
does_not: Find tokens that are not on the list.
inputs:
  integration: {type: integration, has: [oauth]}
  tokens: {type: list of secret}
contain:
  - id: blocked
    uses: oauth.restrict_client
    with:
      client: "${inputs.integration.oauth.client}"
      registration: "${inputs.integration.oauth.registration}"
      registration_token: "${inputs.integration.oauth.registration_token}"
  - approve: approver
  - id: tokens
    uses: oauth.revoke_token
    for_each: inputs.tokens
    with: {token: "${item}"}
    given_is_all: The vendor's advisory lists every token that it held
  - watch: 1s
recover:
  - approve: commander
  - {undo: contain}
"""
SECRET, REGISTRATION = "canary-Cs83hq-of-a-client", "canary-Rt19xz-of-a-registration"
WRONG = "canary-Wr55jt-a-wrong-secret"
TOKENS = [f"canary-Tk{number}pQ7-of-a-user" for number in range(6)]
MASTER = base64.b64encode(b"canary-Mk77-master-key-32-bytes!").decode()
NEW_MASTER = base64.b64encode(b"canary-Nk31-another-key-32bytes!").decode()
SECRETS = [SECRET, REGISTRATION, WRONG, *TOKENS, *(f"{REGISTRATION}-{n}" for n in (1, 2)), MASTER, NEW_MASTER,
           base64.b64decode(MASTER).decode(), base64.b64decode(NEW_MASTER).decode()]  # fmt: skip
NAME, REASON = "jane-canary-kovac", "canary-reason: Bob Kanari rang"
PEOPLE = [NAME, "canary-reason", "Bob Kanari", "canary-close", "canary-hold"]


def _shapes(text):
    """A text as it is, and as encodings of it would show it."""
    data = text.encode()
    found = {data, data.hex().encode(), urllib.parse.quote(text, safe="").encode(), data[::-1]}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):  # wherever it may lie in a longer text
            found.add(encode(b"\0" * shift + data)[4 if shift else 0 :].rstrip(b"=")[:-2])
    return {shape for shape in found if len(shape) >= 8}


def _in(data, texts):
    return sorted({text for text in texts for shape in _shapes(text) if shape in data})


@contextmanager
def _watched():
    """Collect the arguments of every process that there is meanwhile."""
    seen, over = set(), threading.Event()

    def look():
        while not over.is_set():
            for one in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(one.read_bytes())
                except OSError:
                    continue
            time.sleep(0.05)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


ORDER = ("given_tokens.yaml", "-i", "integration=vendor", "-i", "tokens=@tokens.txt")


class Responder:
    """The folder of one who is given a list of stolen tokens, and what they do."""

    def __init__(self, house):
        self.house = house
        self.provider = Provider(SECRET, REGISTRATION, TOKENS)
        house.environ |= {
            "USER": NAME,
            "LOGNAME": NAME,
            "LNAME": NAME,
            "RF_CANARY_KEY": MASTER,
            "RF_CANARY_NEW": NEW_MASTER,
        }
        (house.place / "given_tokens.yaml").write_text(PLAYBOOK)
        foothold = {"id": "client", "kind": "client", "at": "idp", "client": "vendor", "registration": "/register/vendor",
                    "registration_token": "file:registration.secret"}  # fmt: skip
        vendor = {"title": "Vendor sync", "owner": "sales-ops", "footholds": [foothold]}
        self.write("integrations.yaml", yaml.safe_dump({"integrations": {"vendor": vendor}}))
        self.write("registration.secret", REGISTRATION)
        self.write("client.secret", SECRET)
        self.write("tokens.txt", "\n".join(TOKENS) + "\n")
        self.configure("env:RF_CANARY_KEY")

    def write(self, name, text):
        file = self.house.place / name
        file.write_text(text)
        file.chmod(0o600)

    def configure(self, seal):
        connection = {
            "system": "oauth",
            "url": self.provider.url,
            "secret": "file:client.secret",
            "client_id": "vendor",
        }
        config = {"connections": {"idp": connection}, "integrations": "integrations.yaml", "seal": seal}
        self.write("ringfence.yaml", yaml.safe_dump(config))

    def contain(self, scope="0" * 64, **environ):
        return self.house.run(
            "contain", *ORDER, "--yes", "--scope-hash", scope, "--reason", REASON, **environ,
        )  # fmt: skip

    def does_all(self):
        """A wrong credential, a crash in the cut, one while it gives back, and every command that shows something."""
        run = self.house.run
        self.write("client.secret", WRONG)
        self.write("registration.secret", f"{WRONG}-too")
        wrong = self.contain()
        assert wrong.code == 1, wrong.text
        assert "401" in wrong.err
        self.write("client.secret", SECRET)
        self.write("registration.secret", REGISTRATION)
        killed = self.contain(self.house.scope(*ORDER), RINGFENCE_KILL_AT="after:intended@tokens#3")
        assert killed.code == -signal.SIGKILL, killed.text
        name = [json.loads(text)["run"] for ((text),) in self.house.rows(OPENINGS)][-1]
        stopped = run("stop", name)
        assert stopped.code == 0, stopped.text
        self.provider.odd = True
        odd = run("resume", name, "--yes")
        assert odd.code == 2, odd.text
        assert "another shape" in odd.text
        self.provider.odd = False
        done = run("resume", name, "--yes")
        assert done.code == 0, done.text
        assert not any(self.provider.tokens.values())
        again = run("recover", name, "--yes", RINGFENCE_KILL_AT="after:intended")
        assert again.code == -signal.SIGKILL, again.text
        self.provider.broken = True
        failed = run("resume", name, "--yes")
        assert failed.code in {1, 2}, failed.text
        assert "400" in failed.text
        self.provider.broken = False
        back = run("recover", name, "--yes")
        assert back.code == 0, back.text
        assert self.provider.client["grant_types"], "it was given back"
        shown = [run("status"), run("status", name), run("journal", "show", name, "--limit", "0", "--json")]
        shown += [run("check", name), run("journal", "verify"), run("journal", "export", name, "-o", "evidence.json")]
        assert all(NAME in one.out for one in shown[1:3]), "people read who did it"
        return name

    def ends_it(self, name):
        """A new master key, a legal hold, the end of the incident and of its names."""
        incident = f"INC-{name.removeprefix('R-')}"
        new = self.house.run("journal", "rekey", "--to", "env:RF_CANARY_NEW")
        assert new.code == 0, new.text
        self.configure("env:RF_CANARY_NEW")
        for words in (
            ("legal-hold", incident, "on", "--reason", "canary-hold"),
            ("close", incident, "--reason", "canary-close"),
            ("legal-hold", incident, "off"),
            ("erase", incident),
        ):
            said = self.house.run(*words)
            assert said.code == 0, said.text
        for words in (("resume", name), ("recover", name), ("check", name)):
            said = self.house.run(*words)
            assert (said.code, "was closed on" in said.err) == (1, True), said.text
        shown = self.house.run("status", name)
        assert "person-" in shown.out
        assert NAME not in shown.out
        assert self.house.run("journal", "verify").code == 0


OPENINGS = "SELECT body FROM events WHERE run = '@journal' AND type = 'opened' ORDER BY n"


@pytest.fixture
def responder(house):
    made = Responder(house)
    yield made
    made.provider.close()


def _files(house):
    return [one for one in house.home.rglob("*") if one.is_file() and house.home / "sandbox" not in one.parents]


def _found(house, texts, *, only=""):
    """(file, text) for each text that stands in a file of the state folder."""
    return [
        (str(one.relative_to(house.home)), text)
        for one in _files(house) if only in one.name for text in _in(one.read_bytes(), texts)
    ]  # fmt: skip


def _hold_nothing(house, arguments, said):
    assert _found(house, SECRETS) == []
    assert _found(house, PEOPLE, only="journal.db") == []
    assert _in(said.encode(), SECRETS) == []
    assert _in(b"".join(arguments), SECRETS) == []


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("prefect", ["off", "on"])
def test_no_secret_and_no_name_stays_anywhere_that_it_should_not(house, responder, prefect):
    if prefect == "on":
        del house.environ["RINGFENCE_PREFECT"]
    with _watched() as arguments:
        name = responder.does_all()
        sent = "".join(responder.provider.sent)
        assert all(token in sent for token in TOKENS), "the canaries did go out: they were there to be found"
        assert f"{REGISTRATION}-1" in sent, "the one that was rotated too"
        assert _found(house, [name]), "the way of looking finds what is there"
        _hold_nothing(house, arguments, "".join(one.text for one in house.said))
        responder.ends_it(name)
        if prefect == "on":
            assert house.run("prefect", "down").code == 0
            databases = [one for one in _files(house) if one.suffix == ".db" and one.parent.name == "prefect"]
            assert databases
            assert _found(house, PEOPLE, only="prefect") == []
            assert [one for one in databases if _in(one.read_bytes(), PEOPLE)] == []
    _hold_nothing(house, arguments, "".join(one.text for one in house.said))
    assert len(arguments) > 10
    assert not (house.home / "reports" / f"{name}.html").exists()
    for table in ("sealed", "run_keys", "wishes"):
        assert house.rows(f"SELECT * FROM {table} WHERE run = ?", name) == []


def test_a_stop_seals_who_asked_for_it(house):
    house.environ |= {"USER": NAME, "LOGNAME": NAME, "LNAME": NAME}
    house.up("--tokens", "300")
    house.faults(slow_s=0.15)
    begun = house.start("contain", house.quick(), "--sandbox", "--yes", "--reason", REASON)
    house.until(lambda: [one for one in house.log(write=True) if one["path"].endswith("/revoke")])
    assert house.run("stop", house.the_run()).code == 0
    said = begun.end()
    assert said.code == 130, said.text
    assert _found(house, PEOPLE, only="journal.db") == []
    ((_, _, stored),) = house.events("stopped")
    assert stored["by"].startswith("sealed:")
    shown = house.run("journal", "show", house.the_run(), "--limit", "0")
    assert f'"by": "os:{NAME}"' in shown.out
    assert house.run("status", house.the_run(), "--json").json["word"] == "stopped"
    stranger = house.run("status", house.the_run(), RINGFENCE_HOME=str(_without_keys(house)))
    assert NAME not in stranger.text
    assert "person-" in stranger.text


def _without_keys(house):
    """A copy of the journal alone, as a backup would be."""
    copy = house.place / "copy"
    copy.mkdir()
    for one in house.home.glob("journal.db*"):
        (copy / one.name).write_bytes(one.read_bytes())
    return copy


def test_the_arguments_of_processes_are_looked_at():
    """What the test above relies on: a process with a canary in its arguments is seen."""
    with _watched() as arguments:
        child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "0.4", "0.100001")
        os.waitpid(child, 0)
    assert _in(b"".join(arguments), ["0.100001"])
