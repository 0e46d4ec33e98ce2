"""Where a service runs, the command line hands its runs over to it; where it does not answer, the command does it itself."""

from __future__ import annotations

import signal

import pytest
import yaml

from triggers.serve import handshake

pytestmark = pytest.mark.long


def _contain(place, *more):
    return place.contain("--config", place.config, *more, playbook=place.quick())


@pytest.mark.slow
def test_a_command_hands_its_run_over_and_says_how_it_went(place):
    place.up("--tokens", "10")
    service = place.serve()
    said = place.run("contain", place.quick(), "--sandbox", "--config", place.config, "--yes")
    assert said.code == 0, said.text
    assert f"Handed over to the service at {service.url}" in said.out
    assert "CONTAINED" in said.out
    run = place.the_run()
    owners = [body["owner"] for _, _, body in place.events("leased", run=run)]
    assert owners == [f"process {service.process.pid} on {_host()}"]
    assert [kind for _, kind, _ in place.events("left", run=run)] == ["left"]
    place.assert_word_true(run)
    assert set(place.assert_nothing_sent_blind(run).values()) == {1}

    as_json = _contain(place)
    assert (as_json.code, as_json.json["word"]) == (0, "contained"), as_json.text
    assert isinstance(as_json.json["attacker_calls_after"], int)
    assert as_json.json["report"].endswith(".html")


@pytest.mark.slow
def test_here_means_in_this_process(place):
    place.up("--tokens", "5")
    service = place.serve()
    said = _contain(place, "--here")
    assert said.code == 0, said.text
    assert "Handed over" not in said.text
    assert place.the_run() not in service.said


def test_a_service_that_hangs_is_not_waited_for(place):
    place.up("--tokens", "5")
    service = place.serve()
    service.process.send_signal(signal.SIGSTOP)
    try:
        said = place.run("contain", place.quick(), "--sandbox", "--config", place.config, "--yes")
    finally:
        service.process.send_signal(signal.SIGCONT)
    assert said.code == 0, said.text
    assert f"The service at {service.url} does not answer within 1 s: this process carries the run out." in said.out
    assert "CONTAINED" in said.out


@pytest.mark.slow
def test_a_service_that_dies_while_it_is_followed_is_followed_by_the_next(place):
    place.up("--tokens", "200", "--mint-per-s", "0")
    service = place.serve(RINGFENCE_KILL_AT="before:send@tokens#20")
    told = place.start("contain", place.quick(), "--sandbox", "--config", place.config, "--yes")
    assert service.process.wait(60) == -signal.SIGKILL
    other = place.serve()
    said = told.end()
    assert said.code == 0, said.text
    assert "CONTAINED" in said.out
    assert "taking it up" in other.said
    place.assert_nothing_sent_blind()


def test_a_handshake_of_a_process_that_is_gone_is_not_believed(place):
    place.up("--tokens", "5")
    service = place.serve()
    file = handshake.file_of(place.home)
    assert file.stat().st_mode & 0o777 == 0o600
    service.kill()
    assert file.exists()
    assert handshake.found(place.home) is None
    said = _contain(place)
    assert said.code == 0, said.text


@pytest.mark.slow
def test_a_service_of_another_configuration_is_left_alone(place):
    place.up("--tokens", "5")
    service = place.serve()
    said = place.contain(playbook=place.quick())  # the company's own configuration, not this test's
    assert said.code == 0, said.text
    assert place.the_run() not in service.said


GIVEN = """\
playbook: given
title: Tokens in hand
breaks: The vendor signs in again.
does_not: Find others.
inputs:
  tokens: {type: list of secret}
contain:
  - approve: approver
  - id: cut
    uses: oauth.revoke_token
    for_each: inputs.tokens
    with: {token: "${item}"}
    accept_reissue: a drill
    given_is_all: a drill
"""


def test_a_secret_goes_by_the_record_and_not_by_the_wire(place):
    place.up("--tokens", "5", "--attacker", "none")
    stolen = place.secrets["canary"]
    connections = yaml.safe_load(place.config.read_text())["connections"]
    idp = {"system": "oauth", "url": "sandbox:/idp", "secret": "sandbox:client_secret", "client_id": "drift-prod"}
    place.company(connections=connections | {"idp": idp})
    (place.place / "given.yaml").write_text(GIVEN)
    service = place.serve()
    file = place.place / "stolen"
    file.write_text(f"{stolen}\n")
    said = place.run("contain", "given.yaml", "--sandbox", "--config", place.config, "-i", f"tokens=@{file}", "--yes")
    assert f"Handed over to the service at {service.url}" in said.out, said.text
    run = place.the_run()
    assert [body["step"] for _, _, body in place.events("settled", run=run) if body["word"] == "effective"] == ["cut"]
    assert stolen not in service.said + said.text
    place.nowhere(stolen)


def _host():
    import platform

    return platform.node()
