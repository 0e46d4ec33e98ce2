"""Takes the text of a playbook from a file, whatever lies there: its size is asked before it is read."""

from pathlib import Path

from language.errors import Place, Report
from language.source import LARGEST_FILE

_WIDEST = 4
"""Bytes that one character may have in UTF-8."""


def text_of(file: Path, what: str = "playbook") -> str:
    """Read the text of a playbook, or of what else it is. Raises BadPlaybook: where it is no text, or why it cannot be read."""
    report = Report(str(file))
    start = Place(1, 1)
    most = LARGEST_FILE * _WIDEST
    data = b""
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        report.add("file", start, f"cannot be read: {error.strerror}")
    if len(data) > most:
        report.add("too_large", start, f"a {what} has at most {LARGEST_FILE:,} characters: this is no {what}")
    report.settle()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        report.add("encoding", Place(line, column), f"byte 0x{data[error.start]:02X} is not UTF-8: save it as UTF-8")
        report.settle()
        raise
