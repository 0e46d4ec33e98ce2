"""Every look of an action, asked at a provider that answers whatever a test wants; parameters are those of the plans."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.core import Action, Params, Reader, Secret, Wire
from engine.registry import registry
from tests.connectors.provider import Got, provider, says, wired

PLANS = Path(__file__).parents[1] / "plans"
PEM = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)
SERVICE = json.dumps({"client_email": "us@x.example", "private_key": PEM, "private_key_id": "1", "client_id": "1"})
TOKEN = ("/token", "/services/oauth2/token", "/access_tokens")
"""Where a credential becomes an access token: that much always works here."""


def settings(system: str, url: str) -> tuple[dict[str, Any], str]:
    """The settings of a connection to it, and its secret."""
    at: dict[str, tuple[dict[str, Any], str]] = {
        "entra": ({"token_url": f"{url}/token", "client_id": "us"}, "s3cret-of-ours"),
        "github": ({"org": "acme", "saml": True}, "ghp_ours"),
        "github_app": ({"app": "1"}, PEM),
        "github_oauth": ({"client_id": "Iv1.ours"}, "s3cret-of-ours"),
        "google_workspace": ({"admin": "admin@acme.example", "token_url": f"{url}/token"}, SERVICE),
        "oauth": ({"client_id": "us", "clients_at": "/admin/clients", "grants_at": "/admin/grants"}, "s3cret-of-ours"),
        "salesforce": ({"client_id": "us"}, "s3cret-of-ours"),
        "slack_admin": (
            {"enterprise": "E1", "workspaces": ("T1",), "scim": f"{url}/scim/v2", "audit": f"{url}/audit/v1"}, "xoxp-1"
        ),
        "slack": ({"channel": "C1"}, "xoxb-ours"),
    }  # fmt: skip
    return at.get(system, ({}, "s3cret-of-ours"))


def link(system: str, url: str) -> AbstractAsyncContextManager[Wire]:
    """An open connection to that system."""
    more, secret = settings(system, url)
    return wired(url, connector=registry().systems[system], secret=Secret(secret), **more)


class Stranger:
    """Answers everything with the same bytes, but a credential's exchange and an OAuth server's metadata."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.url = answer, ""

    def __call__(self, got: Got) -> bytes:
        path = got.target.partition("?")[0]
        if got.method == "POST" and path.endswith(TOKEN):
            return says(
                200, {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600, "instance_url": self.url}
            )
        if path.startswith("/.well-known/"):
            ends = {f"{name}_endpoint": f"{self.url}/{name}" for name in ("introspection", "revocation", "token")}
            return says(200, {"issuer": self.url, **ends})
        return self.answer


def asked() -> Iterator[tuple[Action[Any, Any], Params]]:
    """Each action of a real system that decides by a look, with what one of its plans is about."""
    for name, action in sorted(registry().actions.items()):
        if action.sees is not None and not name.startswith("practice_"):
            case = json.loads(min((PLANS / name).glob("*.json")).read_text())
            yield action, action.params.model_validate(_secrets(case["params"]))


def _secrets(value: Any) -> Any:
    match value:
        case str() if value.startswith("secret:"):
            return Secret(value)
        case dict():
            return {name: _secrets(part) for name, part in value.items()}
        case list():
            return [_secrets(part) for part in value]
    return value


NOBODY = {"errorCode": "E0000007"}


class Script:
    """Answers each path as it is told to, whatever the query, unless the query is in the key as well; else with 404."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self.answers, self.url = answers, ""

    def __call__(self, got: Got) -> bytes:
        path, _, query = got.target.partition("?")
        for key, answer in self.answers.items():
            at, _, wanted = key.partition("?")
            if path == at and wanted in query:
                return answer
        if got.method == "POST" and path.endswith(TOKEN):
            return says(
                200, {"access_token": "t1", "token_type": "Bearer", "expires_in": 3600, "instance_url": self.url}
            )
        if path.startswith("/.well-known/"):
            return says(200, {"issuer": self.url, "revocation_endpoint": f"{self.url}/revocation"})
        return says(404, NOBODY)


@asynccontextmanager
async def reading(system: str, answers: dict[str, bytes]) -> AsyncIterator[Reader]:
    """A reader at that system, which answers so."""
    script = Script(answers)
    async with provider(script) as there:
        script.url = there.url
        async with link(system, there.url) as wire:
            yield Reader(wire)


def following(items: object, after: str) -> bytes:
    """A page that names a next one, as Okta and GitHub do."""
    return says(200, items, link=f'<https://x.example/y?after={after}>; rel="next"')
