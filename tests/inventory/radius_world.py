"""Integrations to measure: a small one, a large one, and one in which every name is the attacker's."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from connectors.core import Call, Connector, Foothold, NotAllowed, Params, Rate, Secret, State
from inventory.integrations.model import FootholdEntry, Integration
from inventory.model import Config
from inventory.radius import Radius, Seen, radius
from inventory.read import Inventory

HOSTILE = '</text><script>alert(1)</script>"]; click n0 "javascript:x" %%{init}%% <b>&amp;\u202e\x1b[31m\ud800`--> '


class AppFoothold(Foothold):
    app: str


class KeyFoothold(Foothold):
    key: str
    hush: Secret


class App(Params):
    app: str


class AppSeen(State):
    on: bool


class Grant(Params):
    grant: str


class GrantSeen(State):
    alive: bool


class Given(Params):
    token: Secret


vault = Connector(
    "vault",
    rate=Rate(10),
    meaning={403: NotAllowed},
    footholds={"app": AppFoothold, "client": AppFoothold, "key": KeyFoothold},
)


@vault.look(permission="r")
async def app(read, p: App) -> AppSeen:
    return AppSeen(on=True)


@vault.look(permission="r")
async def grant(read, p: Grant) -> GrantSeen:
    return GrantSeen(alive=True)


@vault.look(permission="r")
async def given(read, p: Given) -> GrantSeen:
    return GrantSeen(alive=True)


@vault.find(of=grant, permission="r")
async def grants(read, p: App) -> Iterator[tuple[Grant, GrantSeen]]:
    yield Grant(grant="g"), GrantSeen(alive=True)


@vault.action(
    sees=grant, layer="identity", does="kills-access", permission="w", residual="caches keep it", residual_s=3600,
    irreversible="its owner consents again",
)  # fmt: skip
def end_grant(p: Grant, seen: GrantSeen) -> Iterator[Call]:
    yield Call.delete("/g/{grant}", p)


@vault.action(sees=given, layer="identity", does="kills-refresh", permission="w", irreversible="consent again")
def end_given(p: Given, seen: GrantSeen) -> Iterator[Call]:
    yield Call.post("/x", form={"token": p.token})


@vault.action(sees=app, layer="application", does="blocks-reissue", stops="new", permission="w")
def switch_off(p: App, seen: AppSeen) -> Iterator[Call]:
    yield Call.put("/a/{app}", p, json={})


@switch_off.undo
def _(p: App, seen: AppSeen, before: AppSeen) -> Iterator[Call]:
    yield Call.put("/a/{app}", p, json={})


SYSTEMS = {"vault": vault}
CONNECTIONS = {
    "vault_eu": {"system": "vault", "url": "https://vault.example"},
    "lost": {"system": "gone", "url": "https://gone.example"},
}


def inventory(integrations: Mapping[str, Integration], discovered: str = "") -> Inventory:
    config = Config.model_validate({"connections": CONNECTIONS, "integrations": "i.yaml"})

    def never(_: str) -> str:
        raise AssertionError("nothing here may open a secret or an address")

    return Inventory(Path("ringfence.yaml"), config, integrations, never, never, (), discovered)


def one(*footholds: Mapping[str, object], **more: object) -> Integration:
    entries = [
        FootholdEntry.model_validate(each)
        for each in footholds or ({"id": "app", "kind": "app", "at": "vault_eu", "app": "a1"},)
    ]
    return Integration.recorded({"title": "One", "owner": "us", "footholds": entries, **more})


def measured(name: str, integrations: Mapping[str, Integration], things=()) -> Radius:
    return radius(inventory(integrations), name, SYSTEMS, things)


def large() -> Radius:
    """30 footholds, of every state and layer, and 12 integrations that stop with it, in a chain, a fork and a circle."""
    footholds: list[dict[str, object]] = []
    for n in range(30):
        kind, at, names = [
            ("app", "vault_eu", {"app": f"app-{n:02}"}), ("client", "vault_eu", {"app": f"client-{n:02}"}),
            ("path", "lost", {"path": f"edge-{n:02}"}), ("token", None, {"held": f"by the vendor, number {n:02}"}),
            ("database_role", None, {"role": f"reporting_reader_with_a_long_name_{n:02}"}),
            ("key", "vault_eu", {"key": f"AKIA{n:02}", "hush": "env:HUSH"}),
        ][n % 6]  # fmt: skip
        found = {"found": "the provider says that it was made for app-00", "sure": n % 4 != 0} if n % 5 == 3 else {}
        footholds.append({"id": f"foothold_{n:02}", "kind": kind, **({"at": at} if at else {}), **names, **found})
    others = {
        f"other_{n:02}": one(
            title=f"Integration number {n:02}", owner="some-team", serves=(f"report {n:02}", "and another"),
            without="Do it by hand, from the export of the night before, until this is back.", critical=n == 4,
            needed_by={0: ("other_03", "other_04"), 1: ("other_04", "other_05"), 3: ("other_06",), 6: ("other_07", "big"), 7: ("other_00",)}.get(n, ()),
        )
        for n in range(12)
    }  # fmt: skip
    big = one(
        *footholds, title="The integration of all integrations, enterprise edition, with a title that goes on and on",
        vendor="A vendor with quite a name Incorporated of Delaware", security="mailto:security-incident-response@vendor.example",
        purpose="Moves everything everywhere.", data=("contacts", "payroll", "health_records"), critical=True,
        serves=("the daily report of the board", "search"), without="Read the paper.", addresses=("203.0.113.9",) * 6,
        needed_by=("other_00", "other_01", "other_02", "other_08", "other_09", "other_10", "other_11", "not_written_down"),
    )  # fmt: skip
    things = [
        Seen("vault_eu", "grant", f"g{n}", part_of="app-00", person=f"person-{n % 300}@example.com", scopes=("read", "write"),
             works_as=("vault:app-06", "crm:svc"), used_at="2026-11-24T02:39:00Z")
        for n in range(1200)
    ]  # fmt: skip
    return measured("big", {"big": big, **others}, things)


def hostile() -> Radius:
    """Every text that can be anybody's is made to break out."""
    bad = one(
        {"id": "app", "kind": "app", "at": "vault_eu", "app": HOSTILE, "found": HOSTILE},
        {"id": "gone", "kind": "token", "held": HOSTILE * 5},
        title=HOSTILE, vendor=HOSTILE, owner=HOSTILE, purpose=HOSTILE, security="https://x.example/" + HOSTILE.split(maxsplit=1)[0],
        serves=(HOSTILE, "\u0301" * 400), without=HOSTILE, addresses=(HOSTILE,), needed_by=("other",),
    )  # fmt: skip
    other = one(title=HOSTILE, owner=HOSTILE, serves=(HOSTILE,), without=HOSTILE)
    thing = Seen(
        "vault_eu",
        "grant",
        "g",
        part_of=HOSTILE,
        person=HOSTILE,
        scopes=(HOSTILE,) * 9,
        works_as=(f"crm:{HOSTILE}",),
        used_at=HOSTILE,
    )
    return measured("bad", {"bad": bad, "other": other}, [thing])
