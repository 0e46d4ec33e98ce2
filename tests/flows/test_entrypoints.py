"""Where flows are loaded from: a second copy of a module, or a package of the same name from elsewhere, is two registries and two truths."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

from flows import settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
PACKAGES = sorted(p.parent.name for p in ROOT.glob("*/__init__.py") if p.parent.name != "tests")


@pytest.mark.parametrize("deployment", DEPLOYED["deployments"], ids=lambda d: d["name"])
def test_every_entrypoint_is_a_module_and_names_a_flow(deployment, tmp_path):
    settings.load(tmp_path)  # prefect is never imported without our settings, not even here
    from prefect import Flow

    entrypoint = deployment["entrypoint"]
    assert ":" not in entrypoint
    assert "/" not in entrypoint
    module, _, name = entrypoint.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    assert isinstance(found, Flow)
    assert list(found.parameters.properties) == ["run"]


def test_workers_use_their_own_checkout_and_clone_nothing():
    (step,) = DEPLOYED["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "{{ $RINGFENCE_CHECKOUT }}"}}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_comes_from_this_checkout(package):
    assert Path(importlib.import_module(package).__file__).resolve().is_relative_to(ROOT)
