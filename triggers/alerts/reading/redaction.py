"""Takes secrets out of a payload before anything of it is hashed, kept or shown: what an issuer's scanner found, for one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

GONE = "[redacted]"
_KEYS = frozenset(
    {
        "secret", "clientsecret", "apisecret", "token", "accesstoken", "refreshtoken", "idtoken", "authtoken",
        "bearertoken", "sessiontoken", "securitytoken", "password", "passwd", "passphrase", "privatekey", "apikey",
        "authorization", "cookie", "setcookie", "secretaccesskey", "secretkey", "clientstate", "deletetoken",
        "statetoken", "unsubscribeurl", "subscribeurl", "receipthandle",
    }
)  # fmt: skip
"""Keys, without case and marks, whose text is a secret. An id of a token (token_id, hashed_token) is none."""
_FORMS = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abeprs]-[\w-]{8,}|xapp-[\w-]{8,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*KEY-----|\Z)"
    r"|glpat-[\w-]{20}|[sr]k_live_\w{16,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|whsec_[\w+/=]{16,}|npm_[A-Za-z0-9]{36}"
    r"|(?:(?<=stateToken=)|(?<=access_token=)|(?<=refresh_token=)|(?<=[?&]token=))[^&\s\"']{6,}"
)


def redacted(value: Any) -> Any:
    """Give a parsed payload without its secrets; texts that hold JSON are left JSON. As deep as what it is given."""
    return _walk(value, without_secrets)


def _walk(value: Any, text: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_walk(one, text) for one in value]
    if isinstance(value, dict):
        return {
            key: GONE if isinstance(one, str) and one and _named(key) else _walk(one, text)
            for key, one in value.items()
        }
    return value


def _named(key: str) -> bool:
    return len(key) < 40 and re.sub(r"[^a-z]", "", key.lower()) in _KEYS


def without_secrets(text: str) -> str:
    """Take out of a text what looks like a secret, by the forms of those who issue them."""
    return _FORMS.sub(GONE, text)
