"""Takes secrets out of a payload before anything of it is hashed, kept or shown: what an issuer's scanner found, for one."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any

from triggers.alerts.reading.body import inner

GONE = "[redacted]"
_SHORT = 12
"""Characters that no secret's form is shorter than."""
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
    """Give a parsed payload without its secrets; a text that holds JSON is looked into, and stays one."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [redacted(one) for one in value]
    if isinstance(value, dict):
        return {
            key: (GONE if one and _named(key) else _text(one)) if isinstance(one, str) else redacted(one)
            for key, one in value.items()
        }
    return value


def _text(text: str) -> str:
    if len(text) > _SHORT and text[0] in "{[ \n\t" and isinstance(inside := inner(text), dict | list):
        return json.dumps(redacted(inside))
    return without_secrets(text)


def _named(key: str) -> bool:
    return len(key) < 40 and _letters(key) in _KEYS


@lru_cache(4_000)
def _letters(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


def without_secrets(text: str) -> str:
    """Take out of a text what looks like a secret, by the forms of those who issue them."""
    return _FORMS.sub(GONE, text) if len(text) >= _SHORT else text
