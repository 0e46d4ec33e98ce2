"""The kinds of foothold, and which families close each."""

from __future__ import annotations

from connectors.core.model import Family

_NEEDS: dict[str, frozenset[Family]] = {
    "client": frozenset({"blocks-reissue", "kills-refresh", "kills-access"}),
    "user": frozenset({"blocks-reissue", "ends-sessions"}),
    "app": frozenset({"blocks-reissue", "kills-access"}),
    "path": frozenset({"closes-path"}),
    "webhook": frozenset({"closes-path"}),
    "key": frozenset({"kills-access"}),
    "token": frozenset({"kills-access"}),
    "role": frozenset({"blocks-reissue", "kills-access"}),
    "principal": frozenset({"blocks-reissue", "kills-access"}),
    "installation": frozenset({"blocks-reissue", "kills-access"}),
    "database_role": frozenset({"blocks-reissue", "ends-sessions"}),
    "sso": frozenset({"blocks-reissue", "ends-sessions"}),
}
KINDS = tuple(sorted(_NEEDS))
"""Every kind of foothold."""


def needs_of(kind: str) -> frozenset[Family]:
    """The families that close a foothold of this kind; LookupError names the kinds there are."""
    try:
        return _NEEDS[kind]
    except KeyError:
        raise LookupError(f"no foothold kind {kind!r}; there are {', '.join(KINDS)}") from None
