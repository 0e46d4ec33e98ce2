"""How a source of alerts proves that an alert is its own: the scheme, and what of it differs from sender to sender.

The same keys stand in a source's own file (what its maker documents) and under `trust:` of ringfence.yaml (what is true
of one tenant: an issuer, an audience, a header). Verifying is the business of `triggers.alerts.trust`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from inventory.part import Part, Url

Scheme = Literal[
    "slack", "github", "pagerduty", "standard-webhooks", "push-security", "crowdstrike-fusion", "hmac",
    "header", "bearer", "basic", "graph", "sns", "set", "google", "none",
]  # fmt: skip
"""`slack` to `hmac` sign the body with a shared secret; `header` to `graph` send that secret; `sns`, `set` (a Security
Event Token) and `google` sign with a key of their own; `none` proves nothing."""
Challenge = Literal["okta", "graph", "cloudevents"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
SIGNED_WITH_SECRET = frozenset(
    {"slack", "github", "pagerduty", "standard-webhooks", "push-security", "crowdstrike-fusion", "hmac"}
)
SENDS_SECRET = frozenset({"header", "bearer", "basic", "graph"})
WINDOW_S = 300
LONGEST_WINDOW_S = 28 * 24 * 3600
"""For less time than deliveries are known again (30 days): SNS sends one signed notification for up to 23 days."""
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,79}")
_PARTS = re.compile(r"\{[^{}]*\}")


def _as_header(value: str) -> str:
    if not _HEADER.fullmatch(value):
        raise ValueError("must be the name of a header, as in X-Hub-Signature-256")
    return value


def _as_signed_text(value: str) -> str:
    parts = _PARTS.findall(value)
    if parts.count("{body}") != 1 or set(parts) - {"{body}", "{timestamp}", "{id}"} or len(value) > 200:
        raise ValueError(
            "must hold {body} once, and of others at most {timestamp} and {id}, as in v0:{timestamp}:{body}"
        )
    return value


def _as_private(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ValueError("must be https: whoever could change these keys on their way could sign alerts")
    return value


Header = Annotated[str, AfterValidator(_as_header)]


class Trust(Part):
    """What proves an alert. Keys that are left out are the scheme's own (`FORMS`), or do not apply.

    Attributes:
        scheme: one of `Scheme`.
        header: in which header the signature, or the secret, comes.
        prefix: what stands before the signature. encoding: how it is written.
        separator: between several signatures, of which any may fit.
        text: what is signed. timestamp, id: the headers of those parts of it.
        window_s: seconds by which a signed time may differ from ours, either way.
        key: whether the secret is used as it stands, or is base64 (whsec_...).
        delivery: header with an id of the delivery. It is not signed unless `text` has {id}.
        issuer, audience, jwks, algorithms, email: what a signed token must say, and where the keys of its issuer are.
        strict: whether a Security Event Token with `exp` or `sub` is refused, as the specification has it.
        challenge: how the sender asks beforehand whether it may send here.
    """

    scheme: Scheme | None = None
    header: Header | None = None
    prefix: Annotated[str, Field(max_length=40)] | None = None
    encoding: Literal["hex", "base64"] | None = None
    separator: Literal[",", " "] | None = None
    text: Annotated[str, AfterValidator(_as_signed_text)] | None = None
    timestamp: Header | None = None
    id: Header | None = None
    window_s: Annotated[int, Field(ge=30, le=LONGEST_WINDOW_S)] | None = None
    key: Literal["text", "base64"] | None = None
    delivery: Header | None = None
    issuer: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    audience: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=500)], ...], Field(strict=False)] = ()
    jwks: Annotated[Url, AfterValidator(_as_private)] | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Field(strict=False)] = ()
    email: Annotated[str, Field(min_length=3, max_length=320)] | None = None
    strict: bool = True
    challenge: Challenge | None = None

    def over(self, source: Trust) -> Trust:
        """What is said here, and for the rest what the source's own file says; of another scheme nothing of it holds."""
        if self.scheme not in {None, source.scheme}:
            return self
        said: dict[str, Any] = {name: getattr(source, name) for name in source.model_fields_set}
        said |= {name: getattr(self, name) for name in self.model_fields_set}
        return Trust(**said)

    def whole(self) -> Trust:
        """With the scheme's own form in place of what nobody said."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return Trust(**{**FORMS.get(self.scheme or "none", {}), **said})

    def lacks(self) -> str:
        """What must be said yet, as a sentence; "" where nothing is missing."""
        whole = self.whole()
        if whole.scheme is None:
            return "`scheme` is missing"
        wanted: tuple[str, ...] = NEEDS.get(whole.scheme, ())
        if whole.text is not None and whole.scheme != "push-security":  # whose header holds the time as well
            wanted += tuple(part for part in ("timestamp", "id") if f"{{{part}}}" in whole.text)
        missing = [name for name in wanted if not getattr(whole, name)]
        return f"scheme {whole.scheme} needs {', '.join(f'`{name}`' for name in missing)}" if missing else ""

    @property
    def needs_secret(self) -> bool:
        """Whether it is proven by a secret that both sides have."""
        return self.scheme in SIGNED_WITH_SECRET | SENDS_SECRET


FORMS: Mapping[str, Mapping[str, Any]] = {
    "slack": {
        "header": "X-Slack-Signature", "prefix": "v0=", "encoding": "hex", "text": "v0:{timestamp}:{body}",
        "timestamp": "X-Slack-Request-Timestamp", "window_s": WINDOW_S,
    },
    "github": {
        "header": "X-Hub-Signature-256", "prefix": "sha256=", "encoding": "hex", "text": "{body}",
        "delivery": "X-GitHub-Delivery",
    },
    "pagerduty": {
        "header": "X-PagerDuty-Signature", "prefix": "v1=", "encoding": "hex", "separator": ",", "text": "{body}",
    },
    "standard-webhooks": {
        "header": "webhook-signature", "prefix": "v1,", "encoding": "base64", "separator": " ",
        "text": "{id}.{timestamp}.{body}", "timestamp": "webhook-timestamp", "id": "webhook-id", "window_s": WINDOW_S,
        "key": "base64",
    },
    "push-security": {"header": "X-Signature", "text": "{timestamp}.{body}", "window_s": WINDOW_S},
    "crowdstrike-fusion": {
        "header": "X-CS-Primary-Signature", "encoding": "base64", "text": "{body}{timestamp}",
        "timestamp": "X-CS-Delivery-Timestamp", "window_s": WINDOW_S,
    },
    "hmac": {"encoding": "hex", "text": "{body}", "window_s": WINDOW_S},
    "header": {"header": "Authorization"},
    "graph": {"challenge": "graph"},
    "sns": {"window_s": 3600},
    "set": {"algorithms": ("RS256", "PS256", "ES256")},
    "google": {
        "jwks": "https://www.googleapis.com/oauth2/v3/certs", "issuer": "https://accounts.google.com",
        "algorithms": ("RS256",),
    },
}  # fmt: skip
"""By scheme, what its makers document (alerts.md, section 18)."""
NEEDS: Mapping[str, tuple[str, ...]] = {
    "hmac": ("header",), "set": ("issuer", "audience", "jwks"), "google": ("audience", "email"),
}  # fmt: skip
