"""The real service, from the signed request to the hold; killed on the way, and its sender sends again where it was not answered."""

import hashlib
import hmac
import http.client
import json
import signal

import pytest
import yaml

from tests.triggers.serve.conftest import COMPANY, ServedHouse

POINTS = ["after:alert-kept", "before:alert-sifted", "after:alert-sifted", "after:alert-reserved", "after:opened", "after:planned",
          "before:own-alerted", "after:own-alerted"]  # fmt: skip


class AlertedHouse(ServedHouse):
    """A state folder over which services run that the company's monitoring posts to."""

    def company(self, **changes):
        file = super().company(**changes)
        config = yaml.safe_load(file.read_text())
        config["playbooks"] = [str(COMPANY / "playbooks")]
        file.write_text(yaml.safe_dump(config))
        return file

    def post(self, service, **more):
        body = json.dumps(
            {"id": "f-1", "type": "token.reuse", "title": "Used twice", "severity": "high", "app": "drift-prod", **more}
        )
        mac = hmac.new(self.secrets["alert_secret"].encode(), body.encode(), hashlib.sha256).hexdigest()
        try:
            return service.ask(
                "POST", "/alerts/practice", raw=body.encode(), **{"X-Practice-Signature": f"sha256={mac}"}
            ).status
        except (OSError, http.client.HTTPException):
            return None  # it died over it

    def acts(self):
        return self.rows("SELECT word, run FROM acts ORDER BY id")

    def opened(self):
        found = self.rows("SELECT run, body FROM events WHERE run != '@journal' AND type = 'opened'")
        return [run for run, body in found if json.loads(body)["mode"] == "drill"]


@pytest.fixture
def place(tmp_path):
    house = AlertedHouse(tmp_path)
    yield house
    house.end()


@pytest.mark.slow
def test_a_signed_alert_holds_an_integration_on_the_practice_company(place):
    place.up("--tokens", "5")
    service = place.serve()
    assert place.post(service) == 200
    place.until(lambda: place.acts() and place.acts()[0][0] == "started")
    (run,) = place.opened()
    service.until_word(run, "held")
    assert place.closed() == (True, True, True), "all three doors"
    assert [line["path"] for line in place.log(write=True)], "and the company says so itself"
    assert service.ask("POST", "/alerts/practice", raw=b"{}").status == 401
    assert place.post(service) == 200, "known already, and the answer is the same"
    assert place.opened() == [run]


@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.long
def test_killed_on_the_way_it_is_one_run(place, point):
    place.up("--tokens", "5")
    service = place.serve(RINGFENCE_KILL_AT=point)
    answered = place.post(service)
    place.until(lambda: service.process.poll() is not None)
    assert service.process.returncode == -signal.SIGKILL
    again = place.serve()
    if answered != 200:
        assert place.post(again) == 200
    place.until(lambda: [word for word, _ in place.acts()] == ["started"])
    (run,) = place.opened()
    again.until_word(run, "held")
    assert place.acts() == [("started", run)]
    assert place.closed() == (True, True, True)
