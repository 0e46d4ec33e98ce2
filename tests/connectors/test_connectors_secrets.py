"""A secret is shown to nobody: not in repr, errors, calls, logs or hashes, on any path that goes wrong."""

from __future__ import annotations

import base64
import copy
import logging
import pickle
import traceback

import orjson
import pytest
from pydantic import ValidationError

from connectors import notify, oauth
from connectors.core import Answer, Call, Came, ConnectorError, Mark, Reader, Secret, Sender
from connectors.core import wire as wire_module
from connectors.core.call import newest, unveil, veil
from tests.connectors.provider import HANG, Holder, Thing, checked, provider, says, thing, wired

CANARY = "canary-q7Hf2LzX9"
SECRET = Secret(CANARY)


def test_a_secret_is_nowhere_in_what_python_shows_of_it():
    shown = [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>40}",
        repr([SECRET]),
        repr({"a": SECRET}),
    ]
    shown += [repr(Holder(token=SECRET)), str(Holder(token=SECRET)), Holder(token=SECRET).model_dump_json()]
    assert not [text for text in shown if CANARY in text]
    assert SECRET.fingerprint in repr(Holder(token=SECRET))


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy], ids=lambda take: take.__name__)
def test_a_secret_is_not_copied_out(take):
    with pytest.raises(TypeError, match="not pickled"):
        take(SECRET)


def test_a_secret_is_compared_by_its_value_and_never_empty():
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    with pytest.raises(ValueError, match="empty"):
        Secret("")


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Holder, {"token": CANARY}),
        (Holder, {"token": SECRET, CANARY: 1}),
        (oauth.Token, {"token": CANARY}),
        (oauth.Client, {"client": "c", "registration": CANARY, "registration_token": SECRET}),
        (oauth.ClientFoothold, {"client": "c", "registration": "/r", "registration_token": CANARY}),
        (oauth.OAuthSettings, {"client_id": [CANARY]}),
        (oauth.ClientSeen, {"grant_types": CANARY}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_value_in_the_wrong_place_is_not_in_the_error(model, fields):
    with pytest.raises(ValidationError) as error:
        model(**fields)
    assert CANARY not in str(error.value).replace(f"\n{CANARY}\n", "")  # an unknown key is named, no value is


def test_what_a_state_keeps_sealed_is_not_in_its_repr():
    seen = oauth.ClientSeen(
        grant_types=(), response_types=(), redirect_uris=(), metadata={"client_secret": CANARY, "client_id": "c"}
    )
    clear, hidden = seen.record()
    assert CANARY not in repr(seen) + str(seen) + str(seen.governed()) + str(clear)
    assert CANARY in hidden["metadata"].decode()
    assert oauth.ClientSeen.restore(clear, hidden) == seen


def test_a_call_shows_no_secret_in_any_form():
    call = Call.post("/x", form={"token": SECRET, "who": Mark.ME, "n": [SECRET]}, bearer=SECRET)
    assert CANARY not in str(call) + repr(call) + call.digest + str(veil(call.body))
    assert repr(SECRET) in str(call)
    assert (
        call.digest
        == Call.post("/x", form={"token": Secret(CANARY), "who": Mark.ME, "n": [SECRET]}, bearer=SECRET).digest
    )
    assert (
        call.digest != Call.post("/x", form={"token": Secret("b"), "who": Mark.ME, "n": [SECRET]}, bearer=SECRET).digest
    )
    assert call.digest != Call.post("/x", form=call.body).digest


def test_an_update_shows_what_it_changes_and_not_the_clients_secret():
    seen = oauth.ClientSeen(
        grant_types=("implicit",), response_types=(), redirect_uris=(), metadata={"client_secret": CANARY}
    )
    p = oauth.Client(client="c", registration="/reg/c", registration_token=SECRET)
    (call,) = oauth.restrict_client.missing(p, seen, "me")
    assert CANARY not in str(call) + repr(call) + repr([call])
    assert str(call) == 'PUT //reg/c {"grant_types":[],"redirect_uris":[],"response_types":[]}'
    assert call.body["client_secret"] == CANARY


def test_a_message_shows_its_length_and_is_sent_once():
    (call,) = notify.message.missing(notify.Message(to="ops", text=f"about {CANARY}"), notify.message.state(), "me")
    assert CANARY not in str(call) + repr(call)
    assert call.once


ECHOES = {
    "drop": None,
    "hang": HANG,
    "garbage": b"HTTP/1.1 " + CANARY.encode() + b"\r\n\r\n",
    "not json": says(200, CANARY.encode()),
    "other shape": says(200, {"on": CANARY}),
    "list": says(200, [CANARY]),
    "error word": says(400, {"error": CANARY}),
    "error word 401": says(401, {"error": CANARY, "error_description": CANARY}),
    "403": says(403, {"error": CANARY}),
    "404": says(404, {"error": CANARY}),
    "418": says(418, {"error": CANARY}),
    "500": says(500, {"error": CANARY}),
    "redirect": says(302, location=f"/{CANARY}"),
    "busy": says(429, {"error": CANARY}, retry_after="200"),
    "cookie": says(400, {"error": CANARY}, set_cookie=CANARY),
    "request id": says(400, {}, x_request_id=f"id-{CANARY[:12]}-cut-off"),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("look", [thing, checked], ids=lambda look: look.name)
async def test_no_error_path_of_a_look_shows_a_secret(echo, look, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(wire_module, "REQUEST_TIMEOUT_S", 0.3)
    p = Thing(name="a") if look is thing else Holder(token=SECRET)
    async with provider(lambda _: echo) as there, wired(there.url, secret=SECRET, writes=False) as wire:
        with pytest.raises(ConnectorError) as error:
            await look(Reader(wire, patience_s=0.3), p)
        assert any(CANARY in str(g.headers) + g.body.decode() for g in there.got)  # it was sent, and is shown nowhere
    told = "".join(traceback.format_exception(error.value)) + repr(error.value) + str(vars(error.value))
    assert CANARY not in told
    assert CANARY not in caplog.text


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
async def test_no_outcome_of_a_send_shows_a_secret(echo, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(wire_module, "REQUEST_TIMEOUT_S", 0.3)
    call = Call.put("/x", json={"token": SECRET}, bearer=SECRET)
    async with provider(lambda _: echo) as there, wired(there.url, secret=Secret("ours")) as wire:
        outcome = await Sender(wire).send(call, {})
    assert CANARY not in repr(outcome)
    assert CANARY not in caplog.text


async def test_a_webhooks_url_is_not_logged_nor_told(caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(wire_module, "REQUEST_TIMEOUT_S", 0.3)
    (call,) = notify.message.missing(notify.Message(to="ops", text="hello"), notify.message.state(), "me")
    hook = Secret(f"T0/B0/{CANARY}")
    for said in (says(200, b"ok"), *ECHOES.values()):
        async with provider(lambda _, said=said: said) as there:
            async with wired(there.url + "/services", connector=notify.notify, secret=hook) as wire:
                outcome = await Sender(wire).send(call, {})
            assert [g.target for g in there.got] == [f"/services/T0/B0/{CANARY}"]
            assert CANARY not in repr(outcome)
    async with wired("http://127.0.0.1:9/services", connector=notify.notify, secret=hook) as wire:
        assert CANARY not in repr(await Sender(wire).send(call, {}))
    assert CANARY not in caplog.text


@pytest.mark.parametrize("value", [f"{CANARY}\r\nx: y", f"{CANARY}\n", f"{CANARY}é", f"{CANARY}\0"], ids=ascii)
async def test_a_credential_that_no_header_carries_is_told_by_its_fingerprint(value, caplog):
    caplog.set_level(logging.DEBUG)
    async with provider(lambda _: says(200, {"on": True})) as there, wired(there.url, secret=Secret(value)) as wire:
        with pytest.raises(ConnectorError, match="Mend where it is kept") as error:
            await thing(Reader(wire), Thing(name="a"))
        outcome = await Sender(wire).send(Call.delete("/x"), {})
        assert there.got == []
    assert outcome.came is Came.REFUSED
    assert CANARY not in "".join(traceback.format_exception(error.value)) + repr(outcome) + caplog.text
    assert Secret(value).fingerprint in str(error.value)


def test_a_rotated_secret_is_followed_to_its_newest():
    a, b, c = Secret("a"), Secret("b"), Secret("c")
    assert newest(a, {}) is a
    assert newest(a, {a.fingerprint: b, b.fingerprint: c}) is c
    assert newest(c, {a.fingerprint: b, b.fingerprint: c}) is c
    assert newest(a, {a.fingerprint: b, b.fingerprint: a}) == b  # a circle ends
    assert unveil({"x": [a], "at": Mark.NOW}, {Mark.NOW: "t"}, {a.fingerprint: b}) == {"x": ["b"], "at": "t"}


ROTATED = Answer("registration_access_token", replaces=Secret("old"), lost="fetch a new one")


async def test_a_rotated_secret_is_sealed_before_it_is_used_and_then_used():
    kept = []

    async def keeper(answer, secret):
        kept.append((answer, secret, dict(wire.current)))

    def answer(got):
        fresh = got.headers["authorization"] != "Bearer old"
        return says(200, {"registration_access_token": "newer" if fresh else "new"})

    async with provider(answer) as there, wired(there.url) as wire:
        wire.keeper = keeper
        wire.lost[Secret("old").fingerprint] = "fetch a new one"
        for _ in range(3):
            await Reader(wire).get("/reg", bearer=Secret("old"), answers=(ROTATED,))
        assert [g.headers["authorization"] for g in there.got] == ["Bearer old", "Bearer new", "Bearer newer"]
    assert [(a, s) for a, s, _ in kept] == [(ROTATED, Secret("new")), (ROTATED, Secret("newer"))]
    assert kept[0][2] == {}  # sealed first
    assert wire.lost == {}  # what came back is not lost


async def test_what_a_write_answers_is_handed_over_as_a_secret():
    said = says(200, {"registration_access_token": CANARY, "other": 1})
    async with provider(lambda _: said) as there, wired(there.url) as wire:
        outcome = await Sender(wire).send(Call.put("/reg", json={}, bearer=ROTATED.replaces, answers=(ROTATED,)), {})
    assert outcome.kept == ((ROTATED, Secret(CANARY)),)
    assert CANARY not in repr(outcome)


@pytest.mark.parametrize("rotated_before", [False, True])
async def test_a_secret_whose_successor_never_came_is_explained(rotated_before):
    async with provider(lambda _: says(401)) as there, wired(there.url) as wire:
        if rotated_before:
            wire.current[Secret("old").fingerprint] = Secret("new")
        with pytest.raises(ConnectorError) as before:
            await Reader(wire).get("/reg", bearer=Secret("old"))
        wire.lost[Secret("old").fingerprint] = "fetch a new one"
        with pytest.raises(ConnectorError, match=r"rotated this credential.*never came.*fetch a new one"):
            await Reader(wire).get("/reg", bearer=Secret("old"))
    assert "rotated" not in str(before.value)


async def test_basic_credentials_are_form_encoded_first():
    async with provider(lambda _: says(200, {})) as there:
        async with wired(there.url, connector=oauth.oauth, secret=Secret("p:/ w"), client_id="a:b") as wire:
            await wire.exchange("GET", "/x")
        assert there.got[0].headers["authorization"] == "Basic YSUzQWI6cCUzQSUyRit3"


def test_the_journals_form_of_a_call_is_json():
    assert orjson.loads(orjson.dumps(veil({"a": SECRET, "b": (Mark.RUN, 1)}))) == {"a": repr(SECRET), "b": ["<run>", 1]}


async def test_an_id_of_a_request_that_repeats_what_we_sent_is_not_kept():
    """In the clear, as the encodings that we send, and the new secret that a provider made of an old one."""
    odd = Secret("canary/+=&Z9 and more")
    ids = iter([CANARY, "q-1", base64.b64encode(f"c:{CANARY}".encode()).decode(), odd.reveal(), "new-canary-T4"])
    body = {"next": "new-canary-T4"}
    async with provider(lambda _: says(200, body, x_request_id=next(ids))) as there:
        async with wired(there.url, secret=SECRET) as wire:
            calls = [Call.put("/a", json={"n": 1}), Call.put("/b", json={"n": 1})]
            found = [(await Sender(wire).send(call, {})).request_id for call in calls]
        assert found == ["", "q-1"]
        kept = (Answer("next", replaces=SECRET, lost="-"),)
        calls = [Call.post("/c"), Call.post("/d", form={"token": odd}), Call.put("/e", json={}, answers=kept)]
        async with wired(there.url, connector=oauth.oauth, secret=SECRET, client_id="c") as wire:
            found = [(await Sender(wire).send(call, {})).request_id for call in calls]
        assert found == ["", "", ""]
        assert len(there.got) == 5
