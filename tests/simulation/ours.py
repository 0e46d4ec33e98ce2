"""What is ours in the simulation: connections, one integration, and the playbook that comes with ringfence."""

from functools import cache
from pathlib import Path

from engine.opening import ROLES
from engine.registry import catalogue, registry
from inventory.integrations.model import Integration
from inventory.model import Config
from inventory.read import Inventory
from language import read
from tests.simulation.net import secret_of
from tests.simulation.world import CLIENT, PATH, USER, VENDOR

PLAYBOOK = Path(__file__).resolve().parents[2] / "playbooks" / "stolen_oauth_tokens.yaml"


@cache
def inventory():
    systems = {"practice_idp": "idp", "practice_crm": "crm", "practice_firewall": "firewall", "notify": "chat"}
    config = Config.model_validate({
        "connections": {
            name: {"system": name, "url": f"http://{host}.practice", "secret": f"env:{host}"}
            for name, host in systems.items()
        }
    })  # fmt: skip
    drift = Integration.model_validate({
        "title": "Drift", "owner": "sales-ops", "addresses": list(VENDOR),
        "footholds": [
            {"id": "client", "kind": "client", "at": "practice_idp", "client": CLIENT},
            {"id": "run_as", "kind": "user", "at": "practice_crm", "user": USER},
            {"id": "api_path", "kind": "path", "at": "practice_firewall", "path": PATH},
        ],
    })  # fmt: skip
    return Inventory(Path("/ringfence.yaml"), config, {"drift": drift}, secret_of, lambda url: url)


@cache
def playbook():
    names = {"connections": frozenset(inventory().config.connections), "roles": ROLES}
    return read(PLAYBOOK.read_text(), PLAYBOOK.name, catalogue(registry(), names))
