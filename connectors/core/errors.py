"""What can go wrong between us and a provider, named by what happens next.

Each error has two faces: `str(error)` is the sentence for the operator (what was tried, on what, what came back, what
to do next); `error.code` is the word for logs, the journal and metrics. Neither ever holds a secret.

    ConnectorError
    ├── NotAllowed   our credential may not: names the permission
    ├── Impossible   the goal cannot be reached from the state that was seen
    ├── Busy         asked to wait, longer than we were willing to
    ├── Unseen       404: gone, or hidden from our credential; the engine decides which
    ├── Unreachable  no answer to a read
    └── Unexpected   an answer that is not in the connector's table: a person must look
"""

from __future__ import annotations


class ConnectorError(Exception):
    """The base of all of them."""

    code = "error"

    def __init__(self, tried: str, came_back: str, todo: str) -> None:
        """`tried` names the request and its target, `came_back` the answer, `todo` the operator's next move."""
        self.tried, self.came_back, self.todo = tried, came_back, todo
        super().__init__(f"{tried}: {came_back}. {todo}")


class NotAllowed(ConnectorError):
    """The provider turned our credential away."""

    code = "not-allowed"


class Impossible(ConnectorError):
    """The state that was seen does not lead to the goal."""

    code = "impossible"


class Busy(ConnectorError):
    """The provider asked to wait for longer than a read waits."""

    code = "busy"


class Unseen(ConnectorError):
    """Not found: gone, or hidden. Only the engine knows whether this run saw the target before."""

    code = "unseen"


class Unreachable(ConnectorError):
    """No connection, or no answer to a read, within the patience of a read."""

    code = "unreachable"


class Unexpected(ConnectorError):
    """A status or a body that the connector's author did not know."""

    code = "unexpected"


UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What Python raises where an answer lacks a field, or holds something else in its place."""


def unreadable(name: str, error: Exception) -> Unexpected:
    """The error for an answer of another shape: which requirement it did not keep, never what it said: that may be anything."""
    told = getattr(error, "errors", None)  # pydantic's: a field and its requirement each
    kept = [
        f"{'.'.join(map(str, one['loc'])) or 'it'}: {str(one['msg']).removeprefix('Value error, ')}"
        for one in (told(include_url=False, include_input=False, include_context=False) if callable(told) else ())
    ]
    why = "; ".join(kept[:3]) or type(error).__name__
    came = f"an answer of another shape than this look knows ({why})"
    return Unexpected(name, came, "A person must look: has the provider's API changed, or is this the wrong URL?")
