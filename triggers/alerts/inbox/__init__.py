"""Alerts as they were delivered: kept durably before the sender is answered, each acted on exactly once.

    inbox = Inbox(journal)                                       # blocks; raises NoKey, JournalFailed
    kept = await inbox.keep("okta", "okta", delivery_id, raw, provenance, headers)     # "kept" or "again"

`name` is what the configuration calls this way in, `source` whose form the alert has. `delivery_id`: the sender's own id
of this delivery, None where it gives none (then the same body is the same delivery). `raw`: as it was verified.
`headers`: those that reading needs, by lower-case name; never one with a credential in it.
NotKept: it was not taken, and the sender is to send it again (503).
"""

from triggers.alerts.inbox.inbox import Inbox, Kept, NotKept
from triggers.alerts.inbox.rows import Delivery, Row, Rows

__all__ = ["Delivery", "Inbox", "Kept", "NotKept", "Row", "Rows"]
