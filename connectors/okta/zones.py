"""Network zones: block addresses, or let only known ones through. A zone does what the policies say that name it.

A BLOCKLIST zone keeps its addresses from every page and endpoint of the organisation, before any sign-in. Sessions that
are open are kept out with it, but not ended. Who is in the zone of exempt addresses passes even so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from connectors.core import Call, Impossible, Params, Reader, State, Volatile
from connectors.okta.system import okta

WRITABLE = ("type", "name", "status", "usage", "gateways", "proxies", "useAsExemptList")
"""Of a zone's record what an update may carry; it replaces all of it."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Zone(Params):
    """One network zone, by its id."""

    zone: str


class BlockedAddresses(Zone):
    """A BLOCKLIST zone, and addresses that must be in it: one each, or networks as CIDR."""

    blocked: tuple[str, ...]


class AllowedAddresses(Zone):
    """A POLICY zone of addresses that are let in, and the only ones that may be in it."""

    addresses: tuple[str, ...]


class ZoneSeen(State):
    """What it is, whether it is on, and its addresses (`CIDR 192.0.2.0/24`); the whole record for the next update.

    All of its addresses, up to the 1,000 that a BLOCKLIST zone takes: an update sends back every one of them.
    """

    type: str
    usage: str
    active: bool
    gateways: tuple[str, ...]  # not capped as what is shown is: all of them are written back
    whole: Volatile[dict[str, Any]]


@okta.look(permission="okta.networkZones.read")
async def zone(read: Reader, p: Zone) -> ZoneSeen:
    """One network zone."""
    item = await read.get("/api/v1/zones/{zone}", p)
    gateways = item.get("gateways") or ()
    return ZoneSeen(
        type=item["type"],
        usage=str(item.get("usage") or "POLICY"),
        active=item.get("status") != "INACTIVE",
        gateways=tuple(sorted(f"{one['type']} {one['value']}" for one in gateways)),
        whole={name: item[name] for name in WRITABLE if name in item},
    )


def _networks(values: Iterable[str]) -> set[Network]:
    try:
        return {ipaddress.ip_network(value, strict=False) for value in values}
    except ValueError as error:
        raise Impossible(
            "read the addresses that were given", str(error), "Give addresses, or networks as CIDR"
        ) from None


def _stands(gateway: str) -> list[Network]:
    """The networks that a gateway of a zone stands for: a range may take several."""
    kind, _, value = gateway.partition(" ")
    try:
        if kind == "CIDR":
            return [ipaddress.ip_network(value, strict=False)]
        first, last = (ipaddress.ip_address(part.partition("/")[0].strip()) for part in value.split("-"))
        return list(ipaddress.summarize_address_range(first, last))
    except (ValueError, TypeError):
        return []  # what we cannot read covers nothing that is blocked, and is nothing that was wanted


def _covers(there: Iterable[Network], one: Network) -> bool:
    return any(one.version == other.version and one.subnet_of(other) for other in there)  # type: ignore[arg-type]


def _update(p: Zone, seen: ZoneSeen, gateways: Iterable[str]) -> Call:
    wanted = [dict(zip(("type", "value"), one.split(" ", 1), strict=True)) for one in gateways]
    return Call.put("/api/v1/zones/{zone}", p, json=seen.whole | {"gateways": wanted}, shown={"gateways": wanted})


def _must_be(p: Zone, seen: ZoneSeen, usage: str, why: str) -> None:
    if seen.type != "IP" or seen.usage != usage:
        raise Impossible(f"change zone {p.zone}", f"it is of type {seen.type} and usage {seen.usage}", why)


def _give_back(p: Zone, seen: ZoneSeen, before: ZoneSeen) -> Iterator[Call]:
    if set(seen.gateways) != set(before.gateways):
        yield _update(p, seen, before.gateways)
    elif seen.active and not before.active:
        yield Call.post("/api/v1/zones/{zone}/lifecycle/deactivate", p)


@okta.action(sees=zone, layer="network", does="closes-path", permission="okta.networkZones.manage", settles_within_s=60)
def block_addresses(p: BlockedAddresses, seen: ZoneSeen) -> Iterator[Call]:
    """Keep addresses out of the whole organisation. An attacker moves to others: end sessions and tokens too."""
    _must_be(p, seen, "BLOCKLIST", "Name an IP zone of usage BLOCKLIST, as BlockedIpZone is")
    if not p.blocked:
        raise Impossible(
            f"block addresses by zone {p.zone}", "no address was given", "Give those that shall be kept out"
        )
    there = [network for gateway in seen.gateways for network in _stands(gateway)]
    lacking = sorted(str(one) for one in _networks(p.blocked) if not _covers(there, one))
    if lacking:
        yield _update(p, seen, [*seen.gateways, *(f"CIDR {one}" for one in lacking)])
    elif not seen.active:
        yield Call.post("/api/v1/zones/{zone}/lifecycle/activate", p)


@block_addresses.undo
def _(p: BlockedAddresses, seen: ZoneSeen, before: ZoneSeen) -> Iterator[Call]:
    yield from _give_back(p, seen, before)


@okta.action(sees=zone, layer="network", does="closes-path", permission="okta.networkZones.manage", settles_within_s=60)
def allow_only(p: AllowedAddresses, seen: ZoneSeen) -> Iterator[Call]:
    """Leave only these addresses in a zone that lets in. Whoever comes from one of them stays: cut the tokens too."""
    _must_be(p, seen, "POLICY", "Name an IP zone of usage POLICY: only such a one lets anybody in")
    wanted = sorted(str(one) for one in _networks(p.addresses))
    if not wanted:
        raise Impossible(f"empty zone {p.zone}", "Okta keeps no zone without addresses", "Take it out of its policies")
    let_in = [_stands(gateway) for gateway in seen.gateways]
    if [] in let_in or {str(network) for networks in let_in for network in networks} != set(wanted):
        yield _update(p, seen, [f"CIDR {one}" for one in wanted])


@allow_only.undo
def _(p: AllowedAddresses, seen: ZoneSeen, before: ZoneSeen) -> Iterator[Call]:
    yield from _give_back(p, seen, before)
