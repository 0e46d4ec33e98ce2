"""Conditional access: the named location of the addresses that may come in, and a block policy kept ready.

A policy is looked at when a token is asked for: tokens that are out live on. Nothing here makes a policy: that is done in
peace, with the break-glass accounts excluded; in the night it is switched on, or its location is narrowed.
Source: learn.microsoft.com/graph/api/ipnamedlocation-get and -update, conditionalaccesspolicy-get, -list and -update.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any, Literal

from connectors.core import Call, Impossible, Params, Reader, Shown, State, Volatile
from connectors.entra.graph import LIVES_ON, TOKEN_LIVES_S, entra, pages

READS = "Policy.Read.All"
WRITES = "Policy.ReadWrite.ConditionalAccess"
SETTLES_S = 120
IP = "#microsoft.graph.ipNamedLocation"
LOCATIONS = "/identity/conditionalAccess/namedLocations"
POLICIES = "/identity/conditionalAccess/policies"
ALL_TRUSTED = "AllTrusted"


class Location(Params):
    """One named location, by its id."""

    location: str


class AllowList(Location):
    """A named location, and the addresses that it is to hold."""

    addresses: tuple[str, ...]


class LocationSeen(State):
    """Which addresses it holds, and how many policies that are on block whoever comes from elsewhere."""

    ranges: tuple[str, ...]
    blocking: int
    trusted: bool = False
    name: Volatile[Shown] = ""


class Policy(Params):
    """One conditional access policy, by its id."""

    policy: str


class PolicySeen(State):
    """Whether it is on, whether it blocks, and whether anybody at all stays outside of it."""

    state: Literal["enabled", "disabled", "enabledForReportingButNotEnforced"]
    blocks: bool
    spares: bool
    name: Volatile[Shown] = ""


def _blocks(item: Any) -> bool:
    return "block" in ((item.get("grantControls") or {}).get("builtInControls") or [])


def _spares(item: Any) -> bool:
    """Whether it leaves somebody in: a break-glass account, or everybody whom it does not name."""
    users = (item.get("conditions") or {}).get("users") or {}
    if "All" not in (users.get("includeUsers") or []):
        return True
    outside = [users.get(f"exclude{kind}") or [] for kind in ("Users", "Groups", "Roles")]
    return any(outside)


def _guards(policy: Any, location: str, trusted: bool) -> bool:
    """Whether a policy that is on blocks from everywhere but this location."""
    where = (policy.get("conditions") or {}).get("locations") or {}
    left_in = where.get("excludeLocations") or []
    from_all = "All" in (where.get("includeLocations") or [])
    named = location in left_in or (trusted and ALL_TRUSTED in left_in)
    return policy["state"] == "enabled" and _blocks(policy) and from_all and named


async def policies_of(read: Reader) -> list[Any]:
    """Every conditional access policy: there are at most some hundred."""
    return [item async for item in pages(read, POLICIES, None, {})]


def location_of(item: Any, policies: list[Any]) -> LocationSeen:
    """A location of addresses as Graph gives it, and the policies that stand on it."""
    trusted = item.get("isTrusted") is True
    return LocationSeen(
        ranges=tuple(sorted(str(one["cidrAddress"]) for one in item["ipRanges"])),
        blocking=sum(_guards(policy, item["id"], trusted) for policy in policies),
        trusted=trusted,
        name=str(item.get("displayName") or ""),
    )


@entra.look(permission=READS)
async def location(read: Reader, p: Location) -> LocationSeen:
    """One named location of addresses, and what stands on it."""
    item = await read.get(LOCATIONS + "/{location}", p)
    if item.get("@odata.type") != IP:
        raise Impossible(
            f"location {p.location}", "it is one of countries, not of addresses", "Name a location of addresses"
        )
    return location_of(item, await policies_of(read))


@entra.look(permission=READS)
async def policy(read: Reader, p: Policy) -> PolicySeen:
    """One conditional access policy."""
    item = await read.get(POLICIES + "/{policy}", p)
    return PolicySeen(
        state=item["state"], blocks=_blocks(item), spares=_spares(item), name=str(item.get("displayName") or "")
    )


def _ranges(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses as ranges, the way Graph writes them; Impossible for what is none."""
    try:
        return tuple(sorted({str(ipaddress.ip_network(one, strict=False)) for one in addresses}))
    except ValueError:
        tried = f"let in {', '.join(addresses)[:80]}"
        raise Impossible(
            tried, "one of them is no address and no range", "Mend the addresses that were given"
        ) from None


def _put(p: Location, ranges: tuple[str, ...]) -> Call:
    body = [
        {"@odata.type": f"#microsoft.graph.iPv{6 if ':' in one else 4}CidrRange", "cidrAddress": one} for one in ranges
    ]
    return Call.patch(LOCATIONS + "/{location}", p, json={"@odata.type": IP, "ipRanges": body})


@entra.action(
    sees=location,
    layer="network",
    does="closes-path",
    stops="new",
    permission=WRITES,
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
)
def allow_only(p: AllowList, seen: LocationSeen) -> Iterator[Call]:
    """Let sign-ins in from these addresses alone, where a policy blocks all but this location."""
    wanted = _ranges(p.addresses)
    tried = f"let only {len(wanted)} ranges in at location {p.location}"
    if not seen.blocking:
        came = "no policy that is on blocks whoever comes from elsewhere: the location alone stops nobody"
        raise Impossible(tried, came, "Switch such a policy on: entra.enforce_policy")
    if not wanted:
        raise Impossible(tried, "a location holds at least one range", "Give the addresses that may come in")
    if set(seen.ranges) != set(wanted):
        yield _put(p, wanted)


@allow_only.undo
def _(p: AllowList, seen: LocationSeen, before: LocationSeen) -> Iterator[Call]:
    if set(seen.ranges) != set(before.ranges):
        yield _put(p, before.ranges)


@entra.action(
    sees=policy,
    layer="network",
    does="closes-path",
    stops="new",
    permission=f"{WRITES} Application.Read.All",
    settles_within_s=SETTLES_S,
    residual=LIVES_ON,
    residual_s=TOKEN_LIVES_S,
)
def enforce_policy(p: Policy, seen: PolicySeen) -> Iterator[Call]:
    """Switch on a block policy that was kept ready. One that spares nobody is refused: it would lock us out as well."""
    tried = f"switch policy {p.policy} on"
    if not seen.blocks:
        raise Impossible(tried, "it asks for something, and blocks nobody", "Name a policy that blocks")
    if not seen.spares:
        raise Impossible(tried, "it is for all users and excludes nobody", "Exclude the break-glass accounts first")
    if seen.state != "enabled":
        yield Call.patch(POLICIES + "/{policy}", p, json={"state": "enabled"})


@enforce_policy.undo
def _(p: Policy, seen: PolicySeen, before: PolicySeen) -> Iterator[Call]:
    if seen.state != before.state:
        yield Call.patch(POLICIES + "/{policy}", p, json={"state": before.state})
