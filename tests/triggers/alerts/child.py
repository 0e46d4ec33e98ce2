"""A process that acts on alerts and may die over it: what it keeps first, it is told by its arguments.

child.py FOLDER HANDSHAKE-JSON [ALERTS-JSON]: keeps those alerts, each as a delivery of its own, acts until nothing is
open, and ends. RINGFENCE_KILL_AT says where it dies.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.triggers.alerts import alert_house


async def main() -> None:
    folder, handshake = Path(sys.argv[1]), json.loads(sys.argv[2])
    alerts = json.loads(sys.argv[3]) if len(sys.argv) > 3 else []
    config = json.loads(os.environ.get("ALERT_CONFIG", "{}"))
    house = alert_house.AlertHouse(folder, handshake, **config)
    async with alert_house.around(house):
        print("open", flush=True)
        for one in alerts:
            print(await house.deliver(one), flush=True)
        acts = await house.settled()
        for run in {act.run for act in acts if act.word == "started"}:
            await house.until_word(run, "held")
        print("done", flush=True)


asyncio.run(main())
