"""`ringfence alert`: what an alert says, and what would follow from it. Nothing here needs a service."""

from __future__ import annotations

from cyclopts import App

app = App("alert", help="Read an alert as a source sends it, and say what would follow.")
app.command(
    "triggers.cli.alert_tested:try_payload",
    name="test",
    help="Read a payload; show its alerts and what waits for them.",
)
app.command("triggers.cli.alert_replayed:replay", name="replay", help="Act once more on an alert that came before.")
app.command("triggers.cli.alert_shadow:shadow", name="shadow", help="Show what alerts would have done by themselves.")
