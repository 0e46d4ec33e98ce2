"""`ringfence alert replay` and `ringfence alert shadow`."""

import asyncio
import json

import pytest

from tests.triggers.alerts.alert_house import PLAYBOOK, SOURCES, alert
from triggers.cli.alert_replayed import lines_of
from triggers.cli.main import main


@pytest.fixture
def ringfence(capfd):
    def call(*words):
        capfd.readouterr()
        code = main([str(word) for word in words])
        said = capfd.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


async def in_shadow(it):
    config = it.folder / "ringfence.yaml"
    text = config.read_text()
    config.write_text(text + f"journal:\n  url: sqlite:///{it.folder}/journal.db\nseal: file:seal.key\n")
    return config


async def test_shadow_shows_what_would_have_been(house, ringfence):
    async with house() as it:
        await it.acts(alert("F1"), name="dry")
        await it.acts(alert("F2", severity_label="unknown"), name="dry")
        acts = await it.acts(alert("F3", type="nobody.waits"), name="dry")
        assert [act.would for act in acts] == ["start", "propose", ""]
        assert it.runs() == [], "in shadow nothing starts"
        config = await in_shadow(it)
    code, out, _ = ringfence("alert", "shadow", "--config", config, "--json")
    assert code == 0
    said = json.loads(out.splitlines()[-1])
    assert (said["would_start"], said["would_propose"]) == (1, 1)
    first, second = said["acts"]
    assert (first["would"], first["word"], first["integration"]) == ("start", "proposed", "drift")
    assert first["title"] == "A token was used twice"
    assert [why.partition(":")[0] for why in second["why"]] == ["severity"]
    code, out, _ = ringfence("alert", "shadow", "--config", config)
    assert "WOULD HAVE STARTED" in out
    assert "1 would have started a run by themselves, 1 would have proposed one" in out


async def test_what_came_to_nothing_is_decided_anew(house):
    async with house(playbook=PLAYBOOK.replace("token.reuse", "token.other")) as it:
        (act,) = await it.acts(alert())
        assert act.word == "dismissed"
        (it.folder / "playbooks" / "alert_holds.yaml").write_text(PLAYBOOK)
        (again,) = await it.alerts.one(act.inbox)
        assert again.word == "proposed", "nobody released what it says now"
        assert it.words() == ["dismissed", "proposed"]


async def test_what_led_to_a_run_did_so_once(house):
    async with house() as it:
        (act,) = await it.acts(alert())
        (again,) = await it.alerts.one(act.inbox)
        assert again == act
        assert len(it.runs()) == 1
        assert await it.alerts.one(4711) is None


def test_neither_file_nor_row_is_refused(ringfence, place):
    for words in ((), ("x.json", "--row", 1)):
        code, _, err = ringfence("alert", "replay", *words)
        assert code == 1
        assert "Name a FILE" in err


async def test_a_payload_of_a_file_proposes_and_starts_nothing(house, ringfence, place):
    sources = {"okta": SOURCES["okta"]}
    event = {
        "uuid": "5d4a-reuse", "eventType": "app.oauth2.token.detect_reuse", "published": "2026-11-20T02:40:00.000Z",
        "severity": "WARN", "actor": {"id": "drift-prod", "type": "PublicClientApp", "displayName": "Drift"},
        "client": {"id": "drift-prod"}, "outcome": {"result": "FAILURE"}, "displayMessage": "Token reuse", "target": [],
    }  # fmt: skip
    file = place / "event.json"
    file.write_text(json.dumps(event))
    playbook = PLAYBOOK.replace("'token.reuse'", "'app.oauth2.token.detect_reuse'").replace(
        "token.odd", "user.session.start"
    )
    async with house(sources=sources, playbook=playbook) as it:
        config = await in_shadow(it)
    words = ("alert", "replay", file, "--source", "okta", "--sandbox", "--config", config, "--json")
    code, out, err = await asyncio.to_thread(ringfence, *words)
    assert code == 0, err
    (act,) = json.loads(out.splitlines()[-1])["acts"]
    assert act["word"] == "proposed"
    assert "unproven" in {why.partition(":")[0] for why in act["why"]}
    assert act["run"], "its plan"


def test_lines_are_for_people():
    from triggers.alerts.inbox import Act

    act = Act(
        1, 7, 0, "k", "okta", "2026-11-26T02:40:00.000000Z", "drift", "holds", 80, "proposed", '["shadow: it"]', "start"
    )
    assert lines_of(act, "T")[0].startswith(
        "2026-11-26T02:40:00  alert 7 of okta: proposed holds at drift, in shadow: WOULD"
    )
