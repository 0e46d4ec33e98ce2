"""The command line beside the page: links, passkeys and secrets of codes; and what is told with a link in it."""

from __future__ import annotations

import asyncio
import json

import pytest

from engine.telling import told
from inventory.model import Config
from inventory.people import TellEntry
from inventory.ways import PageEntry
from journal.clock import wall
from tests.triggers.page.soft_key import SoftKey, text
from triggers.cli.main import main
from triggers.page.codes import read_secret
from triggers.page.giving import giver
from triggers.page.links import Gone
from triggers.page.shelf import Passkey

pytestmark = pytest.mark.timeout(60)


def call(capsys, *words):
    capsys.readouterr()
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "fault of ours" not in said.out + said.err
    return code, said.out, said.err


async def in_a_thread(capsys, *words):
    return await asyncio.to_thread(call, capsys, *words)


async def test_page_prints_a_link_for_one_person_and_the_record_says_so(served, capsys):
    await served.park()
    code, out, err = await in_a_thread(capsys, "page", "R-1", "--as", "ben", "--json")
    assert code == 0, err
    url = json.loads(out)["url"]
    assert url.startswith(f"{served.url}/page/l/")
    assert served.links.look(url.rpartition("/")[2]).opens.person == "ben"
    (given,) = served.events("linked")
    assert (given.body["whom"], given.body["did"]) == ("person:ben", "given")
    assert url.rpartition("/")[2] not in json.dumps([event.body for event in served.house.journal.events("R-1")])
    for person, why in (("eve", "gets no link"), ("bem", "did you mean 'ben'")):
        code, _, err = await in_a_thread(capsys, "page", "R-1", "--as", person)
        assert code == 1
        assert why in err


async def test_links_that_are_open_are_counted(served, capsys):
    await served.park()
    for _ in range(10):
        await served.link()
    code, _, err = await in_a_thread(capsys, "page", "R-1", "--as", "ben")
    assert code == 1
    assert "has 10 links" in err


async def test_a_passkey_counts_once_its_owner_confirmed_it_and_no_more_once_it_was_taken_away(served, capsys):
    token = served.folder / "ben.token"
    token.write_text(served.tokens["ben"])
    token.chmod(0o600)
    code, out, _ = await in_a_thread(capsys, "person", "passkey", "ben", "--token", f"@{token}", "--json")
    assert code == 0
    path = json.loads(out)["url"].removeprefix(served.url)
    async with served.client() as phone:
        assert "make a passkey" in (await phone.get(path)).text
        form = (await phone.post(path)).text
        assert "data-make" in form
        assert (await phone.post(path)).status_code == 410
    key = SoftKey()
    made = Passkey(text(key.id), "ben", key.public, 0, "phone", wall())
    served.shelf.add_passkey(made)
    assert served.shelf.passkeys("ben") == []
    wrong, _, err = await in_a_thread(
        capsys, "person", "passkey", "ben", "--token", f"@{token}", "--confirm", "0000 0000"
    )
    assert wrong == 1
    assert made.spoken in err
    code, out, _ = await in_a_thread(
        capsys, "person", "passkey", "ben", "--token", f"@{token}", "--confirm", made.spoken
    )
    assert code == 0
    assert "counts from now on" in out
    assert served.shelf.passkeys("ben") == [made]
    code, out, _ = await in_a_thread(
        capsys, "person", "passkey", "ben", "--token", f"@{token}", "--remove", made.spoken.replace(" ", "")
    )
    assert code == 0
    assert served.shelf.made("ben") == []
    marks = [event.body for event in served.house.journal.events("@journal") if event.type == "passkey"]
    assert [body["on"] for body in marks] == [True, False]
    assert "ben" not in json.dumps(marks), "the journal's own chain names nobody"
    served.shelf.add_passkey(made)
    assert served.shelf.passkeys("ben") == [], "put back as a row it counts no more"


async def test_nobody_makes_a_passkey_for_somebody_else(served, capsys):
    token = served.folder / "cleo.token"
    token.write_text(served.tokens["cleo"])
    token.chmod(0o600)
    for words in (["ben"], ["ben", "--token", f"@{token}"], ["nobody", "--token", f"@{token}"]):
        code, out, err = await in_a_thread(capsys, "person", "passkey", *words)
        assert code == 1, words
        assert "/page/l/" not in out + err


async def test_the_secret_of_codes_goes_into_a_file_of_its_owners(served, capsys):
    file = served.folder / "new.totp"
    code, out, _ = await in_a_thread(capsys, "person", "totp", "dora", "-o", file)
    assert code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert read_secret(file.read_text()) is not None
    assert f'totp: "file:{file}"' in out
    assert "otpauth://totp/" in out
    assert (await in_a_thread(capsys, "person", "totp", "dora", "-o", file))[0] == 1


async def test_somebodys_own_channel_gets_their_link_others_the_address_and_the_radius_nothing(served, monkeypatch):
    await served.park()
    sent: list[tuple[str, str]] = []

    async def keep(_inventory, entry, said):
        sent.append((entry.person or "all", said))
        return ""

    monkeypatch.setattr("engine.telling._sent", keep)
    inventory = served.house.inventory
    tell = tuple(
        TellEntry.model_validate({"of": ["waiting"], "to": "env:X", **more})
        for more in ({"person": "ben"}, {}, {"person": "eve"}, {"person": "dora", "rides_on": "crm"})
    )
    object.__setattr__(inventory.config, "tell", tell)
    run = await served.house.run("R-1")
    drafts = await told(
        inventory, run, "waiting", give=giver(served.house.journal, inventory, served.house.state, sandbox=False)
    )
    assert len(drafts) == 4
    texts = dict(sent)
    link = texts["ben"].rpartition("On your phone, once: ")[2]
    assert served.links.look(link.rpartition("/")[2]).opens.person == "ben"
    assert texts["all"].endswith(f"On a phone: {served.url}/page/runs/R-1")
    assert "/page/" not in texts["eve"], "a target is given no link"
    assert "dora" not in texts, "the channel rides on what was breached"
    assert [event.body["whom"] for event in served.events("linked")] == ["person:ben"]
    sent.clear()
    await told(inventory, run, "failed", give=giver(served.house.journal, inventory, served.house.state, sandbox=False))
    assert sent == []


def test_where_the_page_is_said_strictly():
    good = {
        "https://page.acme.example": "page.acme.example",
        "http://localhost:8700": "localhost",
        "https://p.acme.example:8443/": "p.acme.example",
    }
    for url, bound in good.items():
        assert PageEntry.model_validate({"url": url}).bound_to == bound
    assert PageEntry.model_validate({"url": "https://p.acme.example", "rp_id": "acme.example", "link": "5m"}).link == 5
    for bad in (
        {"url": "http://page.acme.example"}, {"url": "https://page.acme.example/x"}, {"url": "https://u:p@page.acme.example"},
        {"url": "https://10.0.0.7"}, {"url": "https://p.acme.example", "rp_id": "evil.example"}, {"url": "https://p.acme.example:x"},
        {"url": "https://p.acme.example", "rp_id": "example"[1:]}, {"url": "https://p.acme.example", "link": "3h"}, {"url": "ftp://x"},
        {"url": "https://p.acme.example", "link": "121m"}, {"url": "https://p.acme.example", "key": "secret"}, {"url": ""},
    ):  # fmt: skip
        with pytest.raises(ValueError):
            PageEntry.model_validate(bad)
    with pytest.raises(ValueError, match="nobody of"):
        Config.model_validate({
            "connections": {"chat": {"system": "notify", "url": "http://127.0.0.1:1"}},
            "tell": [{"of": ["waiting"], "to": "chat", "person": "ben"}],
        })  # fmt: skip


async def test_a_link_that_nobody_has_is_no_link_even_to_us(served):
    with pytest.raises(Gone):
        served.links.look("A" * 43)
