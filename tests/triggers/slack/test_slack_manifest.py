"""The manifest asks for what is used and nothing else, and everything that is used is in it."""

import ast
from pathlib import Path

import yaml

from triggers.slack.listening import COMMAND, SHORTCUT
from triggers.slack.methods import BESIDE, METHODS
from triggers.slack.typed import VERBS

ROOT = Path(__file__).resolve().parents[3]
MANIFEST = yaml.safe_load((ROOT / "slack-manifest.yaml").read_text(encoding="utf-8"))
SCOPES = {
    "auth.test": set(), "chat.postEphemeral": {"chat:write"}, "chat.postMessage": {"chat:write"}, "chat.update": {"chat:write"},
    "conversations.info": {"groups:read"}, "conversations.members": {"groups:read"},
    "users.info": {"users:read", "users:read.email"}, "views.open": set(), "views.update": set(),
}  # fmt: skip
"""What docs.slack.dev says that each method needs for a private channel (users.info: the second for addresses)."""


def called():
    """Every method that our code calls: the first argument of each `.call(...)` below triggers/slack."""
    found = set()
    for file in (ROOT / "triggers/slack").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"call", "_call"}
            ):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(first.value)
                else:
                    assert isinstance(first, ast.Name), f"{file}: a method that nobody can read off"
    return found


def test_every_method_that_is_called_has_its_scope_and_every_scope_its_method():
    assert called() == set(METHODS) == set(SCOPES)
    assert {name: set(scopes) for name, scopes in METHODS.items()} == SCOPES
    asked = set(MANIFEST["oauth_config"]["scopes"]["bot"])
    assert asked == set().union(*METHODS.values()) | BESIDE
    assert "user" not in MANIFEST["oauth_config"]["scopes"], "no token of a person"


def test_it_has_the_command_and_the_shortcut_that_are_listened_to():
    (command,) = MANIFEST["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is True
    assert {word for word in VERBS if word in command["usage_hint"]} == set(VERBS)
    assert [one["callback_id"] for one in MANIFEST["features"]["shortcuts"]] == [SHORTCUT]


def test_it_listens_to_no_message():
    settings = MANIFEST["settings"]
    assert "event_subscriptions" not in settings
    assert settings["socket_mode_enabled"] is True
    assert not [scope for scope in MANIFEST["oauth_config"]["scopes"]["bot"] if "history" in scope]
