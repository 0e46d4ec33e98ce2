"""The service as a process of its own, over the practice company; and who asks it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

import pytest
import yaml

from tests.endtoend.conftest import COMMAND, ROOT, House
from triggers.serve import handshake

COMPANY = ROOT / "sandbox" / "company"
AUDITOR = "rfp_auditor-of-this-test-0123456789abcdefghij"
START_S = 60.0
SECRETLY = "canary-9f3c-of-a-request"
"""Stands in requests that are refused, and must be found nowhere afterwards."""


@dataclass
class Answer:
    status: int
    body: object
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self):
        return self.body["code"]


class Service:
    """One `ringfence serve` or `worker`, and what it printed."""

    def __init__(self, house, *words, **environ):
        self.house = house
        self.log = house.place / f"service-{len(house.services)}.log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, *map(str, words)], cwd=house.place, env=house.environ | environ, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        house.services.append(self)

    @property
    def said(self):
        return self.log.read_text()

    def until_serving(self):
        self.house.until(lambda: "Serving at" in self.said or self.process.poll() is not None, START_S)
        assert self.process.poll() is None, self.said
        self.handshake = handshake.found(self.house.home)
        self.url = self.handshake.url
        self.house.until(self._answers, 20)
        return self

    def _answers(self):
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, who="", raw=None, within_s=60, **headers):
        """One request; who: a person of the company, "local" for the command line, or a token as it is."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if data is not None:
            headers.setdefault("Content-Type", "application/json")
        if who:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=within_s) as answer:
                return _answer(answer.status, answer.read(), answer.headers)
        except urllib.error.HTTPError as refused:
            return _answer(refused.code, refused.read(), refused.headers)

    def token(self, who):
        if who == "local":
            return self.handshake.token
        return self.house.secrets.get(f"{who}_token") or {"ada": AUDITOR}.get(who, who)

    def start(self, who="ana", **more):
        body = {"playbook": "stolen_oauth_tokens", "inputs": {"integration": "drift"}} | more
        return self.ask("POST", "/runs", body, who)

    def facts(self, run):
        return self.ask("GET", f"/runs/{run}", who="ana").body

    def until_word(self, run, *words, seconds=60):
        return self.house.until(lambda: (found := self.facts(run))["word"] in words and found, seconds)

    def until_rests(self, run, word="waiting"):
        """Until it has that word and nobody is at it."""
        return self.house.until(lambda: [
            one for one in self.ask("GET", "/runs", who="ana").body["runs"]
            if one["run"] == run and one["word"] == word and not one["alive"]
        ])  # fmt: skip

    def question(self, run):
        return self.ask("GET", f"/runs/{run}/question", who="ben").body

    def approve(self, run, who="ben", **more):
        asked = self.question(run)
        body = {"scope_hash": asked["scope_hash"], "shown": asked["digest"]} | more
        return self.ask("POST", f"/runs/{run}/approve", body, who)

    def stream(self, run, who="ben"):
        """The events of a run as they come, in a thread: a list of (kind, body) that grows."""
        found = []
        request = urllib.request.Request(
            f"{self.url}/runs/{run}/events", headers={"Authorization": f"Bearer {self.token(who)}"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

        def read():
            kind = ""
            try:
                with opener.open(request, timeout=120) as answer:
                    for line in answer:
                        text = line.decode().rstrip("\n")
                        if text.startswith("event: "):
                            kind = text.removeprefix("event: ")
                        elif text.startswith("data: "):
                            found.append((kind, json.loads(text.removeprefix("data: "))))
            except OSError:
                found.append(("gone", {}))

        threading.Thread(target=read, daemon=True).start()
        return found

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        """SIGTERM, and how many seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        assert code == 0, self.said
        return time.monotonic() - began


def _answer(status, data, headers):
    kept = {name.lower(): value for name, value in headers.items()}
    if "json" in kept.get("content-type", ""):
        return Answer(status, json.loads(data), kept)
    return Answer(status, data.decode(), kept)


class ServedHouse(House):
    """A state folder over which services run."""

    def __init__(self, place):
        super().__init__(place)
        self.services = []
        self.config = self.company()

    def company(self, **changes):
        """The practice company's configuration with an auditor in it, as a file of this test's own."""
        config = yaml.safe_load((COMPANY / "ringfence.yaml").read_text()) | changes
        config["integrations"] = str(COMPANY / "integrations.yaml")
        config["playbooks"] = [str(COMPANY / "playbooks")]
        digest = hashlib.sha256(AUDITOR.encode()).hexdigest()
        config["people"]["ada"] = {"name": "Ada", "roles": ["auditor"], "token": f"sha256:{digest}"}
        file = self.place / "ringfence.yaml"
        file.write_text(yaml.safe_dump(config))
        return file

    def serve(self, *more, **environ):
        return Service(
            self, "serve", "--sandbox", "--config", self.config, *more, **environ
        ).until_serving()  # fmt: skip

    def worker(self, *more, **environ):
        return Service(self, "worker", "--sandbox", "--config", self.config, *more, **environ)

    def nowhere(self, text):
        """Every file of the state folder but the company's own, and every log: the text is in none."""
        for file in [*self.home.rglob("*"), *(service.log for service in self.services)]:
            if file.is_file() and self.home / "sandbox" not in file.parents:
                assert text.encode() not in file.read_bytes(), file

    def end(self):
        for service in self.services:
            if service.process.poll() is None:
                service.kill()
        super().end()


@pytest.fixture
def place(tmp_path):
    house = ServedHouse(tmp_path)
    yield house
    house.end()


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """One service for tests that leave it as it was."""
    house = ServedHouse(tmp_path_factory.mktemp("standing"))
    house.up("--tokens", "5")
    service = house.serve()
    yield service
    os.kill(service.process.pid, 0)  # whatever was asked of it, it lives
    house.end()
