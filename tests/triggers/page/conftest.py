"""A page as people reach it: the real house and record, served by uvicorn on this machine; and a phone that looks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI

from inventory.proof import new_token
from inventory.read import read_inventory
from journal import Journal, Keys
from tests.triggers.page.browser import CHROMIUM, Phone
from tests.triggers.page.page_house import Served
from triggers.house import House
from triggers.page.codes import new_secret
from triggers.page.routes import router


@pytest_asyncio.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    state = tmp_path / "state"
    (state / "keys").mkdir(mode=0o700, parents=True)
    monkeypatch.setenv("RINGFENCE_HOME", str(state))
    monkeypatch.chdir(tmp_path)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    url = f"http://localhost:{listening.getsockname()[1]}"
    tokens, secrets, people = {}, {}, []
    for name, roles, more in (
        ("ana", "responder", ""), ("ben", "responder, approver", ""), ("dora", "approver", ""), ("cleo", "commander", ""),
        ("eve", "approver", ', accounts: ["practice_crm:svc-drift"]'), ("max", "auditor", ""),
    ):  # fmt: skip
        tokens[name], digest = new_token()
        secrets[name] = new_secret()
        (tmp_path / f"{name}.totp").write_text(secrets[name])
        totp = f', totp: "file:{name}.totp"' if name != "dora" else ""
        people.append(f'  {name}: {{name: {name.title()}, roles: [{roles}], token: "{digest}"{totp}{more}}}')
    (tmp_path / "ringfence.yaml").write_text(
        'connections:\n  idp: {system: oauth, url: "http://127.0.0.1:1"}\n'
        f'page: {{url: "{url}"}}\npeople:\n' + "\n".join(people) + "\n"
    )
    (tmp_path / "integrations.yaml").write_text("integrations: {}\n")
    (tmp_path / "integrations.yaml").write_text(
        "integrations:\n  drift:\n    title: Drift, chat to CRM\n    owner: sales-ops\n    footholds:\n"
        "      - {id: client, kind: client, at: idp, client: drift-prod}\n"
    )
    journal = Journal.open(
        f"sqlite:///{state}/journal.db", keys=Keys.none(), names=[Keys.make_file(state / "keys" / "names")]
    )
    house = House(read_inventory(tmp_path / "ringfence.yaml"), journal, state)
    app = FastAPI()
    app.include_router(router(house))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield Served(url, house, tmp_path, tokens, secrets)
    await house.end(0.1)
    server.should_exit = True
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    await journal.aclose()


@pytest_asyncio.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: what a browser does is not tried")
    found = await Phone.start(tmp_path / "phone")
    yield found
    await found.close()
