"""The company's CRM: customer records behind tokens, sessions and API keys, and the administration of all that opens them.

Freezing a user lags and leaves his open sessions alive; ending a session is immediate; switching a key or a webhook lags.
A frozen user's key goes on reading, and so does one whose client is off: it asks nobody.
"""

from __future__ import annotations

from typing import Any

from sandbox.ask import Answer, Ask, Handler, Refuse, admit, named, own_key, page
from sandbox.seed import CRM_PATH
from sandbox.things import Key, Session, User, Webhook, rfc3339, same
from sandbox.world import World

RECORDS = [{"id": f"acc_{n:04d}", "name": f"Customer {n}", "owner": f"user{n % 41 + 1:02d}"} for n in range(1, 201)]


def records(world: World, ask: Ask) -> Answer:
    """Give out records to a live access token (RFC 6750) or session from an allowed address, and to an API key from anywhere.

    The firewall's path leads to what OAuth and logins open. Keys are for batch jobs, which the CRM serves at its public
    front: no rule of the company's own stands before that, so only the key itself can be closed.
    """
    scheme, credential = ask.credential()
    if scheme == "key":
        key = world.key_of(credential)
        if key is None or not key.enabled.now():
            raise Refuse(401, "this key is not active")
        key.use(ask.address)
        return Answer(body={"items": RECORDS[: ask.number("limit", 10, 200)]}, reads=True)
    if not world.paths[CRM_PATH].rule.now().allows(ask.address):
        raise Refuse(403, f"this address may not pass {CRM_PATH}")
    if scheme == "session":
        session = world.session_of(credential)
        if session is None or not session.alive:
            raise Refuse(401, "this session is not alive")
    else:
        token = world.token_of(credential) if scheme == "bearer" else None
        if token is None or token.kind != "access" or not token.active:
            header = 'Bearer realm="practice", error="invalid_token"' if credential else 'Bearer realm="practice"'
            raise Refuse(401, "this token is not active", {"WWW-Authenticate": header})
        world.use_token(token, ask.address)
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
    return named(world, ask, "crm_key", "user", world.users)


def show_user(user: User, ask: Ask) -> dict[str, Any]:
    """Show a user without his password."""
    frozen = user.frozen.look(ours=ask.ours)
    return {"user": user.name, "frozen": frozen, "version": user.frozen.version, "app": user.app}


def users(world: World, ask: Ask) -> Answer:
    """List users, all or of one kind: service users, as which apps work, or people."""
    admit(world, ask, "crm_key")
    kind = ask.query.get("kind", "")
    if kind not in {"", "service", "person"}:
        raise Refuse(422, "kind is service or person")
    ids, after = page(ask, [u.name for u in world.users.values() if kind in {"", "service" if u.app else "person"}])
    return Answer(body={"items": [show_user(world.users[each], ask) for each in ids], "next": after})


def read_user(world: World, ask: Ask) -> Answer:
    """Show a user as he is now."""
    return Answer(body=show_user(find_user(world, ask), ask))


def write_frozen(world: World, ask: Ask) -> Answer:
    """Freeze or unfreeze a user."""
    user = find_user(world, ask)
    frozen = ask.flag("frozen")
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
    return named(world, ask, "crm_key", "session", world.sessions)


def read_session(world: World, ask: Ask) -> Answer:
    """Show one session, alive or not."""
    return Answer(body=show(find_session(world, ask)))


def end_session(world: World, ask: Ask) -> Answer:
    """End a session at once; ending a dead one is no error."""
    session = find_session(world, ask)

    def end() -> None:
        session.alive = False

    return Answer(status=204, effect=end)


def show_key(key: Key, ask: Ask) -> dict[str, Any]:
    """Show an API key without the key itself."""
    return {
        "id": key.id,
        "name": key.name,
        "app": key.app,
        "owner": key.owner,
        "scopes": key.scopes,
        "enabled": key.enabled.look(ours=ask.ours),
        "version": key.enabled.version,
        "created": rfc3339(key.created),
        "used_at": rfc3339(key.used_at),
        "used_from": key.used_from,
    }


def keys(world: World, ask: Ask) -> Answer:
    """List the API keys, a page at a time, in the order of their ids."""
    admit(world, ask, "crm_key")
    ids, after = page(ask, world.api_keys)
    return Answer(body={"items": [show_key(world.api_keys[each], ask) for each in ids], "next": after})


def find_key(world: World, ask: Ask) -> Key:
    """Find the API key that the request names by its public id."""
    return named(world, ask, "crm_key", "key", world.api_keys)


def read_key(world: World, ask: Ask) -> Answer:
    """Show one API key, on or off."""
    return Answer(body=show_key(find_key(world, ask), ask))


def write_key_enabled(world: World, ask: Ask) -> Answer:
    """Switch an API key off or on; the key itself stays the same."""
    key = find_key(world, ask)
    enabled = ask.flag("enabled")
    return Answer(body={"ok": True}, effect=lambda: key.enabled.change(enabled, world.options.lag_s))


def show_webhook(webhook: Webhook, ask: Ask) -> dict[str, Any]:
    """Show a webhook: of where it leads only the host, as the path of such an address is often a secret."""
    return {
        "id": webhook.id,
        "name": webhook.name,
        "app": webhook.app,
        "host": webhook.host,
        "events": webhook.events,
        "enabled": webhook.enabled.look(ours=ask.ours),
        "version": webhook.enabled.version,
        "created": rfc3339(webhook.created),
    }


def webhooks(world: World, ask: Ask) -> Answer:
    """List the webhooks, a page at a time, in the order of their ids."""
    admit(world, ask, "crm_key")
    ids, after = page(ask, world.webhooks)
    return Answer(body={"items": [show_webhook(world.webhooks[each], ask) for each in ids], "next": after})


def find_webhook(world: World, ask: Ask) -> Webhook:
    """Find the webhook that the request names."""
    return named(world, ask, "crm_key", "webhook", world.webhooks)


def read_webhook(world: World, ask: Ask) -> Answer:
    """Show one webhook, on or off."""
    return Answer(body=show_webhook(find_webhook(world, ask), ask))


def write_webhook_enabled(world: World, ask: Ask) -> Answer:
    """Switch a webhook off or on."""
    webhook = find_webhook(world, ask)
    enabled = ask.flag("enabled")
    return Answer(body={"ok": True}, effect=lambda: webhook.enabled.change(enabled, world.options.lag_s))


MAY = (
    "crm.keys.manage",
    "crm.keys.read",
    "crm.sessions.manage",
    "crm.sessions.read",
    "crm.users.manage",
    "crm.users.read",
    "crm.webhooks.manage",
    "crm.webhooks.read",
)
"""What the company's own key may do here."""

ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/crm/me", own_key("crm_key", *MAY)),
    ("GET", "/crm/records", records),
    ("POST", "/crm/login", login),
    ("GET", "/crm/users", users),
    ("GET", "/crm/users/{user}", read_user),
    ("PUT", "/crm/users/{user}/frozen", write_frozen),
    ("GET", "/crm/users/{user}/sessions", sessions),
    ("GET", "/crm/sessions/{session}", read_session),
    ("DELETE", "/crm/sessions/{session}", end_session),
    ("GET", "/crm/keys", keys),
    ("GET", "/crm/keys/{key}", read_key),
    ("PUT", "/crm/keys/{key}/enabled", write_key_enabled),
    ("GET", "/crm/webhooks", webhooks),
    ("GET", "/crm/webhooks/{webhook}", read_webhook),
    ("PUT", "/crm/webhooks/{webhook}/enabled", write_webhook_enabled),
]
