"""What `preserve.usage` found, kept beside the record: the listing's own fields, hashed, and who has it."""

from __future__ import annotations

import asyncio
import hashlib

import orjson

from engine.bound import Bound
from engine.observe import Observation
from engine.state import Live
from journal.event import Draft


async def preserve(live: Live, bound: Bound, seen: Observation) -> None:
    """Keep a listing, once, and say so in the record: step, how many, SHA-256, where it lies ("" where nobody keeps it).

    Beside the holds and never in front of them; what cannot be kept is recorded as lost, and holds nothing up.
    """
    if bound.id in live.run.preserved or live.run.opened["mode"] == "dry-run":
        return
    lines = sorted(orjson.dumps(item.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS) for item in seen.items)
    data = b"".join(line + b"\n" for line in lines)
    digest, where, why = hashlib.sha256(data).hexdigest(), "", ""
    if live.keeper is not None:
        try:
            where = await asyncio.to_thread(live.keeper, f"{bound.id}.jsonl", data)
        except OSError as error:
            why = f"lost: {error.strerror or type(error).__name__}"
            live.desk.say(f"{bound.id}: its evidence could not be kept ({why}); the holds go on")
    body = {"step": bound.id, "find": bound.step.uses, "count": len(lines), "sha256": digest, "kept": where, "why": why}
    await live.note(Draft("preserved", body))
