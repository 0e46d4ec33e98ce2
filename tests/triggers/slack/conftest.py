"""Slack's side of the tests: stories of runs that the tests of reports tell too, and screens as a person reads them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "reports"))
