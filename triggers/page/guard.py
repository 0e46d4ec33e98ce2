"""What every request and every answer of the page passes: headers, where a form comes from, and who looks.

`Referrer-Policy` is same-origin, not no-referrer: with the latter browsers send `Origin: null` along with a form, and
whether it is our own page's could not be told.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from triggers.page.key import PageKey
from triggers.page.passkeys import Site

SESSION_S = 30 * 60
FORM_S = 15 * 60
LONGEST_FORM = 64_000
FIELDS = 20
How = Literal["link", "passkey"]

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"


class Turned(Exception):
    """A request that leads nowhere: a screen with a title and a sentence.

    Attributes:
        title, why: what people read. status: of HTTP. sign_in: whether to offer the passkey's way in.
        to: a page of ours that leads on; "" where there is none.
    """

    def __init__(self, status: int, title: str, why: str, *, sign_in: bool = False, to: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.why, self.sign_in, self.to = status, title, why, sign_in, to


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody looks: by a link, at that run alone; or by their passkey, at all. It decides nothing.

    Attributes:
        id: random; forms are bound to it. run: the only one that may be looked at; "" for all.
    """

    id: str
    person: str
    run: str
    how: How
    until: int


class Guard:
    """Reads sessions and forms, and sees where they come from."""

    def __init__(self, site: Site, key: PageKey) -> None:
        self.site, self.key = site, key
        self.secure = site.origin.startswith("https://")
        self.cookie = "__Host-ringfence" if self.secure else "ringfence"

    def headers(self) -> dict[str, str]:
        """Those of every answer."""
        return {**HEADERS, **({"Strict-Transport-Security": HSTS} if self.secure else {})}

    def admit(self, request: Request) -> None:
        """Raises Turned for a form that another site's page sent, or that does not say whose page did."""
        if request.method in {"GET", "HEAD"}:
            return
        fetched = request.headers.get("sec-fetch-site", "same-origin")
        if request.headers.get("origin") != self.site.origin or fetched != "same-origin":
            raise Turned(
                403, "Not from this page", f"This form did not come from {self.site.origin}. Nothing was recorded."
            )

    async def form(self, request: Request) -> dict[str, str]:
        """The fields of a form, each once. Raises Turned."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            raise Turned(415, "Not a form of this page", "Nothing was recorded.")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_FORM:
                raise Turned(413, "Too long", f"A form has at most {LONGEST_FORM} letters. Nothing was recorded.")
        try:
            return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS))
        except ValueError:
            raise Turned(400, "Cannot be read", "The form cannot be read. Nothing was recorded.") from None

    def begin(self, response: Response, session: Session, now_s: float) -> None:
        """Hand a session out: a cookie for this site alone, that no script reads."""
        body = {"id": session.id, "person": session.person, "run": session.run, "how": session.how}
        response.set_cookie(
            self.cookie, self.key.close("session", body, session.until), max_age=int(session.until - now_s), path="/",
            secure=self.secure, httponly=True, samesite="strict",
        )  # fmt: skip

    def end(self, response: Response) -> None:
        """Take the session's cookie back."""
        response.delete_cookie(self.cookie, path="/", secure=self.secure, httponly=True, samesite="strict")

    def session(self, request: Request, now_s: float) -> Session | None:
        """Who looks; None: nobody that we know of."""
        body = self.key.open("session", request.cookies.get(self.cookie, ""), now_s)
        if body is None:
            return None
        return Session(body["id"], body["person"], body["run"], body["how"], body["until"])


def new_session(person: str, run: str, how: How, now_s: float) -> Session:
    """Begin one, for half an hour."""
    return Session(secrets.token_urlsafe(16), person, run, how, int(now_s + SESSION_S))
