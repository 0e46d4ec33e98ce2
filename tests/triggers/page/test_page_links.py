"""Links, sessions and forms: shown as often as you like, opened once, over when they are over, and nobody else's."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import text

from journal.errors import NoKey
from tests.triggers.page.page_house import challenge_of, code_of, fields
from tests.triggers.page.soft_key import SoftKey
from triggers.page.guard import HEADERS
from triggers.page.key import PageKey
from triggers.page.links import Gone, Links, Opens

pytestmark = pytest.mark.timeout(60)


async def test_a_preview_uses_nothing_up_and_only_the_first_opening_opens(served):
    await served.park()
    path = (await served.link()).removeprefix(served.url)
    async with served.client() as bot:
        for _ in range(3):
            seen = await bot.get(path)
            assert seen.status_code == 200
            assert "Drift" not in seen.text, "a link alone tells nothing of what is cut"
            assert not bot.cookies
    async with served.client() as ben:
        assert (await ben.post(path, follow_redirects=True)).status_code == 200
        assert (await ben.get("/page/runs/R-1")).status_code == 200
    async with served.client() as other:
        late = await other.post(path)
        assert late.status_code == 410
        assert "somebody else reads what" in late.text
        assert (await other.get("/page/runs/R-1")).status_code == 401
    given, opened = served.events("linked")
    assert (given.body["did"], opened.body["did"], opened.body["whom"]) == ("given", "opened", "person:ben")


async def test_of_many_at_once_one_opens(served):
    await served.park()
    path = (await served.link()).removeprefix(served.url)
    async with served.client() as client:
        answers = await asyncio.gather(*(client.post(path) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 11


@pytest.mark.parametrize(
    "spoilt", ["person = 'dora'", "run = 'R-2'", "expires_at = '2099-01-01T00:00:00.000000Z'", "purpose = 'enrol'"]
)
async def test_a_row_that_somebody_altered_opens_nothing(served, spoilt):
    await served.park()
    path = (await served.link()).removeprefix(served.url)
    with served.house.journal.database.engine.connect() as conn, served.house.journal.database.writing(conn):
        conn.execute(text(f"UPDATE links SET {spoilt}"))
    async with served.client() as ben:
        assert (await ben.get(path)).status_code == 404
        assert (await ben.post(path)).status_code == 404


async def test_strange_links_are_no_links(served):
    await served.park()
    path = (await served.link()).removeprefix(served.url)
    async with served.client() as ben:
        for bad in (
            path[:-1],
            path[:-2] + "AA",
            path + "A",
            "/page/l/x",
            "/page/l/" + "A" * 43,
            "/page/l/%00",
            "/page/l/" + "é" * 9,
        ):
            assert (await ben.get(bad)).status_code == 404, bad
        over = served.links.make(Opens("ben", "R-1", "", "decide"), -1)
        assert (await ben.get(over)).status_code == 410
        answer = await ben.post(over)
        assert answer.status_code == 410
        assert "is over" in answer.text
        assert not ben.cookies


async def test_a_link_shows_its_run_and_no_other(served):
    await served.park()
    await served.park(run="R-2", incident="INC-8")
    async with served.client() as ben:
        await served.opened_by(ben)
        assert (await ben.get("/page/runs/R-2")).status_code == 403
        assert (await ben.get("/page/runs/R-2/live")).status_code == 403
        assert (await ben.post("/page/runs/R-2/answer", data={})).status_code == 403
        assert "Enter with my passkey" in (await ben.get("/page")).text, "nor the list"
        await ben.post("/page/leave")
        assert (await ben.get("/page/runs/R-1")).status_code == 401
    async with served.client() as nobody:
        missing = await nobody.get("/page/runs/R-404")
        assert missing.status_code == 401, "who has not said who they are is not told which runs there are"


async def test_forms_of_other_sites_other_people_and_other_runs_do_nothing(served):
    await served.park()
    await served.park(run="R-2", incident="INC-8")
    async with served.client() as ben, served.client() as dora:
        bens = fields((await served.opened_by(ben)).text)
        await served.opened_by(dora, "dora")
        given = {**bens, "answer": "approve", "code": code_of(served.secrets["ben"])}
        for headers in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": served.url.replace("http:", "https:")},
            {"Origin": served.url, "Sec-Fetch-Site": "cross-site"},
        ):
            assert (await ben.post("/page/runs/R-1/answer", data=given, headers=headers)).status_code == 403
        del ben.headers["Origin"]
        assert (await ben.post("/page/runs/R-1/answer", data=given)).status_code == 403
        ben.headers["Origin"] = served.url
        assert (await ben.post("/page/runs/R-1/answer", json=given)).status_code == 415
        assert (
            await ben.post(
                "/page/runs/R-1/answer",
                data={**given, "form": given["form"][:-1] + ("B" if given["form"].endswith("A") else "A")},
            )
        ).status_code == 403
        stolen = await dora.post("/page/runs/R-1/answer", data=given)
        assert stolen.status_code == 403
        assert (await ben.post("/page/runs/R-1/answer", data={**given, "reason": "x" * 70_000})).status_code in {
            400,
            413,
        }
        second = await served.opened_by(ben, run="R-2")
        assert "Approve" in second.text
        assert (await ben.post("/page/runs/R-2/answer", data=given)).status_code == 403, "a form of another run"
    assert served.events("decided") == []


async def test_every_answer_has_the_headers_and_cookies_are_for_this_site_alone(served):
    await served.park()
    path = (await served.link()).removeprefix(served.url)
    async with served.client() as ben:
        opened = await ben.post(path)
        cookie = opened.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        for url in (
            "/page",
            "/page/runs/R-1",
            "/page/runs/R-404",
            "/page/static/page.css",
            "/page/static/x",
            path,
            "/page/l/x",
        ):
            answer = await ben.get(url)
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, url
        async with ben.stream("GET", "/page/runs/R-1/live") as live:
            assert {name: live.headers.get(name) for name in HEADERS} == HEADERS
            assert live.headers["content-type"].startswith("text/event-stream")
        page = (await ben.get("/page/runs/R-1")).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert "http" not in page.replace(served.url, "").replace("http://127.0.0.1:1", ""), "nothing of anybody else's"


def test_over_tls_cookies_and_hsts_are_strict():
    from starlette.responses import Response

    from triggers.page.guard import Guard, new_session
    from triggers.page.passkeys import Site

    guard = Guard(Site("https://page.acme.example", "acme.example"), PageKey(b"k" * 32))
    answer = Response()
    guard.begin(answer, new_session("ben", "R-1", "link", 0.0), 0.0)
    assert answer.headers["set-cookie"].startswith("__Host-ringfence=")
    assert "Secure" in answer.headers["set-cookie"]
    assert guard.headers()["Strict-Transport-Security"] == "max-age=31536000"


def test_what_is_signed_for_one_purpose_or_by_another_key_opens_nothing():
    key, other = PageKey(b"k" * 32), PageKey(b"o" * 32)
    signed = key.close("session", {"person": "ben"}, 100)
    assert key.open("session", signed, 99) == {"person": "ben", "until": 100}
    assert key.open("session", signed, 100) is None
    assert key.open("answer", signed, 99) is None
    assert other.open("session", signed, 99) is None
    for bad in ("", ".", "a.b", signed[:-1], f"x{signed}", f"{signed}.", "é" * 20, "A" * 9000):
        assert key.open("session", bad, 99) is None, bad
    assert key.mac("x", "ab", "c") != key.mac("x", "a", "bc")


def test_the_key_is_made_once_and_its_owners_alone(tmp_path):
    made: list[bytes] = []
    file = tmp_path / "keys" / "page"
    threads = [threading.Thread(target=lambda: made.append(PageKey.of_file(file).mac("x", "y"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(NoKey, match="can be read by others"):
        PageKey.of_file(file)


async def test_links_of_another_key_are_none_of_ours(served):
    await served.park()
    path = Links(served.shelf, PageKey(b"o" * 32)).make(Opens("ben", "R-1", "", "decide"), 15)
    with pytest.raises(Gone):
        served.links.look(path.rpartition("/")[2])


async def test_a_passkey_enters_once_for_each_form_and_a_stranger_leaves_no_row(served):
    await served.park()
    key, stranger = await served.passkey(), SoftKey()
    async with served.client() as ben:
        front = (await ben.get("/page")).text
        given = {**fields(front, "enter"), "answer": "enter"}
        wanted = challenge_of(front, "enter")
        assert (
            await ben.post("/page/enter", data={**given, "passkey": stranger.answer(wanted, served.url)})
        ).status_code == 403
        assert (await ben.post("/page/enter", data=given)).status_code == 403
        with served.house.journal.database.engine.connect() as conn:
            assert conn.execute(text("SELECT count(*) FROM spent")).scalar() == 0
        passkey = key.answer(wanted, served.url)
        entered = await ben.post("/page/enter", data={**given, "passkey": passkey}, follow_redirects=True)
        assert "Your open questions" in entered.text
        assert "/page/runs/R-1" in entered.text
        assert (await ben.post("/page/enter", data={**given, "passkey": passkey})).status_code == 403
        assert "Approve the cut" in (await ben.get("/page/runs/R-1")).text
        for odd in ("R-404", "@journal", "%40journal", "%00", "é", "x" * 300, "x y", "'"):
            assert (await ben.get(f"/page/runs/{odd}")).status_code == 404, odd
            assert (await ben.get(f"/page/runs/{odd}/live")).status_code == 404, odd
