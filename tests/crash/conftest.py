from __future__ import annotations

from pathlib import Path

import pytest

from tests.endtoend.conftest import House

EVERY_KIND = Path(__file__).with_name("every_kind.yaml")


@pytest.fixture
def house(tmp_path):
    mine = House(tmp_path)
    yield mine
    mine.end()
