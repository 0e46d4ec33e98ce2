"""The practice company on the night it starts: two integrations, their tokens and sessions, what the thief holds."""

from __future__ import annotations

import random

from sandbox.things import Kind
from sandbox.world import Options, World

DRIFT = "drift-prod"
DRIFT_USER = "svc-drift"
CALENDAR = "calendar-sync"
CALENDAR_USER = "svc-calendar"
CRM_PATH = "crm-api"

VENDOR_ADDRESSES = ("203.0.113.10", "203.0.113.11")
CALENDAR_ADDRESS = "198.51.100.20"
THIEF_ADDRESSES = ("185.220.101.34", "185.220.101.57", "185.220.101.182")

PEOPLE = 41
"""People who use the drift integration, each with a consent of their own."""


def open_company(options: Options) -> World:
    """Build the company. Secrets are random; `seed` decides ages and who holds which token."""
    world = World(options)
    dice = random.Random(options.seed)  # noqa: S311 - ages and places, no secret
    people = [f"user{number:02d}" for number in range(1, PEOPLE + 1)]
    for person in people:
        world.add_user(person)
    world.add_user(DRIFT_USER, admin=options.attacker == "admin")
    world.add_user(CALENDAR_USER)
    world.add_client(DRIFT, "Drift", PEOPLE, DRIFT_USER)
    world.add_client(CALENDAR, "Calendar sync", 5, CALENDAR_USER)
    world.add_path(CRM_PATH)

    for number in range(5):
        kind: Kind = "refresh" if number % 2 else "access"
        world.add_token(kind, CALENDAR, people[number], CALENDAR_ADDRESS, age_s=dice.uniform(60, 1800))
    world.add_session(CALENDAR_USER, CALENDAR_ADDRESS, age_s=dice.uniform(60, 1800))

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
    return world
