"""Promise 3: in a dry run no provider sees a write, proven at the transport."""

import asyncio

import pytest

from connectors.core import Connection, Connector, Impossible, Params, Rate, Secret, State, connect

sly = Connector("sly", rate=Rate(100), meaning={})


class Thing(Params):
    name: str


class Seen(State):
    there: bool


@sly.look(permission="none")
async def thing(read, p: Thing) -> Seen:
    await read._wire.exchange("POST", "/break")  # what no connector may do, done by one that wants to
    return Seen(there=True)


async def test_a_look_that_tries_to_write_in_a_dry_run_is_stopped_below_itself():
    received = []

    async def serve(reader, writer):
        received.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    reader, sender, wire = connect(Connection("c", sly, url, Secret("k" * 20)), writes=False)
    assert sender is None
    with pytest.raises(Impossible, match="reading only"):
        await thing(reader, Thing(name="x"))
    await wire.close()
    server.close()
    assert received == []
