"""A secret in a CACAO file reaches neither the playbook, nor the report, nor an error."""

import pytest
from cacao_house import action, book, chain, ident, take

from language.cacao import CannotImport

CANARY = "c4n4ry-Pass/w0rd+=="
AUTH = ident("http-basic", "auth")


def everything(done):
    return done.text + "\n".join(map(str, done.losses)) + repr(done.losses)


def guarded(**more):
    """Make a playbook with credentials and their agent."""
    made = book(**more)
    made["agent_definitions"][ident("group", "us")]["authentication_info"] = AUTH
    made["authentication_info_definitions"] = {
        AUTH: {"type": "http-basic", "user_id": "admin", "password": CANARY, "more": {"x": [CANARY]}}
    }
    return made


def test_credentials_are_left_out_and_the_report_says_so():
    done = take(guarded())
    assert CANARY not in everything(done)
    assert any(AUTH in loss.pointer and "secrets" in loss.why for loss in done.losses)


@pytest.mark.parametrize("where", ["name", "description", "command", "header", "variable", "title", "agent"])
def test_a_copy_of_a_credential_elsewhere_is_left_out(where):
    step = action("x", ident("end", "e"))
    more = {}
    said = f"use {CANARY} now"
    if where in {"name", "description"}:
        step[where] = said
    elif where == "command":
        step["commands"] = [{"type": "bash", "command": said}]
    elif where == "header":
        step["commands"] = [{"type": "http-api", "command": "GET /", "headers": {"X-Anything": [said]}}]
    elif where == "variable":
        more["playbook_variables"] = {"__v__": {"type": "string", "value": said, "constant": True}}
        step["description"] = "with __v__:value"
    elif where == "title":
        more |= {"name": said, "description": said}
    made = guarded(workflow=chain("x", x=step), **more)
    if where == "agent":
        made["agent_definitions"][ident("group", "us")] |= {"name": said, "description": said}
    done = take(made)
    assert CANARY not in everything(done)
    assert "(left out: a secret)" in done.text


@pytest.mark.parametrize(
    "command",
    [
        {"type": "http-api", "command": "GET /", "headers": {"Authorization": [f"Bearer {CANARY}"]}},
        {"type": "http-api", "command": "GET /", "headers": {"X-Api-Key": [CANARY]}},
        {"type": "http-api", "command": f"GET https://me:{CANARY.replace('/', '')}@example.org/"},
        {"type": "bash", "command": f"curl -H 'Authorization: Bearer {CANARY}' https://example.org"},
        {"type": "odd", "command": "x", "password": CANARY},
    ],
    ids=lambda command: str(list(command)),
)
def test_what_a_command_holds_of_secrets_is_left_out_and_told(command):
    done = take(book(chain("x", x=action("x", commands=[command]))))
    assert "c4n4ry" not in everything(done)
    assert "(left out: a secret)" in done.text
    assert any("/commands/0/" in loss.pointer and "secret" in loss.why for loss in done.losses)


def test_a_variable_that_holds_a_secret_is_neither_filled_in_nor_asked_for():
    variables = {
        "__api_token__": {"type": "string", "value": CANARY},
        "__plain__": {"type": "string", "value": CANARY + "2", "external": True},
    }
    step = action("x", description="log in with __api_token__:value and __plain__:value", in_args=["__api_token__"])
    made = book(chain("x", x=step), playbook_variables=variables)
    made["authentication_info_definitions"] = {AUTH: {"type": "user-auth", "password": "__plain__:value"}}
    done = take(made)
    assert "c4n4ry" not in everything(done)
    assert "(the secret api_token)" in done.text
    assert "(the secret plain)" in done.text
    assert not done.checked.playbook.inputs


def test_a_header_filled_from_an_input_is_kept():
    command = "curl -H 'Authorization: Bearer __ticket__:value'"
    variables = {"__ticket__": {"type": "string", "external": True}}
    flow = chain("x", x=action("x", commands=[{"type": "bash", "command": command}]))
    done = take(book(flow, playbook_variables=variables))
    assert "Authorization: Bearer ${inputs.ticket}" in done.text


@pytest.mark.parametrize(
    "change",
    [
        {"revoked": True},
        {"workflow_start": ident("start", "gone")},
        {"authentication_info_definitions": {AUTH: {"type": 7, "password": CANARY}}, "revoked": "yes"},
        {"authentication_info_definitions": {AUTH: [CANARY]}},
        {"authentication_info_definitions": CANARY},
    ],
    ids=str,
)
def test_a_refusal_shows_no_credential(change):
    with pytest.raises(CannotImport) as refused:
        take(guarded() | change)
    assert CANARY not in str(refused.value) + repr(refused.value.faults)
    assert CANARY not in repr(refused.value.__cause__)
