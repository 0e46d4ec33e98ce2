"""The company's chat: an incoming webhook that answers "ok" in plain text, and the channel that a person reads."""

from __future__ import annotations

from sandbox.ask import Answer, Ask, Handler, Refuse
from sandbox.things import same, utc_now
from sandbox.world import World


def post(world: World, ask: Ask) -> Answer:
    """Post a message; whoever knows the hook's address may."""
    if not same(ask.params["hook"], world.keys["chat_hook"]):
        raise Refuse(404, "no such hook")
    text = ask.json().get("text")
    if not isinstance(text, str) or not text:
        raise Refuse(422, "text is a string that is not empty")
    return Answer(body="ok", effect=lambda: world.say(text, utc_now()))


def messages(world: World, ask: Ask) -> Answer:
    """Show the channel, oldest first."""
    if ask.who != "person":
        raise Refuse(401, "a valid credential is missing", {"WWW-Authenticate": 'Bearer realm="practice"'})
    return Answer(body={"items": list(world.messages)})


ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", "/chat/hooks/{hook}", post),
    ("GET", "/chat/messages", messages),
]
