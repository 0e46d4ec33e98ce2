"""Alerts as they were delivered: kept durably before the sender is answered, each acted on exactly once.

inbox = Inbox(journal)                                       # nothing is opened
kept = await inbox.keep("okta", "okta", verified.replay, raw, verified, headers)     # "kept" or "again"

`name` is what the configuration calls this way in, `source` whose form the alert has. `delivery_id`: what the very same
delivery has again. `raw`: as it was verified. `headers`: those that reading needs; never one with a credential in it.
NotKept (a JournalFailed): it was not taken, and the sender is to send it again (503).
"""

from triggers.alerts.inbox.inbox import Inbox, Kept, NotKept
from triggers.alerts.inbox.model import Act, Row, Sighting, Sorted
from triggers.alerts.inbox.rows import Rows

__all__ = ["Act", "Inbox", "Kept", "NotKept", "Row", "Rows", "Sighting", "Sorted"]
