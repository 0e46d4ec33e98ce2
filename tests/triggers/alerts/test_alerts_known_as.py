"""What real systems call a thing in alerts leads to the foothold that is declared by another name, and to no other."""

import json

import pytest
import yaml
from payloads import PAYLOADS
from sampled import UNPROVEN

from inventory.read import BadInventory, read_inventory
from triggers.alerts.acting.resolving import having
from triggers.alerts.reading import read

CONFIG = {"connections": {
    "entra": {"system": "entra", "url": "https://graph.example"},
    "crm": {"system": "salesforce", "url": "https://crm.example"},
    "code": {"system": "github", "url": "https://code.example"},
}}  # fmt: skip
WAYS = {
    "mail_reader": {"kind": "client", "at": "entra", "principal": "5e1f0000-mail", "known_as": ["app-9"]},
    "drift": {"kind": "client", "at": "crm", "app": "Drift", "known_as": ["0H4000000000001AAA"]},
    "builds": {"kind": "installation", "at": "code", "org": "corp", "installation": "1", "known_as": ["991"]},
}


def inventory(folder, ways):
    listed = {name: {"title": name, "owner": "it", "footholds": [{"id": "way", **way}]} for name, way in ways.items()}
    (folder / "integrations.yaml").write_text(yaml.safe_dump({"integrations": listed}))
    (folder / "ringfence.yaml").write_text(yaml.safe_dump(CONFIG))
    return read_inventory(folder / "ringfence.yaml")


@pytest.mark.parametrize(
    ("source", "which", "app", "whose"),
    [("microsoft-graph", "app", "app-9", "mail_reader"), ("salesforce", "row", "0H4000000000001", "drift")],
)
def test_the_id_that_an_alert_gives_leads_to_its_foothold(tmp_path, source, which, app, whose):
    raw = json.dumps(PAYLOADS[f"{source}: {which}"][1]).encode()
    (alert,) = read(source, raw, {}, provenance=UNPROVEN).alerts
    assert alert.app == app
    assert having(alert.app, inventory(tmp_path, WAYS)) == [whose]
    without = {name: {key: value for key, value in way.items() if key != "known_as"} for name, way in WAYS.items()}
    assert having(alert.app, inventory(tmp_path, without)) == []


def test_the_app_of_an_installation_leads_to_it(tmp_path):
    (alert,) = read("github", json.dumps(PAYLOADS["github: app"][1]).encode(), {}, provenance=UNPROVEN).alerts
    ways = WAYS | {"builds": WAYS["builds"] | {"known_as": [alert.app]}}
    assert alert.app
    assert having(alert.app, inventory(tmp_path, ways)) == ["builds"]


@pytest.mark.parametrize(
    "value", ["", "app", "APP-9", "app-9 ", "Drift for Salesforce", "0h4000000000001", "0H4000000000001AA"]
)
def test_nothing_like_an_id_counts(tmp_path, value):
    assert having(value, inventory(tmp_path, WAYS)) == []


def test_one_id_for_two_integrations_is_refused_with_both_places(tmp_path):
    with pytest.raises(
        BadInventory, match=r"known_as: '991' names something of '\w+' at .*integrations.yaml:\d+:\d+ too"
    ):
        inventory(tmp_path, WAYS | {"mail_reader": WAYS["mail_reader"] | {"known_as": ["991"]}})
