"""What was measured of alerts as text, and as the table of docs/performance.md."""

from __future__ import annotations

from typing import Any

from benchmarks.table import put, verdict

BEGIN, END = "<!-- written by benchmarks.alerts --write-docs -->", "<!-- end of alerts -->"
BARS = (
    ("first_call_s", "alert received to first provider call, median, s", "at most", 0.5, "{:.3f}"),
    ("first_call_p99_s", "the same, p99, s", "at most", 1.0, "{:.3f}"),
    ("prefect_s", "`run_deployment` to the first line of a flow of `flow.serve()`, median, s", "", 0.0, "{:.2f}"),
    ("times_sooner", "times sooner than that", "at least", 15.0, "{:.1f}"),
    ("answered_per_s", "storm: alerts a second that were answered", "at least", 490.0, "{:.0f}"),
    ("refused", "storm: not answered with 200", "at most", 0.0, "{:.0f}"),
    ("lost", "storm: answered with 200 and not counted", "at most", 0.0, "{:.0f}"),
    ("memory_grew_mb", "storm: memory grown in its last two thirds, MB", "at most", 15.0, "{:.1f}"),
    ("cpu_ms", "storm: work of processors for one, all in all, ms", "", 0.0, "{:.2f}"),
    ("answer_p99_s", "storm: time of an answer, p99, s", "", 0.0, "{:.3f}"),
    ("drained_s", "storm: seconds after it until all of it was decided", "", 0.0, "{:.1f}"),
)


def lines(found: dict[str, Any]) -> list[list[str]]:
    """What was measured, against its bar."""
    return [
        [what, "not measured" if found[key] is None else form.format(found[key]),
         f"{sense} {form.format(bar)}" if sense else "", verdict(found, key, sense, bar)]
        for key, what, sense, bar, form in BARS
    ]  # fmt: skip


def text(found: dict[str, Any]) -> str:
    """For a terminal."""
    rows = [f"{what:<76} {value:>12}  {bar:<16} {reached}" for what, value, bar, reached in lines(found)]
    return "\n".join([*rows, _note(found)])


def write(found: dict[str, Any]) -> None:
    """Put the table where the page marks its place."""
    rows = [["what", "measured", "bar", "reached"], ["---"] * 4, *lines(found)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    put(f"{table}\n\n{_note(found)}\n", BEGIN, END)


def _note(found: dict[str, Any]) -> str:
    return (
        f"{found['starts']} alerts that each started a run, {found['prefect_runs']} runs of Prefect's, {found['sent']:,} alerts"
        f" in {found['storm_s']} s, 90 % repeats; load of the machine {found['load']:.1f}."
    )
