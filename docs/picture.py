"""Records docs/contain.svg: a real run on the practice company, on a terminal of its own. `uv run python docs/picture.py`."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 116


def record(words: list[str]) -> str:
    """What a command prints on a terminal, with its colours and without what it drew over."""
    printed = bytearray()

    def read(handle: int) -> bytes:
        data = os.read(handle, 65536)
        printed.extend(data)
        return data

    os.environ |= {"COLUMNS": str(COLUMNS), "LINES": "60", "TERM": "xterm-256color"}
    pty.spawn(words, read)
    return printed.decode(errors="replace").replace("\r\n", "\n")


def settled(printed: str) -> str:
    """The lines that stay: a live drawing moves the cursor up and erases, so whatever is erased goes."""
    kept: list[str] = []
    for line in printed.split("\n"):
        erased = line.count("\x1b[1A")
        if erased:
            del kept[max(len(kept) - erased, 0) :]
            line = line.rpartition("\x1b[2K")[2]  # noqa: PLW2901
        kept.append(line.replace("\x1b[?25l", "").replace("\x1b[?25h", "").rpartition("\r")[2])
    return "\n".join(kept)


def main() -> None:
    """Run it, and write the picture beside this file."""
    command = "ringfence contain stolen_oauth_tokens --sandbox --yes"
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="ringfence-") as home:
        os.environ |= {"RINGFENCE_HOME": home}
        ringfence = [sys.executable, "-m", "triggers.cli.main"]
        printed = settled(record([*ringfence, *command.split()[1:]]))
        for ending in ("sandbox", "prefect"):
            record([*ringfence, ending, "down"])
        printed = printed.replace(home, ".ringfence")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ uv run {command}", style="bold"))
    console.print(Text.from_ansi(printed.strip()))
    drawn = re.sub(
        r"@font-face \{.*?\}", "", console.export_svg(title="ringfence"), flags=re.DOTALL
    )  # no foreign fonts
    Path(__file__).with_name("contain.svg").write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()
