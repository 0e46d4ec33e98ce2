"""A name from outside stays one part of a path, and a discovered endpoint stays at the host that was configured."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors import oauth
from connectors.core import (
    Call,
    Came,
    Connector,
    Impossible,
    NotAllowed,
    Params,
    Rate,
    Reader,
    Secret,
    Sender,
    Unexpected,
    UrlPath,
)
from connectors.core.call import fill
from tests.connectors.provider import Holder, Thing, provider, says, thing, wired


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_what_names_nothing_is_refused(name):
    with pytest.raises(Impossible, match="names nothing"):
        fill("/users/{name}/suspend", Thing(name=name))


def test_a_secret_does_not_stand_in_a_path():
    with pytest.raises(Impossible, match="no place"):
        fill("/tokens/{token}", Holder(token=Secret("canary")))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("../admin", "..%2Fadmin"),
        ("a/b", "a%2Fb"),
        ("a%2fb", "a%252fb"),
        ("%2e%2e", "%252e%252e"),
        ("a?x=1", "a%3Fx=1"),
        ("a#b", "a%23b"),
        ("a b", "a%20b"),
        ("a\\b", "a%5Cb"),
        ("a\r\nb", "a%0D%0Ab"),
        ("{name}", "%7Bname%7D"),
        ("@x", "@x"),
        ("é", "%C3%A9"),
        ("...", "..."),
    ],
)
async def test_a_name_is_one_part_of_the_path_on_the_wire_too(name, part):
    async with provider(lambda _: says(200, {"on": True})) as there, wired(there.url + "/base") as wire:
        await thing(Reader(wire), Thing(name=name))
        await Sender(wire).send(Call.post("/things/{name}/off", Thing(name=name), json={}), {})
    assert [g.target for g in there.got] == [f"/base/things/{part}", f"/base/things/{part}/off"]


@pytest.mark.parametrize("value", ["a+b", "a&b=c", "a b", "100%", "%2B", "é", "#", "a;b", "=", "/../x"])
async def test_a_value_in_a_query_comes_through_as_it_is(value):
    async with provider(lambda _: says(200, {})) as there, wired(there.url) as wire:
        await Reader(wire).get("/x", after=value)
    path, _, query = there.got[0].target.partition("?")
    assert path == "/x"
    assert parse_qs(query, keep_blank_values=True) == {"after": [value]}


@given(st.text(min_size=1).filter(lambda text: text not in {".", ".."} and text.isprintable()))
def test_any_name_comes_back_whole_and_adds_no_part(name):
    path = fill("/users/{name}/suspend", Thing(name=name))
    assert path.count("/") == 3
    assert unquote(path.split("/")[2]) == name
    assert not set(path) & set("?#\\ ")


class Placed(Params):
    place: UrlPath


@pytest.mark.parametrize(
    "path",
    ["reg", "", "//h/x", "/a//b", "/a/../b", "/..", "/a/./b", "/a?b", "/a#b", "/a%2f", "/a\\b", "/a b", "/é", "/a{b}", "/a\n"],
)  # fmt: skip
def test_a_whole_path_from_configuration_is_a_plain_one(path):
    with pytest.raises(ValidationError):
        Placed(place=path)


async def test_a_whole_path_stands_at_the_hosts_root():
    async with provider(lambda _: says(200, {})) as there, wired(there.url + "/tenant/a") as wire:
        await Reader(wire).get("/{+place}", Placed(place="/reg/1"))
        await Reader(wire).get("/x")
    assert [g.target for g in there.got] == ["/reg/1", "/tenant/a/x"]


def at(metadata, *, well_known="/.well-known/oauth-authorization-server"):
    """An OAuth server that names itself as told; what is asked of it is answered as inactive."""

    def answer(got):
        if got.target.startswith("/.well-known"):
            return says(200, metadata(got)) if got.target == well_known else says(404)
        return says(200, {"active": False})

    return answer


def itself(got, **more):
    return {"issuer": f"http://{got.headers['host']}", **more}


async def look(there, *, path=""):
    async with wired(there.url + path, connector=oauth.oauth, secret=Secret("s"), client_id="c", writes=False) as wire:
        return await oauth.token(Reader(wire, patience_s=0), oauth.Token(token=Secret("t")))


@pytest.mark.parametrize(
    "elsewhere",
    ["http://evil.example/i", "//evil.example/i", "http://127.0.0.1:1/i", "https://127.0.0.1/i", "http://u@{host}/i", "http://["],
)  # fmt: skip
async def test_metadata_that_leads_to_another_host_gets_no_credential_and_no_token(elsewhere):
    def metadata(got):
        return itself(got, introspection_endpoint=elsewhere.replace("{host}", got.headers["host"]))

    async with provider(at(metadata)) as there:
        with pytest.raises(Unexpected, match=r"another host|no URL"):
            await look(there)
        assert [g.target for g in there.got] == ["/.well-known/oauth-authorization-server"]


async def test_an_issuer_that_is_not_the_configured_one_is_refused():
    async with provider(at(lambda _: {"issuer": "http://evil.example", "introspection_endpoint": "/i"})) as there:
        with pytest.raises(Impossible, match="another issuer"):
            await look(there)


@pytest.mark.parametrize("metadata", [[], "x", {}, {"issuer": 5}], ids=str)
async def test_metadata_that_is_none_is_refused(metadata):
    async with provider(at(lambda _: metadata)) as there:
        with pytest.raises(Impossible):
            await look(there)


async def test_an_endpoint_that_is_not_named_is_not_guessed():
    async with provider(at(itself)) as there, wired(there.url, connector=oauth.oauth, client_id="c") as wire:
        with pytest.raises(Impossible, match="does not name it"):
            await oauth.token(Reader(wire), oauth.Token(token=Secret("t")))
        outcome = await Sender(wire).send(Call.post("@revocation_endpoint", form={}), {})
        assert outcome.came is Came.REFUSED
        assert "does not name it" in outcome.why
        assert not [g for g in there.got if g.method == "POST"]


async def test_both_well_known_places_are_tried_and_the_path_of_the_issuer_goes_between():
    def metadata(got):
        return {"issuer": f"http://{got.headers['host']}/t", "introspection_endpoint": "/t/i"}

    async with provider(at(metadata, well_known="/.well-known/oauth-authorization-server/t")) as there:
        assert not (await look(there, path="/t")).active
        assert [g.target for g in there.got] == ["/.well-known/oauth-authorization-server/t", "/t/i"]

    def openid(got):
        if got.target == "/t/.well-known/openid-configuration":
            return says(200, metadata(got))
        return says(404) if "well-known" in got.target else says(200, {"active": True, "exp": 5})

    async with provider(openid) as there:
        assert (await look(there, path="/t")).expires == 5


async def test_many_looks_at_once_read_the_metadata_once_and_a_failure_is_not_kept():
    down = True

    def answer(got):
        if down:
            return None
        return at(lambda got: itself(got, introspection_endpoint="/i"))(got)

    async with provider(answer) as there, wired(there.url, connector=oauth.oauth, client_id="c") as wire:
        reader, p = Reader(wire), oauth.Token(token=Secret("t"))
        reader.patience_s = 0
        both = await asyncio.gather(oauth.token(reader, p), oauth.token(reader, p), return_exceptions=True)
        assert [type(error).__name__ for error in both] == ["Unreachable", "Unreachable"]
        outcome = await Sender(wire).send(Call.post("@revocation_endpoint", form={}), {})
        assert outcome.came is Came.NOT_SENT
        down = False
        there.got.clear()
        await asyncio.gather(*(oauth.token(reader, p) for _ in range(30)))
        assert len([g for g in there.got if "well-known" in g.target]) == 1
        assert len([g for g in there.got if g.target == "/i"]) == 30


async def test_a_wrong_secret_at_discovery_is_told_as_such():
    async with provider(lambda _: says(401)) as there:
        with pytest.raises(NotAllowed, match="401"):
            await look(there)


async def test_an_endpoint_of_a_connector_without_any_is_the_connectors_fault():
    plain = Connector("plain", rate=Rate(10), meaning={})
    async with wired("http://127.0.0.1:9", connector=plain) as wire:
        with pytest.raises(Impossible, match="declares no endpoints"):
            await wire.exchange("GET", "@x")
