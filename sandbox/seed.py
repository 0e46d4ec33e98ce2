"""The practice company on the night it starts: all that reaches it, declared and not, and what the thief holds."""

from __future__ import annotations

import random

from sandbox.things import Kind
from sandbox.world import Options, World

DRIFT = "drift-prod"
DRIFT_USER = "svc-drift"
CALENDAR = "calendar-sync"
CALENDAR_USER = "svc-calendar"
INTRANET = "intranet"
STRANGER = "pdf-tools"
RETIRED = "survey-export"
CRM_PATH = "crm-api"

VENDOR_ADDRESSES = ("203.0.113.10", "203.0.113.11")
CALENDAR_ADDRESS = "198.51.100.20"
RETIRED_ADDRESS = "198.51.100.77"
STRANGER_ADDRESS = "192.0.2.77"
THIEF_ADDRESSES = ("185.220.101.34", "185.220.101.57", "185.220.101.182")

PEOPLE = 41
"""People who use the drift integration, each with a consent of their own."""

DAY_S = 86_400.0


def open_company(options: Options) -> World:
    """Build the company. Secrets are random; `seed` decides ages and who holds which token."""
    world = World(options)
    dice = random.Random(options.seed)  # noqa: S311 - ages and places, no secret
    people = [f"user{number:02d}" for number in range(1, PEOPLE + 1)]
    for person in people:
        world.add_user(person)
    world.add_user(DRIFT_USER, admin=options.attacker == "admin", app=DRIFT)
    world.add_user(CALENDAR_USER, app=CALENDAR)
    world.add_client(
        DRIFT, "Drift", PEOPLE, DRIFT_USER,
        publisher="Salesloft (practice)", scopes=("crm",), hosts=("drift.example",), age_s=700 * DAY_S,
    )  # fmt: skip
    world.add_client(
        CALENDAR, "Calendar sync", 5, CALENDAR_USER,
        publisher="Calendly (practice)", scopes=("crm", "calendar"), hosts=("calendly.example",), age_s=400 * DAY_S,
    )  # fmt: skip
    world.add_path(CRM_PATH, DRIFT)
    _calendar(world, dice, people)
    _drift(world, dice, people)
    _others(world, random.Random(options.seed + 1))  # noqa: S311 - ages, no secret: those above stay as they are
    if options.forgotten:
        _forgotten(world)
    return world


def _calendar(world: World, dice: random.Random, people: list[str]) -> None:
    """Give the calendar its tokens, its session, its API key and its webhook."""
    for number in range(5):
        kind: Kind = "refresh" if number % 2 else "access"
        world.add_token(kind, CALENDAR, people[number], CALENDAR_ADDRESS, age_s=dice.uniform(60, 1800))
    world.add_session(CALENDAR_USER, CALENDAR_ADDRESS, age_s=dice.uniform(60, 1800))
    world.add_key(
        "Calendar sync, free and busy", CALENDAR, CALENDAR_USER, ("records.read",), CALENDAR_ADDRESS,
        age_s=390 * DAY_S, used_s=600,
    )  # fmt: skip
    world.add_webhook(
        "Calendar sync, meetings", CALENDAR, "hooks.calendly.example", ("meeting.created",), age_s=390 * DAY_S
    )


def _drift(world: World, dice: random.Random, people: list[str]) -> None:
    """Give the vendor the tokens and the session that it works with, all of which the thief has."""
    options = world.options
    consents: dict[str, str] = {}
    for number in range(options.tokens):
        person, where = people[number % PEOPLE], VENDOR_ADDRESSES[number % 2]
        if number % 2 == 0:
            token = world.add_token("refresh", DRIFT, person, where, age_s=dice.uniform(1800, 86400))
            consents[person] = token.id
        else:
            age_s, parent = dice.uniform(60, 1800), consents.get(person, "")
            world.add_token("access", DRIFT, person, where, age_s=age_s, parent=parent)
    if options.tokens:
        world.add_session(DRIFT_USER, VENDOR_ADDRESSES[0], age_s=dice.uniform(600, 7200))
        if options.attacker != "none":
            world.add_session(DRIFT_USER, THIEF_ADDRESSES[0], age_s=dice.uniform(60, 600))


def _others(world: World, dice: random.Random) -> None:
    """Add what is no incident's: our own portal, an app that nobody knows, a key that outlived its integration."""
    world.add_client(
        INTRANET, "Intranet", PEOPLE, "",
        publisher="Practice company", scopes=("profile",), hosts=("intranet.practice.example",), age_s=900 * DAY_S,
    )  # fmt: skip
    world.add_client(
        STRANGER, "Free PDF Tools", world.options.grants, "",
        publisher="PDF Tools Ltd", scopes=("crm", "files.read.all", "mail.read", "offline_access"),
        hosts=("free-pdf-tools.example",), age_s=20 * DAY_S,
    )  # fmt: skip
    for number in range(1, world.options.grants + 1):
        age_s = dice.uniform(DAY_S, 20 * DAY_S)
        world.add_token("refresh", STRANGER, f"user{number:02d}", STRANGER_ADDRESS, age_s=age_s)
    world.add_key(
        "Survey export", RETIRED, "user19", ("records.read", "contacts.read"), RETIRED_ADDRESS,
        age_s=800 * DAY_S, used_s=210 * DAY_S,
    )  # fmt: skip


def _forgotten(world: World) -> None:
    """Add what the vendor has beside what was written down: a credential forgotten is a way back in.

    Cloudflare rotated thousands in 2023, missed one token and three service accounts, and had the thief back by them
    (blog.cloudflare.com/thanksgiving-2023-security-incident).
    """
    world.add_key(
        "Drift, old export", DRIFT, DRIFT_USER, ("records.read", "records.write"), VENDOR_ADDRESSES[1],
        age_s=600 * DAY_S, used_s=3600,
    )  # fmt: skip
    world.add_webhook("Drift, new leads", DRIFT, "hooks.drift.example", ("lead.created",), age_s=600 * DAY_S)
