"""A practice company in memory, and what truly happened in it. Shares no code with connectors, engine or sandbox."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.simulation.loop import BORN

CLIENT, USER, PATH = "drift-prod", "svc-drift", "crm-api"
VENDOR = ("203.0.113.10", "203.0.113.11")
THIEF = "198.18.0.66"
KEYS = {
    "idp": "idp-key-0123456789",
    "crm": "crm-key-0123456789",
    "firewall": "fw-key-0123456789",
    "chat": "hook-0123456789",
}


def rfc3339(at):
    return datetime.fromtimestamp(BORN + at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Switch:
    """A setting whose changes come into force a while after they were accepted."""

    def __init__(self, value, shut):
        self.value, self.shut, self.version = value, shut, 1
        self.coming = []
        self.shut_since, self.seen_shut = None, False

    def change(self, value, due):
        self.coming.append((due, value))
        self.coming.sort(key=lambda one: one[0])  # stable: of two for the same instant the later accepted wins

    def at(self, now):
        while self.coming and self.coming[0][0] <= now:
            due, self.value = self.coming.pop(0)
            self.version += 1
            if not self.shut(self.value):
                self.shut_since, self.seen_shut = None, False
            elif self.shut_since is None:
                self.shut_since = due
        return self.value

    def open_or_opening(self, now):
        """Not shut, or about to be opened by what was accepted already."""
        return not self.shut(self.at(now)) or any(not self.shut(value) for _, value in self.coming)


@dataclass
class Token:
    id: str
    kind: str
    issued: float
    active: bool = True


@dataclass
class Session:
    id: str
    address: str
    alive: bool = True


@dataclass
class Request:
    """One request of ours that left a process."""

    n: int
    by: str
    system: str
    method: str
    path: str
    body: object
    fate: str
    left_at: float
    came_at: float | None = None
    status: int = 0
    effect: bool = False

    @property
    def writes(self):
        return self.method != "GET"

    @property
    def line(self):
        return f"{self.system} {self.method} {self.path} {self.body}"


class World:
    """The company: an identity provider, a CRM, a firewall and a chat channel."""

    def __init__(self, weather, loop, trace):
        self.weather, self._loop, self._trace = weather, loop, trace
        self._dice = weather.dice("world")
        self._n = itertools.count(1)
        clean = weather.clean_before
        self.enabled = Switch("client" not in clean, lambda on: not on)
        self.frozen = Switch("user" in clean, lambda frozen: frozen)
        self.rule = Switch(("only", VENDOR) if "path" in clean else ("any", ()), lambda rule: rule[0] == "only")
        self.tokens = {}
        self.sessions = {}
        self.messages = []
        self.requests = []
        self.minted = 0
        self.before = self.settings()
        self.rotated = False
        self.known_shut = set()
        """What a plan of ours that is durable shows as shut already."""
        self.untold = set()
        """What was opened before any such plan: nobody could know how it was before."""
        for n in range(weather.tokens):
            self.add_token("refresh" if n % 3 == 0 else "access", -60.0)
        for n in range(weather.sessions):
            self.add_session(VENDOR[0] if n % 2 else THIEF)

    @property
    def now(self):
        return self._loop.time()

    def settings_to_come(self):
        """What is set once all that was accepted has come into force."""
        self.settings()
        return tuple(
            switch.coming[-1][1] if switch.coming else switch.value for switch in (self.enabled, self.frozen, self.rule)
        )

    def settings(self):
        return self.enabled.at(self.now), self.frozen.at(self.now), self.rule.at(self.now)

    def add_token(self, kind, issued=None):
        n = next(self._n)
        name = f"t{n:06d}" if self.weather.ids_grow else f"t{self._dice.randrange(10**9):09d}"
        token = self.tokens[name] = Token(name, kind, self.now if issued is None else issued)
        return token

    def add_session(self, address):
        n = next(self._n)
        session = self.sessions[f"s{n:06d}"] = Session(f"s{n:06d}", address)
        return session

    def open_footholds(self):
        """What is truly open at this instant, whatever anybody believes."""
        now = self.now
        found = []
        if self.enabled.open_or_opening(now):
            found.append("the client may get tokens")
        if self.frozen.open_or_opening(now):
            found.append("the user may sign in")
        if self.rule.open_or_opening(now) or not set(self.rule.value[1]) <= set(VENDOR):
            found.append("the path is open")
        found += [f"{t.kind} token {t.id} lives" for t in self.tokens.values() if t.active]
        found += [f"session {s.id} lives" for s in self.sessions.values() if s.alive]
        return found

    # what each system answers: (status, JSON, what it does)

    def decide(self, request, query, key):
        """Decide a request of ours: (status, JSON, effect or None). Nothing happens yet."""
        parts = request.path.strip("/").split("/")
        if request.system == "chat":
            return (200, {"ok": True}, lambda: self.messages.append(request)) if key == KEYS["chat"] else _NO
        if key != KEYS[request.system]:
            return _NO
        match request.system, request.method, parts:
            case "idp", "GET", ["clients", name] if name == CLIENT:
                on = self._look(self.enabled)
                seen = {"enabled": on, "version": self.enabled.version, "name": "Drift", "users": 40}
                return 200, {**seen, "scopes": ["crm"], "hosts": ["drift.example"]}, None
            case "idp", "PUT", ["clients", name, "enabled"] if name == CLIENT:
                return 200, {"ok": True}, lambda: self._change(self.enabled, request.body["enabled"])
            case "idp", "GET", ["clients", name, "tokens"] if name == CLIENT:
                seen_by = self.now - self.weather.listing_lag_s
                live = [t for t in self.tokens.values() if t.active and t.issued <= seen_by]
                return self._page(live, query, self._token)
            case "idp", "GET", ["tokens", name] if name in self.tokens:
                return 200, self._token(self.tokens[name]), None
            case "idp", "POST", ["tokens", name, "revoke"] if name in self.tokens:
                return 200, {"ok": True}, lambda: setattr(self.tokens[name], "active", False)
            case "crm", "GET", ["users", name] if name == USER:
                return 200, {"frozen": self._look(self.frozen), "version": self.frozen.version}, None
            case "crm", "PUT", ["users", name, "frozen"] if name == USER:
                return 200, {"ok": True}, lambda: self._change(self.frozen, request.body["frozen"])
            case "crm", "GET", ["users", name, "sessions"] if name == USER:
                return self._page([s for s in self.sessions.values() if s.alive], query, self._session)
            case "crm", "GET", ["sessions", name] if name in self.sessions:
                return 200, self._session(self.sessions[name]), None
            case "crm", "DELETE", ["sessions", name] if name in self.sessions:
                return 204, None, lambda: setattr(self.sessions[name], "alive", False)
            case "firewall", "GET", ["paths", name] if name == PATH:
                mode, addresses = self._look(self.rule)
                return 200, {"mode": mode, "addresses": list(addresses), "version": self.rule.version}, None
            case "firewall", "PUT", ["paths", name] if name == PATH:
                rule = (request.body["mode"], tuple(request.body["addresses"]))
                return 200, {"ok": True}, lambda: self._change(self.rule, rule)
        return 404, {"error": "not_found"}, None

    def _change(self, switch, value):
        switch.change(value, self.now + self.weather.lag_s)

    def _look(self, switch):
        value = switch.at(self.now)
        switch.seen_shut = switch.seen_shut or switch.shut(value)
        return value

    def _page(self, things, query, show):
        after = query.get("after", "")
        rest = sorted((t for t in things if t.id > after), key=lambda t: t.id)
        page = rest[: self.weather.page]
        more = page[-1].id if len(rest) > len(page) else ""
        return 200, {"items": [show(t) for t in page], "next": more}, None

    def _token(self, token):
        at = rfc3339(token.issued)
        return {
            "id": token.id,
            "active": token.active,
            "kind": token.kind,
            "user": "u1",
            "used_at": at,
            "used_from": THIEF,
        }

    def _session(self, session):
        return {"id": session.id, "alive": session.alive, "user": USER, "address": session.address}


_NO = (401, {"error": "unauthorized"}, None)


@dataclass
class Success:
    """Something that the attacker reached."""

    at: float
    what: str


class Attacker:
    """Holds everything that can be stolen and tries all of it at every turn. An admin also opens what was shut."""

    EVERY_S, SLOW_S = 0.25, 1.0

    def __init__(self, world, loop, trace):
        self._world, self._loop, self._trace = world, loop, trace
        self._dice = world.weather.dice("attacker")
        self.successes = []
        self._due = 0.0
        self._switched = {}
        self._tried = loop.time()
        self._won_at = loop.time()

    def start(self):
        self._loop.later(self._dice.uniform(0, self.EVERY_S), self._turn)

    def _turn(self):
        before = len(self.successes)
        now = self._loop.time()
        self._due = min(self._due + (now - self._tried) * self._world.weather.mint_per_s, 5.0)
        self._tried = now
        self.try_all()
        if len(self.successes) > before:
            self._won_at = now
        fast = now - self._won_at < 15
        self._loop.later((self.EVERY_S if fast else self.SLOW_S) * self._dice.uniform(0.7, 1.3), self._turn)

    def _won(self, what):
        self.successes.append(Success(self._loop.time(), what))

    def try_all(self):
        """Every way there is, once."""
        w, now = self._world, self._loop.time()
        mode, addresses = w.rule.at(now)
        inside = w.weather.inside and bool(addresses)
        passes = mode == "any" or inside or THIEF in addresses
        live = [t for t in w.tokens.values() if t.active]
        if any(t.kind == "access" for t in live) and passes:
            self._won("read with a token")
        if not w.rotated and w.enabled.at(now):
            self._won("a token to be had")
            while self._due >= 1 and w.minted < w.weather.most_minted:
                self._due -= 1
                w.minted += 1
                w.add_token("access")
        session = any(s.alive for s in w.sessions.values())
        if session and passes:
            self._won("read with a session")
        if not w.rotated and not w.frozen.at(now):
            self._won("a session to be had")
            if not session:
                w.add_session(THIEF)
                session = True
        if w.weather.admin and session:
            self._switch_back(now)

    def _switch_back(self, now):
        w = self._world
        for name, switch, value in (
            ("client", w.enabled, True), ("user", w.frozen, False), ("path", w.rule, ("any", ())),
        ):  # fmt: skip
            switch.at(now)
            due = switch.seen_shut or (switch.shut_since is not None and now - switch.shut_since >= 2.0)
            if due and now - self._switched.get(name, -9.0) >= 1.0:
                self._switched[name] = now
                if name not in w.known_shut:
                    w.untold.add(name)
                switch.change(value, now + w.weather.lag_s)
                self._won(f"switched the {name} back on")
