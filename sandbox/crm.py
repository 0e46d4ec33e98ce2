"""The company's CRM: customer records behind tokens and sessions, and the administration of users and sessions.

Freezing a user lags and leaves his open sessions alive; ending a session is immediate.
"""

from __future__ import annotations

from typing import Any

from sandbox.ask import Answer, Ask, Handler, Refuse, admit
from sandbox.seed import CRM_PATH
from sandbox.things import Session, User, rfc3339, same
from sandbox.world import World

RECORDS = [{"id": f"acc_{n:04d}", "name": f"Customer {n}", "owner": f"user{n % 41 + 1:02d}"} for n in range(1, 201)]


def records(world: World, ask: Ask) -> Answer:
    """Give out records to an allowed address that shows a live access token (RFC 6750) or a live session."""
    if not world.paths[CRM_PATH].rule.now().allows(ask.address):
        raise Refuse(403, f"this address may not pass {CRM_PATH}")
    scheme, credential = ask.credential()
    if scheme == "session":
        session = world.session_of(credential)
        if session is None or not session.alive:
            raise Refuse(401, "this session is not alive")
    else:
        token = world.token_of(credential) if scheme == "bearer" else None
        if token is None or token.kind != "access" or not token.active:
            header = 'Bearer realm="practice", error="invalid_token"' if credential else 'Bearer realm="practice"'
            raise Refuse(401, "this token is not active", {"WWW-Authenticate": header})
        token.use(ask.address)
    return Answer(body={"items": RECORDS[: ask.number("limit", 10, 200)]}, reads=True)


def login(world: World, ask: Ask) -> Answer:
    """Open a session, unless the user is frozen."""
    body = ask.json()
    name, password = body.get("user"), body.get("password")
    if not isinstance(name, str) or not isinstance(password, str):
        raise Refuse(422, "user and password are strings")
    user = world.users.get(name)
    if user is None or not same(password, user.password) or user.frozen.now():
        raise Refuse(401, "this user cannot log in with that")
    session = world.add_session(name, ask.address)
    return Answer(body={"session": session.secret, "id": session.id})


def find_user(world: World, ask: Ask) -> User:
    """Find the user that the request names."""
    admit(world, ask, "crm_key")
    user = world.users.get(ask.params["user"])
    if user is None:
        raise Refuse(404, "no such user")
    return user


def read_user(world: World, ask: Ask) -> Answer:
    """Show a user as he is now."""
    user = find_user(world, ask)
    frozen = user.frozen.look(ours=ask.ours)
    return Answer(body={"user": user.name, "frozen": frozen, "version": user.frozen.version})


def write_frozen(world: World, ask: Ask) -> Answer:
    """Freeze or unfreeze a user."""
    user = find_user(world, ask)
    frozen = ask.json().get("frozen")
    if not isinstance(frozen, bool):
        raise Refuse(422, "frozen is true or false")
    return Answer(body={"ok": True}, effect=lambda: user.frozen.change(frozen, world.options.lag_s))


def show(session: Session) -> dict[str, Any]:
    """Show a session without its secret."""
    started = rfc3339(session.started)
    return {
        "id": session.id,
        "user": session.user,
        "started": started,
        "address": session.address,
        "alive": session.alive,
    }


def sessions(world: World, ask: Ask) -> Answer:
    """List a user's live sessions, a page at a time, in the order of their ids."""
    user = find_user(world, ask)
    found, after = world.live_sessions(user.name, ask.query.get("after", ""), ask.number("limit", 100, 500))
    return Answer(body={"items": [show(session) for session in found], "next": after})


def find_session(world: World, ask: Ask) -> Session:
    """Find the session that the request names by its public id."""
    admit(world, ask, "crm_key")
    session = world.sessions.get(ask.params["session"])
    if session is None:
        raise Refuse(404, "no such session")
    return session


def read_session(world: World, ask: Ask) -> Answer:
    """Show one session, alive or not."""
    return Answer(body=show(find_session(world, ask)))


def end_session(world: World, ask: Ask) -> Answer:
    """End a session at once; ending a dead one is no error."""
    session = find_session(world, ask)

    def end() -> None:
        session.alive = False

    return Answer(status=204, effect=end)


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/crm/records", records),
    ("POST", "/crm/login", login),
    ("GET", "/crm/users/{user}", read_user),
    ("PUT", "/crm/users/{user}/frozen", write_frozen),
    ("GET", "/crm/users/{user}/sessions", sessions),
    ("GET", "/crm/sessions/{session}", read_session),
    ("DELETE", "/crm/sessions/{session}", end_session),
]
