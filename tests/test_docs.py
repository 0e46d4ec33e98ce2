"""What the documents show works as it stands there: playbooks lint, configurations are read, commands exist."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from engine.registry import catalogue, registry
from inventory.integrations.model import Integrations
from inventory.model import Config
from inventory.read import parse
from language import read
from triggers.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/playbooks.md")
COMMAND = re.compile(r"^(?:[A-Z_0-9]+=\S+ )*(?:uv run )?ringfence ([a-z-]+)", re.MULTILINE)


def _shown(document, begins):
    parts = [part.partition("```")[0] for part in (ROOT / document).read_text().split("```yaml\n")[1:]]
    found = [part for part in parts if part.startswith(begins)]
    assert found, f"{document} shows nothing that begins with {begins}"
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_playbooks_in_the_documents_lint(document):
    for text in _shown(document, "playbook:"):
        read(text, document, catalogue(registry()))


def test_the_readmes_configuration_is_read():
    (config,) = _shown("README.md", "connections:")
    found = parse(config, "ringfence.yaml", Config)
    assert set(found.people) == {"ana", "ben", "cleo"}
    (listed,) = _shown("README.md", "integrations:\n")
    assert parse(listed, "integrations.yaml", Integrations).integrations


def test_every_command_in_the_readme_exists():
    known = {name for _, commands in COMMANDS for name, _, _ in commands}
    shown = COMMAND.findall((ROOT / "README.md").read_text())
    assert len(shown) > 15
    assert set(shown) <= known


def test_the_page_on_connectors_is_what_the_connectors_say():
    page = runpy.run_path(str(ROOT / "docs" / "connectors.py"))["page"]
    assert (ROOT / "docs" / "connectors.md").read_text() == page(), "`uv run python docs/connectors.py` writes it"


def test_every_key_of_a_step_is_in_the_page_on_the_language():
    from language.model import STEP_KEYS

    page = (ROOT / "docs" / "playbooks.md").read_text()
    keys = {key for kind in STEP_KEYS.values() for key in kind}
    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
