"""What was measured as text, and as the table of docs/performance.md."""

from __future__ import annotations

from typing import Any

from benchmarks.place import ROOT

PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- written by benchmarks.journal --write-docs -->", "<!-- end -->"

BARS = (
    ("effects_vs_bare", "each target looked at, engine : bare client, same requests", "at most", 1.5, "{:.2f}"),
    ("listing_vs_bare", "by listing, engine : bare client, same requests", "at most", 2.0, "{:.2f}"),
    ("listing_vs_looking", "by listing : each looked at, in seconds", "at most", 1.0, "{:.2f}"),
    ("checkpoint_vs_dbos", "added by a DBOS step an item : by our journal", "at least", 10.0, "{:.1f}"),
    ("checkpoint_vs_prefect", "added by a Prefect persisted task an item : by our journal", "at least", 20.0, "{:.1f}"),
    ("engine_vs_dbos", "added by a DBOS step an item : by our whole engine", "", 0.0, "{:.1f}"),
    ("engine_vs_prefect", "added by a Prefect persisted task an item : by our whole engine", "", 0.0, "{:.1f}"),
    ("append_1m_vs_10k", "an append at 1,000,000 events : at 10,000", "at most", 1.3, "{:.2f}"),
    ("replay_10k_s", "replay of 10,000 effects, seconds", "at most", 1.0, "{:.2f}"),
    ("verify_per_s", "verify, events a second", "at least", 30_000.0, "{:,.0f}"),
    ("appends_per_s", "appends a second, one event each, 50 in flight", "", 0.0, "{:,.0f}"),
)


def verdict(found: dict[str, Any], key: str, sense: str, bar: float) -> str:
    """Whether a bar was reached."""
    if found[key] is None or not sense:
        return ""
    return "yes" if (found[key] <= bar if sense == "at most" else found[key] >= bar) else "no"


def lines(found: dict[str, Any]) -> list[list[str]]:
    """What was measured, against its bar."""
    why = {f"checkpoint_vs_{peer['peer']}": peer.get("why", "") for peer in found["peers"]}
    return [
        [what, why.get(key, "") if found[key] is None else form.format(found[key]),
         f"{sense} {form.format(bar)}" if sense else "", verdict(found, key, sense, bar)]
        for key, what, sense, bar, form in BARS
    ]  # fmt: skip


def details(found: dict[str, Any]) -> list[list[str]]:
    """What the ratios are made of."""
    rows = []
    for row in found["rows"]:
        way = "each looked at" if row["way"] == "each" else "by listing"
        rows.append([
            f"engine, {row['effects']:,} effects {way}", f"{row['looks']:,} + {row['sends']:,}",
            f"{row['seconds']:.2f}", f"{row['bare_seconds']:.2f}", f"{row['ratio']:.2f}", f"{row['added_us']:.0f}",
        ])  # fmt: skip
    for peer in found["peers"]:
        if "why" not in peer:
            name = {"journal": "our journal alone, three events", "dbos": "DBOS, a step"}.get(
                peer["peer"], "Prefect, a persisted task"
            )
            rows.append([
                f"{name} an item, {peer['items']:,} items", f"{2 * peer['items']:,} + {peer['items']:,}",
                f"{peer['seconds']:.2f}", f"{peer['bare']:.2f}", f"{peer['ratio']:.2f}", f"{peer['added_us']:.0f}",
            ])  # fmt: skip
    return rows


HEADS = (
    ("what", "measured", "bar", "reached"),
    ("what", "looks + sends", "s", "bare client, s", "ratio", "added an effect, µs"),
)


def text(found: dict[str, Any]) -> str:
    """Both tables for a terminal."""
    said = []
    for head, rows in zip(HEADS, (lines(found), details(found)), strict=True):
        widths = [max(len(row[at]) for row in [list(head), *rows]) for at in range(len(head))]
        said += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *rows]
        ]
        said.append("")
    return "\n".join([*said, f"{found['took_s']:.0f} s"])


def write(found: dict[str, Any]) -> None:
    """Put both tables between the marks of docs/performance.md."""
    said: list[str] = []
    for head, rows in zip(HEADS, (lines(found), details(found)), strict=True):
        said += ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
        said.append("")
    put("\n".join(said), BEGIN, END)


def put(said: str, begin: str, end: str) -> None:
    """Put lines between two marks of the page, each of which stands there once."""
    before, rest = PAGE.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    PAGE.write_text(f"{before}{begin}\n\n{said}\n{end}{after}", encoding="utf-8")
