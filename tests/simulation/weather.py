"""What a seed draws: how bad the network, the disk, the clocks and the people are, and how strong the attacker is."""

import random
from dataclasses import dataclass, field

FATES = (
    "busy", "unavailable", "broken", "broken_after", "refused", "reset_before", "reset_after", "false_ok", "slow_in",
    "slow_out",
)  # fmt: skip
"""What can befall a request. `_after`, `slow_out`: its effect took place all the same."""


@dataclass
class Weather:
    """The draw of one seed. Rates are per request; times are seconds of the story.

    Attributes:
        outages: (system, from, until): nothing of it answers.
        sleeps: (k, seconds): a process is frozen right when the k-th intent of all is durable, and not sent yet.
        hung: how likely it is that nobody can tell that a dead process is dead: its lease has to lapse.
        calm_at: from then on nothing is broken any more, and nobody is killed or frozen.
        lag_s: how long a change takes to come into force; listing_lag_s: how long a new token is in no listing.
    """

    seed: int
    rates: dict = field(default_factory=dict)
    calm_at: float = 0.0
    lag_s: float = 0.0
    listing_lag_s: float = 0.0
    page: int = 100
    tokens: int = 5
    sessions: int = 2
    admin: bool = False
    inside: bool = False
    mint_per_s: float = 1.0
    most_minted: int = 30
    ids_grow: bool = True
    clean_before: tuple = ()
    disk: list = field(default_factory=list)
    crashes: list = field(default_factory=list)
    freezes: list = field(default_factory=list)
    sleeps: list = field(default_factory=list)
    jumps: list = field(default_factory=list)
    off_s: float = 0.0
    doubles: bool = False
    outages: list = field(default_factory=list)
    hung: float = 0.0
    stop_at: float = 0.0
    approve_after: tuple = (0.0, 1.0)
    nobody: float = 0.0
    no: float = 0.0
    recovers: bool = False

    def dice(self, what):
        """A stream of its own: what one part of the world draws does not shift another's."""
        return random.Random(f"{self.seed}/{what}")


def draw(seed):
    """The weather of a seed."""
    d = random.Random(f"{seed}/weather")
    w = Weather(seed)
    w.calm_at = d.uniform(10, 45) if d.random() < 0.9 else d.uniform(80, 130)
    if d.random() < 0.85:
        for fate in FATES:
            if d.random() < 0.55:
                w.rates[fate] = d.choice((0.01, 0.03, 0.06, 0.12))
    w.lag_s = d.choice((0.0, 0.1, 0.3, 0.6, 0.9))
    w.listing_lag_s = d.choice((0.0, 0.0, 0.2, 0.6))
    w.page = d.choice((2, 5, 100))
    w.tokens, w.sessions = d.randint(2, 14), d.randint(1, 4)
    w.admin, w.inside = d.random() < 0.45, d.random() < 0.4
    w.mint_per_s, w.most_minted = d.choice((0.0, 1.0, 4.0)), d.randint(4, 24)
    w.ids_grow = d.random() < 0.6
    w.clean_before = tuple(name for name in ("client", "user", "path") if d.random() < 0.15)
    w.off_s = d.choice((0.0, 0.0, -7200.0, 7200.0, -30.0))
    w.hung = d.choice((0.0, 0.0, 0.5))
    for _ in range(d.choice((0, 0, 0, 0, 1, 2))):
        begins = d.uniform(1, w.calm_at / 2)
        w.outages.append((d.choice(("idp", "crm", "firewall", "chat")), begins, d.uniform(begins, w.calm_at)))
    for _ in range(d.choice((0, 0, 1, 1, 2))):
        begins = d.uniform(2, w.calm_at)
        w.disk.append((begins, min(begins + d.uniform(0.2, 9), w.calm_at), d.choice(("full", "readonly", "slow"))))
    for _ in range(d.choice((0, 0, 1, 1, 2, 3))):
        w.crashes.append(_crash(d))
    for _ in range(d.choice((0, 0, 0, 1, 2))):
        w.freezes.append((d.uniform(2, w.calm_at), d.choice((1.0, 5.0, 21.0, 35.0, 50.0))))
    for _ in range(d.choice((0, 0, 1, 2, 3))):
        w.jumps.append((d.uniform(1, w.calm_at + 20), d.choice((-1, 1)) * d.choice((0.7, 5.0, 3600.0, 18_000.0))))
    for _ in range(d.choice((0, 0, 0, 1, 1))):
        w.sleeps.append((d.randint(1, 20), d.choice((8.0, 35.0, 50.0))))
    w.doubles = d.random() < 0.4
    w.stop_at = d.uniform(2, 12) if d.random() < 0.12 else 0.0
    w.approve_after = d.choice(((0.0, 0.0), (0.2, 3.0), (5.0, 20.0)))
    w.nobody, w.no = d.choice((0.0, 0.0, 0.5)), d.choice((0.0, 0.0, 0.2))
    w.recovers = d.random() < 0.4
    return w


def _crash(d):
    """Where a process dies: around its k-th journal event, around its k-th write to a provider, or at any time."""
    kind = d.choice(("after_event", "before_event", "before_send", "after_send", "after_effect", "any"))
    if kind == "any":
        return kind, d.uniform(0.5, 30)
    return kind, d.randint(1, 60) if "event" in kind else d.randint(1, 14)
