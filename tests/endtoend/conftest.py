"""A responder's whole world for each test: state folder, practice company, and `ringfence` as a process of its own.

What is asserted is what the provider received: the company's own log and state, never what the tool believes of itself.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from flows import server
from triggers.cli import company

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = ROOT / "playbooks" / "stolen_oauth_tokens.yaml"
INTEGRATIONS = ROOT / "sandbox" / "company" / "integrations.yaml"
COMMAND = (sys.executable, "-m", "triggers.cli.main")
LONGEST_S = 120

PREFIX = {
    "practice_idp": "/idp", "practice_crm": "/crm", "practice_firewall": "/firewall", "notify": "/chat/hooks/***",
}  # fmt: skip
"""Where each system's own paths begin in the company's log."""


@dataclass
class Said:
    """What a command said, and with what code it ended."""

    code: int
    out: str
    err: str

    @property
    def text(self):
        return self.out + self.err

    @property
    def json(self):
        return json.loads(self.out.splitlines()[-1])


class Begun:
    """A command on its way."""

    def __init__(self, house, words, environ):
        self.house = house
        self.files = [house.place / f"{len(house.begun)}.{name}" for name in ("out", "err")]
        with self.files[0].open("w") as out, self.files[1].open("w") as err:
            self.process = subprocess.Popen(
                [*COMMAND, *map(str, words)], cwd=house.place, env=house.environ | environ, stdin=subprocess.DEVNULL,
                stdout=out, stderr=err,
            )  # fmt: skip
        house.begun.append(self)

    def end(self):
        code = self.process.wait(LONGEST_S)
        said = Said(code, *(file.read_text() for file in self.files))
        self.house.said.append(said)
        assert "Traceback" not in said.text, said.text
        assert "fault of ours" not in said.text, said.text + self.house.faults_text()
        return said


class House:
    """One state folder, its sandbox, its journal."""

    def __init__(self, place):
        self.place = place
        self.home = place / "state"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "RINGFENCE_"))}
        self.environ = kept | {
            "RINGFENCE_HOME": str(self.home), "RINGFENCE_PREFECT": "off", "PYTHONPATH": str(ROOT), "COLUMNS": "200",
        }  # fmt: skip
        self.begun = []
        self.said = []

    def start(self, *words, **environ):
        return Begun(self, words, environ)

    def run(self, *words, **environ):
        return self.start(*words, **environ).end()

    def contain(self, *more, playbook=None, **environ):
        """As the README shows it: on the practice company, with --yes and --json."""
        return self.run("contain", playbook or "stolen_oauth_tokens", "--sandbox", "--yes", "--json", *more, **environ)

    def scope(self, *words, **environ):
        """The hash of the scope that `ringfence plan` shows: a live `--yes` without a terminal names it."""
        said = self.run("plan", *words, "--json", **environ)
        assert said.code == 0, said.text
        return said.json["scope_hash"]

    def quick(self, *changes):
        """The playbook with a watch of a second, for what is not about watching; `changes` are (old, new)."""
        text = PLAYBOOK.read_text()
        for old, new in (("watch: 5s", "watch: 1s"), *changes):
            assert old in text
            text = text.replace(old, new)
        file = self.place / "stolen_oauth_tokens.yaml"
        file.write_text(text)
        return file

    def integrations(self, *footholds):
        """The practice integrations, with further footholds of drift."""
        listed = yaml.safe_load(INTEGRATIONS.read_text())
        listed["integrations"]["drift"]["footholds"] += footholds
        file = self.place / "integrations.yaml"
        file.write_text(yaml.safe_dump(listed))
        return file

    def live_config(self, *, urls=None, keys=None):
        """A configuration that leads to the sandbox as to any provider: by URLs, with its secrets in files."""
        urls, keys = urls or {}, keys or {}
        systems = {
            "practice_idp": ("practice_idp", "/idp", "idp_key"), "practice_crm": ("practice_crm", "/crm", "crm_key"),
            "practice_firewall": ("practice_firewall", "/firewall", "firewall_key"), "chat": ("notify", "/chat/hooks", "chat_hook"),
        }  # fmt: skip
        connections = {}
        for name, (system, path, key) in systems.items():
            file = self.place / f"{key}.secret"
            file.write_text(keys.get(name) or self.secrets[key])
            file.chmod(0o600)
            url = urls.get(name) or self.url + path
            connections[name] = {"system": system, "url": url, "secret": f"file:{file.name}"}
        file = self.place / "ringfence.yaml"
        file.write_text(yaml.safe_dump({"connections": connections, "integrations": str(INTEGRATIONS)}))
        return file

    def up(self, *options):
        said = self.run("sandbox", "up", *options)
        assert said.code == 0, said.text

    @property
    def handshake(self):
        return json.loads((self.home / "sandbox" / "handshake.json").read_text())

    @property
    def url(self):
        return self.handshake["url"]

    @property
    def secrets(self):
        return self.handshake["secrets"]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data, {"Content-Type": "application/json"}, method="GET" if body is None else "PUT"
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def log(self, who="ringfence", *, write=None, after=""):
        """What the company decided, oldest first."""
        lines = self.ask("/_sandbox/log")
        return [
            one for one in lines
            if one["who"] == who and (write is None or one["write"] == write) and one["at"] > after
        ]  # fmt: skip

    def state(self):
        return self.ask("/_sandbox/state")

    def closed(self):
        """(client off, user frozen, path restricted): the three doors, as they are now."""
        now = self.state()
        return (
            not now["clients"]["drift-prod"]["enabled"], now["users"]["svc-drift"]["frozen"],
            now["paths"]["crm-api"]["mode"] == "only",
        )  # fmt: skip

    def live_tokens(self, client="drift-prod"):
        return [token for token in self.state()["tokens"] if token["client"] == client and token["active"]]

    def faults(self, **shares):
        self.ask("/_sandbox/faults", shares)

    def until(self, true, seconds=60):
        limit = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < limit, "never came true"
            time.sleep(0.02)
        return found

    def rows(self, query, *values):
        with closing(sqlite3.connect(self.home / "journal.db")) as journal:
            return journal.execute(query, values).fetchall()

    def the_run(self):
        """The id of the only run that there is, beside those that only looked."""
        rows = self.rows("SELECT run, body FROM events WHERE run != '@journal' AND type = 'opened'")
        ((run, _),) = [row for row in rows if len(rows) == 1 or json.loads(row[1])["mode"] != "dry-run"]
        return run

    def events(self, *types, run=None):
        """(journal time, type, body) of a run, in order."""
        found = self.rows("SELECT at, type, body FROM events WHERE run = ? ORDER BY n", run or self.the_run())
        return [(at, kind, json.loads(body)) for at, kind, body in found if not types or kind in types]

    def words(self, run=None):
        return [body["word"] for _, _, body in self.events("worded", run=run)]

    def word_at(self, word, run=None):
        """The journal's time of the newest such word."""
        return [at for at, _, body in self.events("worded", run=run) if body["word"] == word][-1]

    def faults_text(self):
        return "".join(file.read_text() for file in (self.home / "faults").glob("*"))

    def assert_word_true(self, run=None, wait_s=2.0):
        """No attacker success after the word, however long he goes on trying."""
        at = self.word_at("contained", run)
        time.sleep(wait_s)
        after = [one for one in self.log("attacker") if one["at"] > at]
        assert after or not self.log("attacker"), "he does not try any more: nothing is proven"
        assert [one for one in after if 200 <= one["status"] < 300] == []

    def assert_nothing_sent_blind(self, run=None):
        """Each write was intended first, and none was received again unless we had looked at it between."""
        intents = Counter()
        for _, _, body in self.events("intended", run=run):
            prefix = PREFIX[body["action"].partition(".")[0]]
            intents.update(
                (prefix + line.split()[1]).removesuffix("/" if prefix.startswith("/chat") else "")
                for line in body["lines"]
            )
        received = Counter()
        looked = {}  # path of a look or listing -> its newest place in the log
        newest = {}
        for place, one in enumerate(self.log()):
            path = one["path"].partition("?")[0]
            if not one["write"]:
                if one["status"] == 200 and one["fault"] != "lost":
                    looked[path] = place
                continue
            if one["fault"] == "busy":  # it said that it did nothing
                continue
            if path in newest and path != "/chat/hooks/***":  # messages are counted below
                again = max(looked.get(look, -1) for look in _looks_at(path))
                assert again > newest[path], f"{one['method']} {path} came again and nobody had looked"
            newest[path] = place
            received[path] += 1
        told = [body for _, _, body in self.events("told", run=run) if body["how"] == "notify" and not body["why"]]
        received["/chat/hooks/***"] -= len(told)  # whom the configuration tells of words: recorded as that
        received = +received
        assert {p: n for p, n in received.items() if n > intents[p]} == {}, "received more often than intended"
        assert received["/chat/hooks/***"] <= 1
        return received

    def end(self):
        for one in self.begun:
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGKILL)
                one.process.wait()
        if (sandbox := company.running(self.home)) is not None:
            os.kill(sandbox["pid"], signal.SIGKILL)
        if server.folder(self.home).exists():
            server.stop(self.home)


def _looks_at(path):
    """The reads that show what this write did: a look at the very thing, or the listing that it stands in."""
    if path.startswith("/idp/tokens/"):
        return path.removesuffix("/revoke"), "/idp/clients/drift-prod/tokens"
    if path.startswith("/crm/sessions/"):
        return path, "/crm/users/svc-drift/sessions"
    return path.removesuffix("/enabled").removesuffix("/frozen"), ""


@pytest.fixture
def house(tmp_path):
    mine = House(tmp_path)
    yield mine
    mine.end()
