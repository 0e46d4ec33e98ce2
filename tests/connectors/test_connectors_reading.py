"""Promise 3: what reads cannot write. Proven at the transport, with connectors that try to."""

from __future__ import annotations

import pytest

from connectors.core import (
    Call,
    Connection,
    Connector,
    Impossible,
    NotAllowed,
    Rate,
    Reader,
    Secret,
    Sender,
    Unexpected,
    Unseen,
    connect,
)  # fmt: skip
from connectors.core.call import fits
from tests.connectors.provider import Thing, ThingSeen, provider, says, searched, thing, toy, wired

bad = Connector("bad", rate=Rate(1000), meaning={})


@bad.look(permission="none")
async def asks_undeclared(read: Reader, p: Thing) -> ThingSeen:
    """Asks by a POST that it did not declare."""
    return ThingSeen(on=await read.ask("/write", form={}))


@bad.look(permission="none", asks=("/read",))
async def asks_what_another_declared(read: Reader, p: Thing) -> ThingSeen:
    """Asks by a POST that only another look declares."""
    return ThingSeen(on=await read.ask("/others", form={}))


@bad.look(permission="none", asks=("/others", "/read/{name}"))
async def deletes(read: Reader, p: Thing) -> ThingSeen:
    """Takes the wire by force, with a declared template as its pass."""
    await read._wire.exchange("DELETE", "/others", ask="/others")
    return ThingSeen(on=True)


@bad.look(permission="none", asks=("/others",))
async def posts_elsewhere(read: Reader, p: Thing) -> ThingSeen:
    """Takes the wire by force, with a declared template and another path."""
    await read._wire.exchange("POST", "/write", ask="/others")
    return ThingSeen(on=True)


@bad.look(permission="none", asks=("/others",))
async def posts_deeper(read: Reader, p: Thing) -> ThingSeen:
    """The same with a path that only begins like a declared one."""
    await read._wire.exchange("POST", "/read/a/delete", ask="/read/{name}")
    return ThingSeen(on=True)


@bad.look(permission="none")
async def makes_a_sender(read: Reader, p: Thing) -> ThingSeen:
    """Builds its own sender out of the reader's wire."""
    outcome = await Sender(read._wire).send(Call.put("/write", json={}), {})
    return ThingSeen(on=outcome.status == 200)


@pytest.mark.parametrize("look", list(bad.looks.values()), ids=lambda look: look.name)
async def test_no_look_writes_however_hard_it_tries(look):
    async with provider(lambda _: says(200, {})) as there, wired(there.url, connector=bad, writes=False) as wire:
        try:
            seen = await look(Reader(wire), Thing(name="a"))
        except Impossible:
            pass
        else:
            assert not seen.on
        assert there.got == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "MERGE", "get", "OPTIONS"])
async def test_a_wire_opened_for_reading_refuses_whatever_is_not_a_read(method):
    async with provider(lambda _: says(200, {})) as there, wired(there.url, writes=False) as wire:
        with pytest.raises(Impossible, match="reading only"):
            await wire.exchange(method, "/x", body={})
        assert there.got == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_declared_question_is_no_pass_for_another_write(method):
    async with provider(lambda _: says(200, {})) as there, wired(there.url, writes=False) as wire:
        for path in ("/x", "/search/a/delete", "/search/", "/search/a?b", "/check/x"):
            with pytest.raises(Impossible):
                await wire.exchange(method if path != "/x" else "POST", path, ask="/check")
        assert there.got == []


async def test_a_declared_question_is_asked_in_a_dry_run_too():
    async with provider(lambda _: says(200, {"on": True})) as there, wired(there.url, writes=False) as wire:
        assert (await searched(Reader(wire), Thing(name="a b"))).on
    assert [(g.method, g.target, g.body) for g in there.got] == [("POST", "/search/a%20b", b"q=a+b")]


async def test_a_dry_run_has_no_sender():
    reader, sender, wire = connect(Connection("here", toy, "http://127.0.0.1:9"), writes=False)
    assert sender is None
    assert not {name for name in dir(reader) if name in {"send", "post", "put", "delete", "patch"}}
    await wire.close()


async def test_a_write_with_a_question_as_pass_still_needs_the_lease():
    async with provider(lambda _: says(200, {})) as there, wired(there.url) as wire:
        wire.guard = lambda: False
        outcome = await Sender(wire).send(Call.post("/check", form={}), {})
        assert outcome.came == "not-sent"
        assert there.got == []


@pytest.mark.parametrize(
    ("template", "path", "fitting"),
    [
        ("/a/{x}", "/a/b", True),
        ("/a/{x}", "/a/b/c", False),
        ("/a/{x}", "/a/", False),
        ("/a/{x}/c", "/a/b/c", True),
        ("/a.b", "/axb", False),
        ("/{+x}", "//reg/1", True),
        ("@revocation_endpoint", "@introspection_endpoint", False),
    ],
)
def test_a_path_fits_its_template_alone(template, path, fitting):
    assert fits(template, path) is fitting


@pytest.mark.parametrize(
    ("status", "error"), [(401, NotAllowed), (403, NotAllowed), (404, Unseen), (418, Unexpected), (204, Unexpected)]
)
async def test_a_status_has_the_connectors_meaning_and_names_what_is_needed(status, error):
    async with provider(lambda _: says(status, {} if status != 204 else None)) as there, wired(there.url) as wire:
        with pytest.raises(error) as raised:
            await thing(Reader(wire), Thing(name="a"))
    assert raised.value.todo
    assert str(raised.value).startswith(f"here: GET /things/a: {status}")
    if error is NotAllowed:
        assert "toy.read" in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_canary_that_is_turned_away_is_known_by_its_use(status):
    async with provider(lambda got: says(status if "canary" in got.headers["authorization"] else 200, {})) as there:
        async with wired(there.url, secret=Secret("ours")) as wire:
            assert await Reader(wire).turned_away("/me", bearer=Secret("canary"))
            assert not await Reader(wire).turned_away("/me", bearer=Secret("another"))
        assert [g.headers["authorization"] for g in there.got] == ["Bearer canary", "Bearer another"]


async def test_a_canary_that_meets_a_failing_provider_proves_nothing():
    async with provider(lambda _: says(302, location="/login")) as there, wired(there.url) as wire:
        with pytest.raises(Unexpected):
            await Reader(wire).turned_away("/me", bearer=Secret("canary"))


@toy.find(of=thing, permission="toy.list", control=thing)
async def things(read: Reader, p: Thing):
    """All things."""
    after = ""
    while True:
        page = await read.get("/things", after=after)
        for name in page["names"]:
            yield Thing(name=name), ThingSeen(on=True)
        if not (after := page["next"]):
            return


async def listed(pages):
    async with provider(pages) as there, wired(there.url) as wire:
        return [p.name async for p, _ in things(Reader(wire), Thing(name="known"))], there.got


async def test_a_listing_comes_whole_or_raises():
    def two(got):
        return says(200, {"names": ["b"], "next": ""} if "after=1" in got.target else {"names": ["a"], "next": "1"})

    def broken(got):
        return says(200, {"names": ["b"]} if "after=1" in got.target else {"names": ["a"], "next": "1"})

    assert (await listed(two))[0] == ["a", "b"]
    with pytest.raises(Unexpected, match="another shape"):
        await listed(broken)


async def test_an_empty_listing_counts_only_where_the_control_is_seen():
    def empty(got):
        return says(200, {"names": [], "next": ""} if got.target == "/things" else {"on": True})

    def blind(got):
        return says(200, {"names": [], "next": ""}) if got.target == "/things" else says(404)

    names, got = await listed(empty)
    assert names == []
    assert [g.target for g in got] == ["/things", "/things/known"]
    with pytest.raises(Unseen):
        await listed(blind)
