"""A real sandbox, started and talked to as anybody would: over loopback, with what the handshake says."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

TOKENS = "/idp/clients/drift-prod/tokens"
SESSIONS = "/crm/users/svc-drift/sessions"


class Practice:
    """One running sandbox."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        self.handshake = folder / "handshake.json"
        command = [sys.executable, "-m", "sandbox", "--handshake", str(self.handshake), *options]
        with folder.with_name(f"{folder.name}.said").open("w") as said:
            self.process = subprocess.Popen(command, stderr=said)
        limit = time.monotonic() + 20
        while not self.handshake.exists():
            assert self.process.poll() is None, "it ended at once"
            assert time.monotonic() < limit, "no handshake after 20 s"
            time.sleep(0.01)
        self.told: dict[str, Any] = json.loads(self.handshake.read_text())
        self.secrets: dict[str, str] = self.told["secrets"]
        self.http = httpx.Client(base_url=self.told["url"], timeout=10)
        self.drift = ("drift-prod", self.secrets["client_secret"])

    def ask(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask with the credential that the path's system wants, or with another."""
        if key is None:
            key = {"/idp": "idp_key", "/crm": "crm_key", "/fir": "firewall_key", "/cha": "person_key"}.get(path[:4], "")
        headers = {"Authorization": f"Bearer {self.secrets[key]}"} if key else {}
        return self.http.request(method, path, headers=headers | more.pop("headers", {}), **more)

    def get(self, path: str, **more: Any) -> Any:
        answer = self.ask("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, **body: Any) -> httpx.Response:
        answer = self.ask("PUT", path, json=body)
        assert answer.status_code == 200, answer.text
        return answer

    def state(self) -> Any:
        return self.http.get("/_sandbox/state").json()

    def log(self, **query: str) -> list[dict[str, Any]]:
        return self.http.get("/_sandbox/log", params=query).json()

    def records(self, authorization: str, address: str = "203.0.113.10") -> httpx.Response:
        return self.http.get("/crm/records", headers={"Authorization": authorization, "X-Sandbox-Address": address})

    def login(self) -> httpx.Response:
        return self.http.post("/crm/login", json={"user": "svc-drift", "password": self.secrets["run_as_password"]})

    def mint(self) -> httpx.Response:
        return self.http.post("/idp/oauth/token", data={"grant_type": "client_credentials"}, auth=self.drift)

    def introspect(self, token: str) -> Any:
        return self.ask("POST", "/idp/oauth/introspect", data={"token": token}).json()

    def listed(self, path: str, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ""
        while True:
            page = self.get(path, params={"after": after, "limit": limit})
            found += page["items"]
            if not (after := page["next"]):
                return found

    def contain(self, seconds: float = 20, *, path_too: bool = False) -> str:
        """Close and close again until a fresh look finds nothing open; give the time of that finding.

        What an admin asked for just before he was cut off comes into force a lag later: so long nothing may open.
        """
        limit = time.monotonic() + seconds
        unclean_at, settled_s = time.monotonic(), self.told["options"]["lag_s"] + 0.1
        while time.monotonic() < limit:
            clean = True
            if self.get("/idp/clients/drift-prod")["enabled"]:
                self.put("/idp/clients/drift-prod/enabled", enabled=False)
                clean = False
            if not self.get("/crm/users/svc-drift")["frozen"]:
                self.put("/crm/users/svc-drift/frozen", frozen=True)
                clean = False
            if path_too and self.get("/firewall/paths/crm-api")["mode"] != "only":
                self.put("/firewall/paths/crm-api", mode="only", addresses=["10.0.0.0/8"])
                clean = False
            if not clean:
                time.sleep(0.15)
            for token in self.listed(TOKENS):
                assert self.ask("POST", f"/idp/tokens/{token['id']}/revoke").status_code == 200
                clean = False
            for session in self.listed(SESSIONS):
                assert self.ask("DELETE", f"/crm/sessions/{session['id']}").status_code == 204
                clean = False
            if not clean:
                unclean_at = time.monotonic()
            elif time.monotonic() - unclean_at > settled_s:
                return self.log()[-1]["at"]
        pytest.fail(f"still open after {seconds} s")

    def end(self, *, at_once: bool = False) -> int:
        self.http.close()
        if self.process.poll() is None:
            self.process.kill() if at_once else self.process.terminate()
        self.process.wait(10)
        said = self.handshake.parent.with_name(f"{self.handshake.parent.name}.said").read_text()
        assert not said, said
        return self.process.returncode
