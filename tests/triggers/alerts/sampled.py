"""Real payloads that others wrote, where they lie beside the checkout, and what is expected of each."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import yaml

from engine.alert import Provenance
from triggers.alerts.reading import Reading, read

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"
EXPECTED = Path(__file__).parent / "expected"
UNPROVEN = Provenance(verified=False, scheme="none", received_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def expected() -> dict[str, dict]:
    """What is expected of each file, by folder and name."""
    found = {}
    for file in sorted(EXPECTED.glob("*.yaml")):
        for name, said in yaml.safe_load(file.read_text()).items():
            found[f"{file.stem}/{name}"] = said
    return found


def there() -> list[str]:
    """Every sample by folder and name; none where they do not lie beside the checkout."""
    return sorted(f"{file.parent.name}/{file.name}" for file in SAMPLES.glob("*/*.json"))


def reading(source: str, raw: bytes, headers: dict[str, str] | None = None) -> Reading:
    return read(source, raw, headers, provenance=UNPROVEN)
