"""An integration's canary is given to a playbook that tries it, and to no other; one that cannot be read is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.given import asks_for_canary, given_by
from engine.registry import catalogue, registry
from inventory.integrations.model import Integration
from inventory.model import Config
from inventory.read import BadInventory, Inventory
from language import read

BOOK = """playbook: tried
title: Tried
breaks: It.
does_not: More.
inputs:
  integration: {type: integration, has: [salesforce]}
contain:
  - id: canary
    uses: salesforce.try_canary
    if: has(inputs.integration.canary)
    with: {canary: "${inputs.integration.canary}"}
"""
OTHER = (
    BOOK.partition("contain:")[0]
    + """contain:
  - {id: app, uses: salesforce.app, with: {app: "${inputs.integration.salesforce.app}"}}
"""
)


def inventory(resolve):
    config = Config.model_validate(
        {"connections": {"salesforce": {"system": "salesforce", "url": "http://x.case", "client_id": "ringfence"}}}
    )
    drift = Integration.model_validate({
        "title": "Drift", "owner": "sales", "canary": "env:CANARY",
        "footholds": [{"id": "app", "kind": "client", "at": "salesforce", "app": "Drift"}],
    })  # fmt: skip
    return Inventory(Path("ringfence.yaml"), config, {"drift": drift}, resolve, lambda url: url)


def refused(reference):
    raise BadInventory(f"secret {reference}: the environment has none")


def test_who_tries_it_asks_for_it():
    assert asks_for_canary(read(BOOK, "b.yaml", catalogue(registry())))
    assert not asks_for_canary(read(OTHER, "b.yaml", catalogue(registry())))


@pytest.mark.parametrize("book", [BOOK, OTHER])
def test_it_is_read_for_who_asks_and_kept_as_a_secret(book):
    checked, pool = read(book, "b.yaml", catalogue(registry())), {}
    given = given_by(inventory(lambda _: "made up"), pool, canary=asks_for_canary(checked))
    inputs = checked.parse_inputs({"integration": "drift"}, given)
    asked = book is BOOK
    assert [secret.reveal() for secret in pool.values()] == (["made up"] if asked else [])
    assert (inputs.integration.canary is not None) == asked
    assert "made up" not in repr(inputs)


def test_one_that_cannot_be_read_keeps_nobody_waiting():
    checked, pool = read(BOOK, "b.yaml", catalogue(registry())), {}
    inputs = checked.parse_inputs({"integration": "drift"}, given_by(inventory(refused), pool, canary=True))
    assert inputs.integration.canary is None
    assert not pool
