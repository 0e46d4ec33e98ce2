"""What the language learns of the connectors, and which step works on which foothold."""

from connectors.core import Params, Secret
from engine.bound import foothold_of
from engine.registry import catalogue, item_of, registry
from inventory.model import FootholdEntry


class Client(Params):
    client: str


class Token(Params):
    token: Secret


def entry(name, at, **names):
    return FootholdEntry(id=name, kind="client", at=at, **names)


def test_every_action_find_and_look_is_in_the_catalogue():
    found = catalogue(registry())
    assert {"practice_idp.disable_client", "practice_idp.tokens", "oauth.token", "notify.message"} <= set(found.entries)
    assert found.entries["practice_idp.revoke_token"].undoable is False
    assert found.entries["notify.message"].undoable is True, "a message is neither hold nor cut"


def test_an_item_shows_what_names_it_and_what_was_seen_but_nothing_sealed():
    find = registry().finds["practice_idp.tokens"]
    seen = find.of.state(active=True, user="u1")
    item = item_of(find, find.of.params(token="tk_1"), seen)
    assert (item.token, item.user, item.active) == ("tk_1", "u1", True)


def test_a_step_belongs_to_the_foothold_that_it_names():
    here = [entry("a", "idp", client="one"), entry("b", "idp", client="two"), entry("c", "crm", client="one")]
    assert foothold_of(here, "idp", [Client(client="two")]).id == "b"
    assert foothold_of(here, "idp", [Client(client="three")]) is None


def test_a_given_list_belongs_to_the_only_foothold_there_or_to_none():
    token = Token(token=Secret("t" * 30))
    assert foothold_of([entry("a", "idp", client="one")], "idp", [token]).id == "a"
    assert foothold_of([entry("a", "idp", client="one"), entry("b", "idp", client="two")], "idp", [token]) is None
