"""A door over the practice configuration of a test, asked through the very guard and application that the service has."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
from fastapi import FastAPI

from inventory.model import Config
from inventory.read import BadInventory
from tests.triggers.alerts.trust import signers as by
from triggers.alerts.counting import Counts
from triggers.alerts.door import Door, router
from triggers.alerts.pace import Pace, Room
from triggers.alerts.reading import SOURCES
from triggers.alerts.senders import Senders
from triggers.alerts.trust.fetching import Keyring, NotFetched
from triggers.serve import problems
from triggers.serve.guard import Guard

SECRETS = {
    "env:NEW": by.SECRET, "env:OLD": by.OLD, "env:SVIX": by.SVIX, "env:SHORT": "short", "env:BASIC": "ops:" + by.SECRET,
}  # fmt: skip
HOST = "ringfence.acme.example"
topic, issuer = by.Sns(), by.Issuer()
WEB = {by.CERTIFICATE: topic.pem, by.JWKS: json.dumps(issuer.jwks()).encode()}
SOURCES_OF_TEST = {
    "okta": {"secrets": ["env:NEW", "env:OLD"]},
    "github": {"secrets": ["env:NEW", "env:OLD"], "body_kib": 300},
    "tiny": {"source": "github", "secrets": ["env:NEW"], "body_kib": 1},
    "slow": {"source": "github", "secrets": ["env:NEW"], "per_s": 1, "burst": 3},
    "guardduty": {"source": "aws-guardduty", "topics": [by.TOPIC]},
    "svix": {"source": "github", "secrets": ["env:SVIX"], "trust": {"scheme": "standard-webhooks"}},
    "slack": {"source": "github", "secrets": ["env:NEW"], "trust": {"scheme": "slack"}},
    "pagers": {"source": "github", "secrets": ["env:NEW"], "trust": {"scheme": "pagerduty"}},
    "push": {"source": "github", "secrets": ["env:NEW"], "trust": {"scheme": "push-security"}},
    "falcon": {"source": "github", "secrets": ["env:NEW"], "trust": {"scheme": "crowdstrike-fusion"}},
    "bearers": {"source": "github", "secrets": ["env:NEW"], "trust": {"scheme": "bearer"}},
    "basics": {"source": "github", "secrets": ["env:BASIC"], "trust": {"scheme": "basic"}},
    "graph": {"source": "okta", "secrets": ["env:NEW"], "trust": {"scheme": "graph"}, "poll": "x"},
    "shared": {
        "source": "okta", "trust": {"scheme": "set", "issuer": by.ISSUER, "audience": [by.AUDIENCE], "jwks": by.JWKS},
    },
    "pubsub": {
        "source": "okta",
        "trust": {"scheme": "google", "audience": [by.AUDIENCE], "email": "push@acme.example", "jwks": by.JWKS},
    },
    "events": {"source": "okta", "secrets": ["env:NEW"], "trust": {"scheme": "bearer", "challenge": "cloudevents"}},
    "anybody": {"source": "github", "unsigned": True},
    "broken": {"source": "github", "secrets": ["env:GONE"]},
}  # fmt: skip


@dataclass
class Shelf:
    """Keeps what it is given, as the inbox does."""

    rows: dict = field(default_factory=dict)
    full: bool = False

    async def keep(self, name, source, delivery_id, raw, verified, headers):
        if self.full:
            raise RuntimeError(f"canary-of-a-body {raw[:20]!r}")
        again = (name, delivery_id) in self.rows
        self.rows[name, delivery_id] = (source, raw, verified, dict(headers))
        return "again" if again else "kept"


class Doorway:
    """The door, its shelf, and all that was said or logged."""

    def __init__(self, sources=SOURCES_OF_TEST, alerts=None, inbox=None):
        self.shelf, self.said, self.noted, self.time, self.asked = inbox or Shelf(), [], [], 0.0, []
        config = Config.model_validate({
            "connections": {"x": {"system": "okta", "url": "https://acme.example"}}, "alerts": {"sources": sources} | (alerts or {}),
        })  # fmt: skip
        self.inventory = SimpleNamespace(config=config, resolve=self.resolve)
        self.counts = Counts()
        senders = Senders(lambda: self.inventory, SOURCES, self.said.append)
        ring = Keyring(self.fetch, lambda: self.time)
        self.door = Door(
            senders, self.shelf, ring, self.counts, Pace(lambda: self.time), Room(), lambda: by.NOW, self.said.append, self.note,
        )  # fmt: skip
        self.nudged = []
        self.door.nudge = self.nudged.append
        app = FastAPI()
        problems.tell_of(app)
        app.include_router(router(self.door))
        self.app = Guard(app, {HOST}, lambda error: self.said.append(f"FAULT {error!r}") or "written down")

    def resolve(self, reference):
        if reference not in SECRETS:
            raise BadInventory(f"secret {reference}: the environment has no such name")
        return SECRETS[reference]

    async def fetch(self, url):
        self.asked.append(url)
        if "Action=ConfirmSubscription" in url and url in WEB.get("confirms", ()):
            return b""
        if url not in WEB:
            raise NotFetched
        return WEB[url]

    async def note(self, name, what):
        self.noted.append((name, what))

    async def ask(self, name, body=b"", headers=(), method="POST", query=""):
        pairs = [*(headers.items() if isinstance(headers, dict) else headers)]
        pairs = [(_octets(one), _octets(value)) for one, value in pairs]
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, f"/alerts/{name}{query}", content=body, headers=pairs)

    @property
    def refused(self):
        return dict(self.counts.refused)


def _octets(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


@contextlib.contextmanager
def overheard():
    """Everything that is logged or printed meanwhile, by anybody."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard):
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
