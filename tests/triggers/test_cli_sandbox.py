"""The practice company as a process: one at a time, found again, ended, and never a secret on the terminal."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from triggers.cli import company, place


def _secrets(home):
    return company.running(home)["secrets"].values()


def test_up_status_log_down(ringfence, home):
    first = ringfence("sandbox", "up", "--tokens", "6", "--attacker", "none", "--json")
    assert first.code == 0
    assert first.json["alive"]
    assert first.json["options"]["tokens"] == 6
    again = ringfence("sandbox", "up", "--tokens", "6", "--json")
    assert again.json == first.json
    assert ringfence("sandbox", "status", "--json").json == first.json
    assert set(first.json) == {"url", "pid", "started", "options", "alive", "awake"}
    ringfence("sandbox", "by-hand", "client", "off")
    plain = ringfence("sandbox", "status")
    log = ringfence("sandbox", "log", "--who", "person", "--json")
    assert [line["path"] for line in log.json["requests"]] == ["/idp/clients/drift-prod/enabled"]
    for said in (first, again, plain, log, ringfence("sandbox", "log")):
        assert not any(secret in said.out + said.err for secret in _secrets(home))
    assert stat.S_IMODE((home / "sandbox" / "handshake.json").stat().st_mode) == 0o600
    assert ringfence("sandbox", "down").code == 0
    assert ringfence("sandbox", "status", "--json").json["alive"] is False
    assert ringfence("sandbox", "down").code == 0


def test_other_options_than_the_running_ones_start_it_afresh_and_the_same_do_not(ringfence):
    pid = ringfence("sandbox", "up", "--tokens", "4", "--attacker", "none", "--json").json["pid"]
    assert ringfence("sandbox", "up", "--tokens", "4", "--json").json["pid"] == pid
    assert ringfence("sandbox", "up", "--json").json["pid"] == pid
    new = ringfence("sandbox", "up", "--tokens", "5", "--attacker", "none", "--json").json
    assert new["pid"] != pid
    assert new["options"]["tokens"] == 5
    again = ringfence("sandbox", "up", "--restart", "--attacker", "none", "--json").json
    assert again["pid"] not in {pid, new["pid"]}


def test_what_was_forgotten_is_there_only_where_it_is_asked_for(ringfence, home):
    forgotten = ringfence("sandbox", "up", "--forgotten", "--grants", "3", "--attacker", "none", "--json").json
    assert (forgotten["options"]["forgotten"], forgotten["options"]["grants"]) == (True, 3)
    keys = company.ask(company.running(home), "GET", "/_sandbox/state")["keys"]
    assert [one["app"] for one in keys.values()] == ["calendar-sync", "survey-export", "drift-prod"]
    assert ringfence("sandbox", "up", "--json").json["pid"] == forgotten["pid"], "as it was asked for"
    without = ringfence("sandbox", "up", "--restart", "--attacker", "none", "--json").json
    assert without["pid"] != forgotten["pid"]
    assert without["options"]["forgotten"] is False
    assert "drift-prod" not in str(company.ask(company.running(home), "GET", "/_sandbox/state")["keys"])


def test_two_commands_at_once_start_one(process, home):
    with ThreadPoolExecutor(3) as three:
        said = list(three.map(lambda _: process("sandbox", "up", "--attacker", "none", "--json"), range(3)))
    assert [one.code for one in said] == [0, 0, 0]
    assert len({one.json["pid"] for one in said}) == 1


def test_one_that_was_killed_is_not_believed(ringfence, home):
    pid = ringfence("sandbox", "up", "--attacker", "none", "--json").json["pid"]
    os.kill(pid, signal.SIGKILL)
    limit = time.monotonic() + 10
    while company.running(home) is not None and time.monotonic() < limit:
        time.sleep(0.02)
    assert (home / "sandbox" / "handshake.json").exists()
    assert ringfence("sandbox", "status", "--json").json["alive"] is False
    assert ringfence("sandbox", "by-hand", "user", "frozen").code == 1
    assert ringfence("sandbox", "up", "--attacker", "none", "--json").json["pid"] != pid


def test_another_process_with_its_number_is_not_believed_nor_killed(ringfence, home):
    ringfence("sandbox", "up", "--attacker", "none")
    handshake = company.running(home)
    company.end(home)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import json

        (home / "sandbox" / "handshake.json").write_text(json.dumps(handshake | {"pid": bystander.pid}))
        (home / "sandbox" / "process.json").write_text(json.dumps({"pid": bystander.pid, "started": "1"}))
        assert ringfence("sandbox", "status", "--json").json["alive"] is False
        assert ringfence("sandbox", "down").code == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_one_that_cannot_start_says_why(home):
    with pytest.raises(place.Refused, match="did not start.*tokens"):
        company.ensure(place.state_folder(), tokens=-1)
    assert company.running(home) is None


def test_by_hand_is_the_administrators_work(ringfence, home):
    ringfence("sandbox", "up", "--tokens", "4", "--attacker", "none", "--lag-s", "0")
    assert ringfence("sandbox", "by-hand", "allow-list", "203.0.113.10", "10.0.0.0/8").code == 0
    assert ringfence("sandbox", "by-hand", "user", "frozen").code == 0
    assert ringfence("sandbox", "by-hand", "client", "off").code == 0
    state = company.ask(company.running(home), "GET", "/_sandbox/state")
    assert state["paths"]["crm-api"] == {"mode": "only", "addresses": ["203.0.113.10", "10.0.0.0/8"]}
    assert state["users"]["svc-drift"]["frozen"] is True
    assert state["clients"]["drift-prod"]["enabled"] is False
    assert ringfence("sandbox", "by-hand", "allow-list", "any").code == 0
    assert company.ask(company.running(home), "GET", "/_sandbox/state")["paths"]["crm-api"]["mode"] == "any"
    for wrong in (["allow-list", "no-address"], ["allow-list"], ["client", "on", "--client", "nobody/../x"]):
        assert ringfence("sandbox", "by-hand", *wrong).code == 1


def test_one_that_is_started_to_be_looked_at_is_asleep_until_somebody_wakes_it(ringfence, home):
    handshake = company.ensure(place.state_folder(), tokens=6, attacker="plain", asleep=True)
    asleep = ringfence("sandbox", "status")
    assert "asleep" in asleep.out
    assert ringfence("sandbox", "status", "--json").json["awake"] is False
    assert "tried 0 times" in asleep.out
    assert ringfence("sandbox", "up", "--json").json["awake"] is True
    assert ringfence("sandbox", "status", "--json").json["awake"] is True
    assert company.running(home)["pid"] == handshake["pid"], "the same company"
    limit = time.monotonic() + 15
    while not company.attacker_calls(handshake["url"], handshake["started"])["successes"]:
        assert time.monotonic() < limit
        time.sleep(0.05)


def test_attacker_calls_counts_what_succeeded_in_a_time(home):
    handshake = company.ensure(place.state_folder(), tokens=6, attacker="plain")
    limit = time.monotonic() + 15
    while company.attacker_calls(handshake["url"], handshake["started"])["successes"] < 3:
        assert time.monotonic() < limit
        time.sleep(0.05)
    mark = datetime.now(UTC)
    before = company.attacker_calls(handshake["url"], handshake["started"], until=mark)
    assert before["successes"] >= 3
    assert before["first_success_at"] <= before["last_success_at"] <= mark.isoformat()
    assert company.attacker_calls(handshake["url"], before["last_success_at"], until=mark)["successes"] == 0
    ahead = company.attacker_calls(handshake["url"], "2999-01-01T00:00:00Z")
    assert ahead == {"attempts": 0, "successes": 0, "records_read": 0, "first_success_at": "", "last_success_at": ""}


def test_the_sandboxs_configuration_leads_to_it(home):
    handshake = company.ensure(place.state_folder(), attacker="none")
    ours = place.configuration(sandbox=True)
    assert ours.base("sandbox:/idp") == f"{handshake['url']}/idp"
    assert ours.resolve("sandbox:idp_key") == handshake["secrets"]["idp_key"]
