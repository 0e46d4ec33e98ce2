"""One seed told and judged: what is handed from process to process."""

import gc
import hashlib
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.oracle import judge
from tests.simulation.story import Story


@dataclass
class Told:
    """What became of a seed. `digest`: over everything that happened, so that two tellings can be compared."""

    seed: int
    wrong: list
    words: Counter
    counts: Counter
    digest: str
    trace: list = field(default_factory=list)


def tell(seed, keep_trace=False):
    """Tell one seed and judge it."""
    gc.disable()  # its moments are not of the seed, and a story is short
    story = Story(seed)
    try:
        story.run()
        wrong = story.people_say(judge)
        return _told(seed, story, wrong, keep_trace)
    finally:
        story.end()
        gc.enable()


def _told(seed, story, wrong, keep_trace):
    events = [event for _, event in story.disk.durable.values()]
    words = Counter(e.body["word"] for e in events if e.type == "worded")
    at = story.contained_at
    counts = Counter(
        contained=at is not None,
        recovered=words["recovered"] > 0,
        successes_before=sum(1 for s in story.attacker.successes if at is None or s.at < at),
        successes_after=sum(1 for s in story.attacker.successes if at is not None and s.at >= at),
        requests=len(story.world.requests),
        writes=sum(1 for request in story.world.requests if request.writes),
        unrecorded=sum("promise 4" in what for what in wrong),
        untrue=sum("record:" in what for what in wrong),
        events=len(events),
        processes=len(story.processes),
        killed=sum(process.dead for process in story.processes),
        frozen=story.freezes,
    )
    digest = hashlib.sha256("\n".join(story.lines).encode()).hexdigest()[:16]
    return Told(seed, wrong, words, counts, digest, story.lines if keep_trace else [])
