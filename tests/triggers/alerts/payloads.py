"""Payloads of our own, one or more a source, with all that the source's file reads: `NAME: (source, payload)`.

Each source has its file `payloads_SOURCE.json` beside this one: `{name: payload}`.
"""

from __future__ import annotations

import json
from pathlib import Path

PAYLOADS = {
    f"{file.stem.removeprefix('payloads_')}: {name}": (file.stem.removeprefix("payloads_"), payload)
    for file in sorted(Path(__file__).parent.glob("payloads_*.json"))
    for name, payload in json.loads(file.read_text()).items()
}
