"""The practice company with a Slack: the real house, engine, workers and attacker; of the outside only Slack is ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import yaml

from journal import Journal, Keys
from tests.triggers.slack.conftest import PEOPLE, SIGNING, Office, service_of
from tests.triggers.slack.slack_fake import CHANNEL, TEAM, FakeSlack
from triggers.cli import place
from triggers.cli.practice import practice
from triggers.house import House
from triggers.serve.workers import Workers

COMPANY = Path(__file__).resolve().parents[3] / "sandbox/company"


def configured(folder: Path, slack: FakeSlack, *, rides_on: str = "", page: str = "http://localhost:1") -> Path:
    """The company's own configuration, with the people's Slack accounts and the workspace."""
    said = yaml.safe_load((COMPANY / "ringfence.yaml").read_text())
    for name, (user, _, _) in PEOPLE.items():
        if name in said["people"]:
            person = said["people"][name]
            person["accounts"] = [*person.get("accounts", ()), f"slack:{TEAM}/{user}"]
    said["slack"] = {
        "team": TEAM,
        "channel": CHANNEL,
        "token": "file:bot",
        "signing": "file:signing",
        "api": f"{slack.url}/api/",
    }
    if rides_on:
        said["slack"]["rides_on"] = [rides_on]
    said["page"] = {"url": page}
    (folder / "integrations.yaml").write_text((COMPANY / "integrations.yaml").read_text())
    for name, value in (("bot", "xoxb-ours"), ("signing", SIGNING)):
        (folder / name).write_text(value)
    file = folder / "ringfence.yaml"
    file.write_text(yaml.safe_dump(said))
    return file


@contextlib.asynccontextmanager
async def company(folder: Path, state: Path, slack: FakeSlack, *, rides_on: str = "", tokens: int = 12, attacker: str | None = None,
                  page: str = "http://localhost:1", at_once: int = 8, keys=None):  # fmt: skip
    """Open for business: a house whose runs are drills on the practice company, carried out by warm workers."""
    told: list[str] = []
    before = os.environ.get("RINGFENCE_PREFECT")
    os.environ["RINGFENCE_PREFECT"] = "off"  # the journal alone is enough; its server would outlive the test
    file = configured(folder, slack, rides_on=rides_on, page=page)
    handshake = await asyncio.to_thread(
        lambda: practice(state, tokens=tokens, attacker=attacker, contains=True, tell=told.append)
    )
    journal = Journal.open(
        f"sqlite:///{state}/journal.db",
        keys=keys() if keys is not None else Keys.make_file(folder / "names"),
        ttl_s=place.lease_s(),
    )
    house = House(
        place.configuration(file, sandbox=True, handshake=handshake), journal, state, sandbox=True, tell=told.append
    )
    workers = Workers(house, at_once=at_once, tell=told.append, config=file)
    house.workers = workers
    sweeping = asyncio.create_task(workers.run())
    office: Office = service_of(house, slack, told)
    await office.service.start()
    try:
        yield office
    finally:
        await workers.drain(5.0)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await office.service.end()
        await house.end(0.2)
        await journal.aclose()
        os.environ.pop("RINGFENCE_PREFECT") if before is None else os.environ.update(RINGFENCE_PREFECT=before)
