"""What must all be so before an alert starts anything by itself. Each condition that fails is said, in a word and a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from triggers.alerts.acting.seeing import CONTENT

if TYPE_CHECKING:
    from engine.alert import Alert
    from engine.freezing import Freeze
    from inventory.read import Inventory
    from triggers.alerts.acting.library import Match

LOUD = frozenset({"budget-source", "budget-all", "budget-integration", "quiet", "frozen", "refused", "critical"})
"""Where one of these alone keeps an alert from acting, people are paged: it would have acted."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why an alert does not act by itself. `code`: for programs."""

    code: str
    sentence: str

    def __str__(self) -> str:
        """As the record holds it."""
        return f"{self.code}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Case:
    """One alert, one playbook, one integration: what is judged.

    Attributes:
        integration: "" where it is not one and only one, exactly known. doubt: why it is not.
        ours: it names a credential of our own.
    """

    name: str
    alert: Alert
    match: Match
    integration: str
    doubt: str
    inventory: Inventory
    freeze: Freeze | None
    at: datetime
    ours: bool = False


def against(case: Case) -> list[Why]:
    """All that stands against acting, but for the budget and the shadow, which come last."""
    return [*_of_the_alert(case), *_of_the_playbook(case), *_of_the_hour(case)]


def _of_the_alert(case: Case) -> Iterator[Why]:
    alert = case.alert
    if not alert.provenance.verified:
        yield Why("unproven", "nobody proves who sent it")
    if alert.is_sample or alert.is_test or alert.status in {"test", "resolved"}:
        yield Why("made-up", "it is a sample, a test, or resolved")
    if alert.severity_label == "unknown":
        yield Why("severity", "how severe it is, its source does not say in a word that is known here")
    if not alert.stable_id or not alert.source_alert_id or any(CONTENT in note for note in alert.parse_notes):
        yield Why("no-id", "it has no stable id of its own")
    if case.ours:
        yield Why("ours", "it names a credential of our own")


def _of_the_playbook(case: Case) -> Iterator[Why]:
    match, playbook = case.match, case.match.checked.playbook
    if not match.auto:
        yield Why("propose", f"{match.name} says that a person starts it")
    if match.doubt:
        yield Why("doubt", match.doubt)
    if why := match.unreleased(case.inventory):
        yield Why("unreleased", f"{match.name}: {why}")
    others = sorted(
        name for name in match.chosen if name in playbook.inputs and playbook.inputs[name].type != "integration"
    )
    if others:
        yield Why("chosen", f"the alert would choose {', '.join(others)}: a person does")
    if not case.integration:
        yield Why("not-exact", case.doubt or f"{match.name} is about no integration, or several")
    elif case.inventory.integrations[case.integration].critical:
        yield Why("critical", f"{case.integration} is critical: a second person is asked")


def _of_the_hour(case: Case) -> Iterator[Why]:
    alerts = case.inventory.config.alerts
    if case.freeze is not None:
        yield Why("frozen", f"automation is frozen until {case.freeze.until:%H:%M} UTC")
    if case.name not in alerts.sources or alerts.auto_of(case.name) == "never":
        yield Why("never", f"alerts of {case.name} only propose (alerts.sources.{case.name}.auto)")
    elif alerts.quiet_at(case.name, case.at):
        yield Why("quiet", f"these are quiet hours of {case.name}")
