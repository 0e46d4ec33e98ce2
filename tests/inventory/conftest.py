from __future__ import annotations

import pytest

from inventory.discovery.shelf import Shelf
from journal.db.open import open_database


@pytest.fixture
def shelf(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'journal.db'}")
    yield Shelf(database)
    database.engine.dispose()
