"""Who says something, by what proves it: their own token, a signature of their key; or the machine's user, which proves little.

    say = of_token(config.people, resolve, token)      # a Sayer, or None: it fits nobody
    signed = of_key(config.people, signer)             # likewise, by the public half of a private key
    maybe = of_os(config.people, "os:ben")             # never an approver

A token is 32 random bytes behind a prefix that secret scanners can look for. Only its SHA-256 is ever kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from inventory.people import PersonEntry
from inventory.read import BadInventory

TOKEN_PREFIX = "rfp_"  # noqa: S105  it says what it is
CODE_PREFIX = "rfc_"
RANDOM_BYTES = 32
CODE_BYTES = 15
"""Of a sealed code, which people type from paper: 120 bits in 24 letters of base32."""
How = Literal["token", "key", "os", "slack", "passkey", "totp", "alert"]
"""What proves somebody. `os` proves nothing, `alert` is nobody; slack, passkey and totp are proven by the way in that says so."""
NOBODYS = "This token or key is nobody's: `people:` in the configuration names whose there are."
"""Said of a proof that fits nobody."""


@dataclass(frozen=True, slots=True)
class Sayer:
    """Somebody who says something.

    Attributes:
        person: their id in the configuration; "" where nobody there fits.
        name: as people know them.
        roles: what they may do; none where nothing but the machine's user speaks for them.
        how: what proves it.
        accounts: by which they are known elsewhere.
        os: the machine's user who carried it here, as `os:NAME`.
        public: the public key, hex, that signs what they say; "" for a token.
        evidence: of a passkey, what it signed and with which signature: the record keeps it with what they say.
    """

    person: str
    name: str
    roles: frozenset[str]
    how: How
    accounts: tuple[str, ...] = ()
    os: str = ""
    public: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def by(self) -> str:
        """Who, as the record names them: `person:ben`, or `os:ben` where nobody in the configuration fits."""
        return f"person:{self.person}" if self.person else self.os

    @property
    def proven(self) -> bool:
        """Whether it is their own token or key that says so."""
        return bool(self.person) and self.how not in {"os", "alert"}


def new_token() -> tuple[str, str]:
    """Make a token and its digest, as the configuration holds it."""
    token = TOKEN_PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(RANDOM_BYTES)).decode().rstrip("=")
    return token, digest(token)


def new_code() -> tuple[str, str]:
    """Make a sealed code and its digest. It reads aloud: letters and digits in groups of six."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()
    code = CODE_PREFIX + "-".join(text[at : at + 6] for at in range(0, len(text), 6))
    return code, code_digest(code)


def digest(token: str) -> str:
    """The SHA-256 of a token, as the configuration holds it."""
    return f"sha256:{hashlib.sha256(token.strip().encode('utf-8', 'surrogatepass')).hexdigest()}"


def code_digest(code: str) -> str:
    """The SHA-256 of a sealed code: case, spaces and hyphens of whoever types it from paper do not count."""
    plain = "".join(letter for letter in code.lower() if not letter.isspace() and letter != "-")
    return digest(plain)


def known_code(codes: tuple[str, ...], code: str) -> str:
    """The digest of a code if the configuration has it, else "". Every one is compared, in constant time."""
    mine, found = code_digest(code), ""
    for one in codes:
        found = one if hmac.compare_digest(one.encode(), mine.encode()) else found
    return found


def of_token(
    people: Mapping[str, PersonEntry], resolve: Callable[[str], str], token: str, os: str = ""
) -> Sayer | None:
    """Whose token this is; None where it fits nobody. Everyone's is compared, in constant time.

    A reference that cannot be read here proves nobody, and does not keep others from proving who they are.
    """
    mine, found = digest(token).encode(), ""
    for name, person in people.items():
        if person.token is not None and hmac.compare_digest(_digest_of(person.token, resolve).encode(), mine):
            found = name
    return _sayer(people, found, "token", os) if found and token.strip() else None


def of_key(people: Mapping[str, PersonEntry], public: str, os: str = "") -> Sayer | None:
    """Whose public key this is (hex, of a private key that the caller holds); None where it is nobody's."""
    for name, person in people.items():
        if public and person.public and hmac.compare_digest(person.public, public):
            return _sayer(people, name, "key", os, public)
    return None


def of_os(people: Mapping[str, PersonEntry], os: str) -> Sayer:
    """Who the machine's user is, by their `os:` accounts. It is no proof: whoever sits there may be anybody."""
    for name, person in people.items():
        if os.casefold() in {account.casefold() for account in person.accounts}:
            return _sayer(people, name, "os", os)
    return Sayer("", "", frozenset(), "os", (), os)


def of_account(people: Mapping[str, PersonEntry], account: str, how: How, os: str = "") -> Sayer | None:
    """Whose account this is, which a way in has proven by `how`; None where nobody in the configuration has it."""
    if not account or how == "os":
        return None
    for name, person in people.items():
        if account.casefold() in {one.casefold() for one in person.accounts}:
            return _sayer(people, name, how, os)
    return None


def of_person(people: Mapping[str, PersonEntry], person: str, how: How, os: str = "") -> Sayer | None:
    """The person of this id, whom a way in has proven by what it keeps of them (a passkey, a TOTP secret)."""
    return _sayer(people, person, how, os) if person in people and how != "os" else None


def of_alert(name: str) -> Sayer:
    """What stands for an alert of this way in where else a person stands: nobody, with no role. It says nothing to a wall."""
    return Sayer("", f"alert {name}", frozenset(), "alert", (), f"alert:{name}")


def _sayer(people: Mapping[str, PersonEntry], name: str, how: How, os: str, public: str = "") -> Sayer:
    person = people[name]
    return Sayer(name, person.name, frozenset(person.roles), how, person.accounts, os, public)


def _digest_of(kept: str, resolve: Callable[[str], str]) -> str:
    try:
        value = kept if kept.startswith("sha256:") else resolve(kept).strip()
    except BadInventory:
        return ""
    return value if value.startswith("sha256:") else digest(value)
