"""What playbooks may name: macros beside the connectors' own, ids as input types, the company itself, alerts."""

from typing import NewType

import pytest
from pydantic import ValidationError

from connectors.core import Connector, Params, Rate, Reader, State
from engine.alert import Alert
from engine.registry import catalogue, registry, registry_of
from inventory.model import Config, Org
from inventory.read import BadInventory, parse

FOUND = catalogue(registry())


@pytest.mark.parametrize("layer", ["identity", "application", "network", "data"])
def test_there_is_a_macro_for_each_layer(layer):
    entry = FOUND.entries[f"isolate.{layer}"]
    assert (entry.kind, entry.layer, entry.needs_integration, entry.undoable) == ("macro", layer, True, True)
    assert set(entry.output.model_fields) == {"principals", "footholds"}
    assert not entry.params.model_fields
    assert layer in entry.doc


def test_a_message_is_no_action():
    assert FOUND.entries["notify.message"].kind == "message"
    assert FOUND.entries["practice_idp.revoke_token"].kind == "action"
    assert not FOUND.entries["practice_idp.revoke_token"].undoable


def test_ids_of_connectors_are_types_of_inputs():
    UserId = NewType("UserId", str)

    class User(Params):
        user: UserId

    class Seen(State):
        on: bool

    system = Connector("someone", rate=Rate(1), meaning={})

    @system.look(permission="p")
    async def user(read: Reader, p: User) -> Seen:
        """One user."""
        raise NotImplementedError

    assert user.name == "someone.user"
    assert catalogue(registry_of({"someone": system})).input_types == {"someone.user": UserId}


def test_the_company_is_configured():
    text = "connections:\n  a: {system: practice_idp, url: 'https://a.example'}\norg: {addresses: [192.0.2.0/24]}\n"
    assert parse(text, "ringfence.yaml", Config).org == Org(addresses=("192.0.2.0/24",))
    with pytest.raises(BadInventory, match="unknown key 'adresses', did you mean 'addresses'"):
        parse(text.replace("{addresses", "{adresses"), "ringfence.yaml", Config)
    assert FOUND.org is Org


def test_an_alert_holds_only_what_it_should():
    with pytest.raises(ValidationError):
        Alert(source="okta", source_alert_id="1", dedupe_key="k", type="t", title="x", severity=101, provenance={})
    assert "secret" not in " ".join(Alert.model_fields)
    assert FOUND.alert is Alert
