"""The network between a process and the company, and everything that befalls requests on it."""

import asyncio
from urllib.parse import urlsplit

from connectors.core import Reader, Sender, Wire
from connectors.core.wire import REQUEST_TIMEOUT_S, NoAnswer, NotSent, Reply
from tests.simulation.world import KEYS, Request


class SimWire(Wire):
    """A wire whose lowest exchange goes to the company in memory; everything above it is the product's own."""

    def __init__(self, connection, *, writes, net, process):
        super().__init__(connection, writes=writes)
        self._net, self._process = net, process

    async def _once(self, method, url, **sent):
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                return await self._net.exchange(self._process, method, url, **sent)
        except TimeoutError as error:
            raise NoAnswer(type(error).__name__) from None


class Net:
    """Carries requests. A process that is frozen or killed does not hold up what it sent already."""

    def __init__(self, world, loop, trace):
        self._world, self._loop, self._trace = world, loop, trace
        self._weather = world.weather
        self._dice = self._weather.dice("net")
        self.crashes = [
            crash for crash in self._weather.crashes if crash[0] in {"before_send", "after_send", "after_effect"}
        ]
        self._writes = 0

    def opener(self, process):
        """What `prepare` and `reopen` open connections with."""

        def connect(connection, *, writes):
            wire = SimWire(connection, writes=writes, net=self, process=process)
            return Reader(wire), Sender(wire) if writes else None, wire

        return connect

    def _fate(self, writes, system):
        now = self._loop.time()
        if now >= self._weather.calm_at:
            return "fine"
        if any(name == system and begins <= now < ends for name, begins, ends in self._weather.outages):
            return self._dice.choice(("refused", "refused", "unavailable", "reset_before"))
        for fate, rate in self._weather.rates.items():
            if self._dice.random() < rate and (writes or fate != "false_ok"):
                return fate
        return "fine"

    async def exchange(self, process, method, url, *, params, headers, json=None, data=None):
        """One request, once."""
        parts = urlsplit(url)
        system, path = parts.netloc.partition(".")[0], parts.path
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if system == "chat":
            key, path = path.removeprefix("/"), "/"
        writes = method != "GET"
        fate = self._fate(writes, system)
        await asyncio.sleep(self._dice.uniform(0.001, 0.01))  # the connection is made
        if fate == "refused":
            raise NotSent("ClientConnectorError")
        if writes:
            self._writes += 1
            self._strike(process, "before_send")
            if process.dead:
                await asyncio.Future()
        request = Request(
            len(self._world.requests) + 1, process.name, system, method, path, json, fate, self._loop.time()
        )
        self._world.requests.append(request)
        self._trace(f"{process} sends {request.n} {request.line} {params or ''} [{fate}]")
        answered = asyncio.get_running_loop().create_future()
        slow = self._dice.uniform(1, 14) if fate == "slow_in" else 0.0
        self._loop.later(
            self._dice.uniform(0.004, 0.04) + slow, self._arrive, request, dict(params or {}), key, process, answered
        )
        if writes:
            self._strike(process, "after_send")
            if process.dead:
                await asyncio.Future()
        return await answered

    def _strike(self, process, where):
        for crash in self.crashes:
            if crash == (where, self._writes):
                self.crashes.remove(crash)
                self._trace(f"{process} dies {where} {self._writes}")
                process.kill()
                return

    def _arrive(self, request, query, key, process, answered):
        request.came_at = self._loop.time()
        fate, error = request.fate, None
        status, body, effect = self._world.decide(request, query, key)
        if fate == "busy":
            status, body, effect = 429, {"error": "slow_down"}, None
        elif fate in {"unavailable", "broken", "broken_after"}:
            effect = effect if fate == "broken_after" else None
            status, body = (503 if fate == "unavailable" else 500), {"error": "out_of_order"}
        elif fate in {"false_ok", "reset_before"}:
            effect = None
        if fate in {"reset_before", "reset_after"}:
            error = NoAnswer("ServerDisconnectedError")
        if effect is not None:
            effect()
        request.status, request.effect = (0 if error else status), effect is not None
        self._trace(f"company {request.n} {request.status} {'effect' if request.effect else ''}")
        if request.writes:
            self._strike(process, "after_effect")
        headers = {"x-request-id": f"q-{request.n}"}
        if status == 429 or (status == 503 and request.n % 2):
            headers["retry-after"] = str(request.n % 4)
        slow = self._dice.uniform(1, 14) if fate == "slow_out" else 0.0
        self._loop.later(
            self._dice.uniform(0.004, 0.04) + slow, _answer, answered, error or Reply(status, headers, body)
        )


def _answer(answered, reply):
    if answered.done():
        return
    if isinstance(reply, Exception):
        answered.set_exception(reply)
        answered.exception()  # whoever waited may have given up: asyncio need not complain of it
    else:
        answered.set_result(reply)


def secret_of(reference):
    """What a secret reference of the company's configuration stands for."""
    return KEYS[reference.partition(":")[2]]
