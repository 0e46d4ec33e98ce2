"""Who may answer on the page, by what, and what does nothing: by HTTP alone, against the real house and record."""

from __future__ import annotations

import asyncio
import hashlib
import html
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from journal.proof.verify import verify_url
from tests.triggers.page.page_house import HELD, OTHER, SCOPE, asked, challenge_of, code_of, effect, fields
from triggers.page.giving import Barred
from triggers.page.links import Opens

ANSWER = "/page/runs/R-1/answer"
pytestmark = pytest.mark.timeout(60)


async def answered(client, shown, **given):
    """Send the form that was shown; the screen that comes of it."""
    answer = await client.post(ANSWER, data={**fields(shown.text), "answer": "approve", **given}, follow_redirects=True)
    assert "Traceback" not in answer.text
    return answer


def away(served, run="R-1"):
    return [event.body["code"] for event in served.events("turned_away", run)]


async def test_a_code_opens_the_wall_and_the_record_has_the_text_that_was_shown(served):
    await served.park()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        after = await answered(ben, shown, code=code_of(served.secrets["ben"]), reason="seen the address")
    assert "the wall is open" in after.text
    (decided,) = served.events("decided")
    assert {name: decided.body[name] for name in ("by", "how", "role", "reason", "scope_hash")} == {
        "by": "person:ben", "how": "totp", "role": "approver", "reason": "seen the address", "scope_hash": SCOPE,
    }  # fmt: skip
    lines = [html.unescape(one) for one in re.findall(r"<(?:h2|li) data-shown>(.*?)</", shown.text, re.DOTALL)]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == decided.body["shown"]
    assert any("to get back: its users consent again" in line for line in lines)
    assert len(served.events("approved")) == 1
    assert verify_url(served.house.journal.url) == []


async def test_a_passkey_signs_just_one_answer(served):
    await served.park()
    key = await served.passkey()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        objection = key.answer(challenge_of(shown.text, "object"), served.url)
        crossed = await answered(ben, shown, passkey=objection)
        assert "it signed something else" in html.unescape(crossed.text)
        assert away(served) == ["unproven"]
        assert served.events("turned_away")[0].body["by"] == "page:ben"
        shown = await ben.get("/page/runs/R-1")
        passkey = key.answer(challenge_of(shown.text), served.url)
        after = await answered(ben, shown, passkey=passkey)
        assert "the wall is open" in after.text
        replayed = await answered(ben, shown, passkey=passkey)
        assert replayed.status_code == 409
    assert len(served.events("decided")) == 1
    assert served.shelf.passkeys("ben")[0].signs == key.signs


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"origin": "https://page.evil.example"}, "another site"),
        ({"rp_id": "evil.example"}, "another site's"),
        ({"verified": False}, "who they are"),
        ({"crossOrigin": True}, "another site's frame"),
        ({"type": "webauthn.create"}, "does not fit"),
    ],
)
async def test_a_passkey_used_elsewhere_or_by_nobody_proves_nothing(served, spoilt, why):
    await served.park()
    key = await served.passkey()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        given = {"origin": served.url, **spoilt}
        after = await answered(ben, shown, passkey=key.answer(challenge_of(shown.text), **given))
        assert why in html.unescape(after.text)
    assert away(served) == ["unproven"]
    assert served.events("decided") == []


@pytest.mark.parametrize(
    "spoil", ["clientDataJSON", "authenticatorData", "signature", "rawId", "all", "list", "deep", "long"]
)
async def test_what_no_browser_sends_is_turned_away_and_breaks_nothing(served, spoil):
    await served.park()
    key = await served.passkey()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        answer = json.loads(key.answer(challenge_of(shown.text), served.url))
        match spoil:
            case "all":
                given = "{}"
            case "list":
                given = "[1]"
            case "deep":
                given = "[" * 9000
            case "long":
                given = json.dumps({**answer, "more": "x" * 20_000})
            case "rawId":
                given = json.dumps({**answer, "rawId": "AAAA"})
            case _:
                answer["response"][spoil] += "=="
                given = json.dumps(answer)
        after = await answered(ben, shown, passkey=given)
        assert after.status_code == 200
        assert "Turned away" in after.text
        for odd in (None, 7, [], {"a": 1}, "é", "\x00"):
            shown = await ben.get("/page/runs/R-1")
            spoilt = json.dumps({**answer, "response": {**answer["response"], "signature": odd}})
            assert (await answered(ben, shown, passkey=spoilt)).status_code == 200
    assert set(away(served)) == {"unproven"}
    assert served.events("decided") == []


async def test_a_copied_passkey_a_strangers_and_one_that_only_a_row_speaks_for(served):
    await served.park()
    mine, doras, planted = await served.passkey(), await served.passkey("dora"), await served.passkey(chained=False)
    async with served.client() as ben:
        for key in (doras, planted):
            shown = await served.opened_by(ben)
            after = await answered(ben, shown, passkey=key.answer(challenge_of(shown.text), served.url))
            assert "not known here" in after.text
        shown = await served.opened_by(ben)
        assert "the wall is not open" not in shown.text
        mine.signs = 41
        await answered(
            ben,
            shown,
            passkey=mine.answer(challenge_of(shown.text, "object"), served.url),
            answer="object",
            reason="look first",
        )
        await served.park(run="R-2", incident="INC-8")
        mine.signs = 3
        shown = await served.opened_by(ben, run="R-2")
        copy = {**fields(shown.text), "answer": "approve", "passkey": mine.answer(challenge_of(shown.text), served.url)}
        after = await ben.post("/page/runs/R-2/answer", data=copy, follow_redirects=True)
        assert "may be a copy" in after.text
    assert [event.body["answer"] for event in served.events("decided")] == ["no"]
    assert served.events("decided", "R-2") == []


async def test_an_objection_says_why_and_asks_more(served):
    await served.park()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        mute = await answered(ben, shown, answer="object", code=code_of(served.secrets["ben"]))
        assert mute.status_code == 400
        assert served.events("decided") == []
        after = await answered(
            ben, shown, answer="object", code=code_of(served.secrets["ben"]), reason="whose address is it?"
        )
        assert "you object to" in after.text
        assert "What is held stays held." in after.text
    assert len(served.events("objected")) == 1
    assert served.events("approved") == []


async def test_the_requester_somebody_without_the_role_and_a_second_answer_are_turned_away(served):
    await served.park(by="person:ben")
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        assert "somebody else must approve it" in shown.text
        assert 'value="approve"' not in shown.text
        after = await answered(ben, shown, code=code_of(served.secrets["ben"]))
        assert "Turned away" in after.text
    assert away(served) == ["requester"]
    async with served.client() as max_:
        shown = await served.opened_by(max_, "max")
        assert "takes the authority of approver" in shown.text
        assert "<form" not in shown.text.partition("Your answer")[2].partition("</section>")[0]
    async with served.client() as cleo:
        shown = await served.opened_by(cleo, "cleo")
        await answered(cleo, shown, answer="object", reason="wait", code=code_of(served.secrets["cleo"]))
        again = await cleo.get("/page/runs/R-1")
        assert "you object to" in again.text
        assert 'name="form"' not in again.text
    assert len(served.events("decided")) == 1


async def test_even_a_form_of_ours_gives_nobody_a_role(served):
    await served.park()
    async with served.client() as max_:
        await served.opened_by(max_, "max")
        session = served.links._key.open("session", max_.cookies["ringfence"], 0)
        form = served.links._key.close("answer", {
            "session": session["id"], "run": "R-1", "wall": "approve", "scope_hash": SCOPE, "shown": "00" * 32, "nonce": "n",
        }, datetime.now(UTC).timestamp() + 60)  # fmt: skip
        given = {"form": form, "answer": "approve", "code": code_of(served.secrets["max"])}
        after = await max_.post(ANSWER, data=given, follow_redirects=True)
        assert "Turned away" in after.text
    assert away(served) == ["no_role"]


async def test_a_target_gets_no_link_and_is_shown_nothing(served):
    await served.park()
    with pytest.raises(Barred, match="gets no link"):
        await served.link("eve")
    async with served.client() as eve:
        path = served.links.make(Opens("eve", "R-1", "", "decide"), 15)
        answer = await eve.post(path, follow_redirects=True)
        assert answer.status_code == 403
        assert "has no say in this incident" in answer.text
        assert "7c1e" not in answer.text
        assert (await eve.get("/page/runs/R-1/live")).status_code == 403
        assert (await eve.post(ANSWER, data={"answer": "approve"})).status_code == 403


async def test_a_changed_scope_and_a_question_that_ended(served):
    await served.park()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        await served.go_on(asked(OTHER))
        after = await answered(ben, shown, code=code_of(served.secrets["ben"]))
        assert "is not what is asked about" in after.text
        assert "Approve the cut" in after.text, "the question as it is now is asked at once"
        assert "19d0 22c4" in after.text
        until = (datetime.now(UTC) + timedelta(seconds=1)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        await served.go_on(asked("5a" * 32, until=until))
        shown = await ben.get("/page/runs/R-1")
        await asyncio.sleep(1.1)
        after = await answered(ben, shown, code=code_of(served.secrets["ben"], datetime.now(UTC).timestamp() + 30))
        assert "The question ended" in after.text
    assert away(served) == ["stale", "expired"]
    assert served.events("decided") == []


async def test_two_are_wanted_and_the_screen_says_who_is_left(served):
    await served.park(*HELD[:-1], asked(people=2))
    async with served.client() as ben:
        after = await answered(ben, await served.opened_by(ben), code=code_of(served.secrets["ben"]))
        assert "the wall is not open yet" in after.text
        assert "1 more to say yes: Dora" in after.text
    key = await served.passkey("dora")
    async with served.client() as dora:
        shown = await served.opened_by(dora, "dora")
        assert "use a code" not in shown.text, "she has none"
        after = await answered(dora, shown, passkey=key.answer(challenge_of(shown.text), served.url))
        assert "the wall is open" in after.text
        assert "YES  Ben" in shown.text
    assert len(served.events("approved")) == 1


async def test_what_moved_inside_the_scope_is_shown_and_does_not_ask_again(served):
    await served.park()
    await served.go_on(*effect("tokens", "tk_1", "idp.revoke_token"))
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        assert "Still in by 39 live tokens." in shown.text
        await served.go_on(*effect("tokens", "tk_2", "idp.revoke_token"))
        after = await answered(ben, shown, code=code_of(served.secrets["ben"]))
        assert "the wall is open" in after.text
