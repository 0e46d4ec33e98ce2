"""The page on a phone: Chromium of 390 x 844 with a passkey in it, as somebody uses it at night."""

from __future__ import annotations

import base64
import hashlib
import json

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from journal.proof.verify import verify_url
from tests.triggers.page.page_house import SCOPE, Served, asked, effect
from triggers.page.deciding import statement
from triggers.page.links import Opens
from triggers.page.passkeys import challenge

pytestmark = [pytest.mark.timeout(120), pytest.mark.long]


async def enrolled(served: Served, phone, person: str = "ben") -> str:
    """A passkey of somebody's on the phone, confirmed at the terminal; its eight letters."""
    await phone.go(served.url + served.links.make(Opens(person, "", "", "enrol"), 15))
    await phone.click("form button")
    await phone.until("document.querySelector('[data-make]')")
    await phone.click("form[data-make] button")
    await phone.until("document.body.innerText.includes('compare these letters')")
    (made,) = served.shelf.made(person)
    assert made.spoken in await phone.text()
    assert served.shelf.passkeys(person) == [], "it counts only once it was confirmed"
    await served.house.journal.record(served.shelf.said(made, "token", on=True))
    assert served.shelf.passkeys(person) == [made]
    return made.spoken


async def test_a_passkey_approves_and_the_record_proves_what_it_signed(served, phone):
    await served.park()
    await phone.with_authenticator()
    await enrolled(served, phone)
    await phone.go(await served.link())
    await phone.click("form button")
    await phone.until("document.querySelector('form.answer button.yes')")
    lines = await phone.js("[...document.querySelectorAll('[data-shown]')].map(e => e.textContent).join('\\n')")
    await phone.click("form.answer button.yes")
    await phone.until("document.body.innerText.includes('the wall is open')")

    (decided,) = served.events("decided")
    body, evidence = decided.body, decided.body["evidence"]
    assert (body["by"], body["how"], body["scope_hash"]) == ("person:ben", "passkey", SCOPE)
    assert hashlib.sha256(lines.encode()).hexdigest() == body["shown"]
    data = json.loads(_bytes(evidence["client_data"]))
    form = {"run": "R-1", "wall": body["wall"], "scope_hash": SCOPE, "shown": body["shown"], "nonce": evidence["nonce"]}
    assert _bytes(data["challenge"]) == challenge("answer", statement(form, "ben", "approve"))
    assert _bytes(data["challenge"]) != challenge("answer", statement(form, "ben", "object"))
    assert data["origin"] == served.url
    key = cbor2.loads(_bytes(evidence["public"]))  # and whoever has the record can check the signature, without us
    assert (key[1], key[3]) == (1, -8), "this authenticator signs with Ed25519"
    over = _bytes(evidence["authenticator_data"]) + hashlib.sha256(_bytes(evidence["client_data"])).digest()
    Ed25519PublicKey.from_public_bytes(key[-2]).verify(_bytes(evidence["signature"]), over)
    assert len(served.events("approved")) == 1
    assert verify_url(served.house.journal.url) == []


async def test_the_matrix_moves_by_itself_and_a_new_question_shuts_the_buttons(served, phone):
    await served.park()
    await phone.with_authenticator()
    await enrolled(served, phone)
    await phone.go(await served.link())
    await phone.click("form button")
    await phone.until("document.querySelector('[data-link]')?.textContent === 'Live.'")
    await served.go_on(*effect("tokens", "tk_1", "idp.revoke_token"))
    await phone.until("document.querySelector('[data-fragment]').innerText.includes('2/41 effective')")
    assert not await phone.js("document.querySelector('form.answer button.yes').disabled")
    await served.go_on(asked("19d022c4" * 8))
    await phone.until("document.querySelector('form.answer button.yes').disabled")
    assert "has changed since you looked" in await phone.text()
    wrong = [one for one in phone.said if one["method"] in {"Runtime.exceptionThrown", "Log.entryAdded"}]
    assert wrong == []


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
