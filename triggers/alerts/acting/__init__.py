"""From an alert that was kept to a run, a proposal, or a recorded decision not to act.

alerts = AlertService(house)             # nothing is opened
await alerts.start()                     # playbooks compiled, what was left of before taken up
await alerts.inbox.keep(...)             # what the door, the queue and the pollers deliver
await alerts.end()
"""

from triggers.alerts.acting.service import AlertService

__all__ = ["AlertService"]
