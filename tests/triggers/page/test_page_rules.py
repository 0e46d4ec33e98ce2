"""Who may answer on the page, by what, and what does nothing: by HTTP alone."""

from __future__ import annotations

import hashlib
import time

import pytest
from conftest import HELD, OTHER, SCOPE, WAITING, asked, fields, planned

from triggers.page.codes import _totp, read_secret


def code(secret: str, at_s: float | None = None) -> str:
    raw = read_secret(secret)
    assert raw is not None
    return _totp(raw).generate(at_s or time.time()).decode()


async def test_a_code_opens_the_wall_and_the_record_has_the_text_that_was_shown(served):
    await served.park()
    async with served.client() as ben:
        shown = await served.opened_by(ben)
        assert "Approve 7c1e 90ab" in shown.text
        given = {**fields(shown.text), "answer": "approve", "code": code(served.secrets["ben"]), "reason": "seen the address"}
        after = await ben.post("/page/runs/R-1/answer", data=given, follow_redirects=True)
    assert "the wall is open" in after.text
    (decided,) = served.events("decided")
    assert decided.body["by"] == "person:ben"
    assert decided.body["how"] == "totp"
    assert decided.body["reason"] == "seen the address"
    assert decided.body["scope_hash"] == SCOPE
    import html
    import re

    lines = [html.unescape(re.sub(r"<[^>]+>", "", one)) for one in re.findall(r"<(?:h2|li) data-shown>(.*?)</", shown.text, re.DOTALL)]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == decided.body["shown"]
    assert len(served.events("approved")) == 1
