"""`uv run python -m tests.tested`: run the tests that say what they run against, and keep which actions they tried.

What the servers that others wrote are needed for is installed by .ci/run; without them their tests are skipped, and this
refuses to forget what they showed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.tested.table import ROOT, evidence_files, table, write


def recorded(files: list[str]) -> dict[str, list[str]]:
    """Test -> actions, of a run of these files; raises SystemExit where one of the tests fails."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "asked.json"
        plugin = ["-p", "tests.tested.recorder", "--asked-of", str(kept)]
        done = subprocess.run([sys.executable, "-m", "pytest", "-n", "0", *plugin, *files], cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        found: dict[str, list[str]] = json.loads(kept.read_text(encoding="utf-8"))
        return found


def main() -> None:
    """Run them, and write the table."""
    asked = recorded(list(evidence_files()))
    before = {test.partition("::")[0] for tests in table().values() for test in tests}
    if gone := sorted(file for file in before if not any(test.startswith(f"{file}::") for test in asked)):
        raise SystemExit(f"Nothing was recorded of {', '.join(gone)}: were they skipped? Nothing was written.")
    write(asked)


if __name__ == "__main__":
    main()
