"""What every way in shares: command line, API, Slack and page do the same thing, by the same rules.

    house = House(inventory, journal, state)
    ben = house.who(token="rfp_...")                             # or who(account="slack:T1/U2", how="slack")
    shown = await house.plan(Asked("stolen_oauth_tokens", {"integration": "drift"}, by=ana))
    started = await house.start(asked, shown)                    # started.run, or started.busy: that run is at it
    became = await house.say(started.run, "approve", ben, scope_hash=shown.scope_hash, shown=shown.digest)
    async for run in house.changes(started.run): ...             # the folded run, each time that it moved

It sends nothing and judges nothing itself: the engine does, and the journal has the record.
"""

from triggers.house.house import House
from triggers.house.model import (
    SAYS,
    Asked,
    Became,
    Differs,
    Put,
    Refused,
    Shown,
    Started,
    What,
)  # fmt: skip

__all__ = ["SAYS", "Asked", "Became", "Differs", "House", "Put", "Refused", "Shown", "Started", "What"]
