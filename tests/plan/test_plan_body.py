"""What a responder is shown before anything happens, as data and as lines."""

from engine.guardrails import CutOff
from reports.plan import lines, tree
from reports.plan.shown import about
from tests.plan.at_home import changed, company, live, planned, with_config
from tests.simulation import ours

TEXT = ours.PLAYBOOK.read_text()


def row(body, step):
    return next(one for one in body["steps"] if one["id"] == step)


def text_of(of):
    return "\n".join(lines(of.run))


def test_each_step_says_what_is_seen_and_wanted_in_words_and_its_calls():
    house = live()
    body = planned(house, company(3))
    assert row(body, "client")["seen"] == "enabled, no scopes, no hosts"
    assert row(body, "client")["wanted"] == "Stop a client from getting tokens"
    assert row(body, "path")["seen"] == "mode any, no addresses"
    assert row(body, "path")["wanted"] == "Let only these addresses through: addresses 203.0.113.10"
    assert row(body, "tokens")["seen"] == "3 active"
    assert row(body, "tokens")["shown"][0] == {
        "target": "tk_000", "seen": "active", "calls": ["POST /tokens/tk_000/revoke"],
    }  # fmt: skip
    said = text_of(house)
    assert 'drift-prod: PUT /clients/drift-prod/enabled {"enabled":false}' in said
    assert "cannot be undone; to get back: its owner signs in and consents again" in said


def test_a_hold_that_stops_new_access_only_says_by_how_much_he_is_still_in():
    house = live()
    body = planned(house, changed(company(5), "tokens", 0, active=False))
    assert row(body, "client")["still_in"] == 4
    assert row(body, "user")["still_in"] == 1
    assert row(body, "path")["still_in"] == 0, "a closed path lets nobody on"
    assert "stops new access only: still in by 4 live tokens until the cut" in text_of(house)


def test_what_is_closed_already_is_held_already_and_named():
    house = live()
    body = planned(house, changed(company(3), "client", 0, enabled=False))
    assert (row(body, "client")["missing"], row(body, "client")["held"]) == (0, 1)
    assert "held already: drift-prod" in text_of(house)


def test_what_waits_for_an_if_is_known_later_with_its_bound():
    text = TEXT.replace("  - id: path\n    uses: practice_firewall.allow_only\n",
                        "  - id: path\n    uses: practice_firewall.allow_only\n    if: steps.user.open\n")  # fmt: skip
    house = live(text=text)
    found = company(3)
    del found["path"]
    body = planned(house, found)
    assert row(body, "path")["later"] == "at most 1 target, if steps.user.open"
    assert "path: practice_firewall.allow_only, later: at most 1 target, if steps.user.open" in text_of(house)


def test_least_permissions_apart_for_looks_and_calls():
    needs = planned(live(), company(1))["permissions"]
    assert needs["practice_idp"] == {
        "looks": ["idp.clients.read", "idp.tokens.read"], "calls": ["idp.clients.manage", "idp.tokens.manage"],
    }  # fmt: skip
    assert needs["notify"] == {"looks": [], "calls": ["the webhook's URL"]}


def test_time_is_look_send_and_look_again_at_the_slowest_rate():
    few, many = (planned(live(), company(tokens))["time"] for tokens in (1, 30_000))
    assert many["by_connection_ms"]["practice_idp"] > 14_000 > few["by_connection_ms"]["practice_idp"]
    assert many["ms"] == max(many["by_connection_ms"].values())
    assert [about(s) for s in (0.2, 3.4, 89, 90, 240, 7300)] == [
        "under 1 s", "about 3 s", "about 89 s", "about 2 min", "about 4 min", "about 2 h",
    ]  # fmt: skip


def test_guardrails_stand_beside_what_the_incident_has_cut_off_before():
    house = live(text=TEXT.replace("\ninputs:\n", "\nguardrails: {max_people: 41}\n\ninputs:\n", 1))
    rails = planned(house, company(3), CutOff(frozenset({"zoe"})))["guardrails"]
    assert (rails["people_so_far"], rails["people_planned"], rails["max_people"]) == (1, 41, 41)
    assert rails["asks"] == [], "zoe may be among the 41 that the provider counts"
    rails = planned(house, company(3), CutOff(counted={"elsewhere": 1}))["guardrails"]
    assert rails["asks"] == ["42 people would be cut off, more than 41"]
    assert "GUARDRAIL: 42 people would be cut off, more than 41: asks 1 commander first" in text_of(house)


def test_a_person_whose_account_is_a_target_is_not_asked_and_the_account_is_said_not_the_name():
    from inventory.people import PersonEntry

    people = {
        "ben": PersonEntry(name="Ben Okafor", roles=["approver", "responder"], accounts=["practice_idp:User1"]),
        "kim": PersonEntry(name="Kim", roles=["commander"], accounts=["practice_idp:nobody"]),
    }
    house = live(inventory=with_config(people=people))
    body = planned(house, company(3))
    assert body["not_asked"] == [{"account": "practice_idp:User1", "roles": ["approver"]}]
    assert "NOT ASKED as approver, and not told: whoever has practice_idp:User1" in text_of(house)
    assert "Okafor" not in str(body)


def test_a_channel_on_a_system_within_the_radius_is_not_told():
    entries = dict(ours.inventory().config.connections)
    entries["notify"] = entries["notify"].model_copy(update={"url": entries["practice_crm"].url + "/hooks"})
    house = live(inventory=with_config(connections=entries))
    assert [one["step"] for one in planned(house, company(1))["not_told"]] == ["told"]
    assert "NOT TOLD by step told: notify rides on crm.practice" in text_of(house)
    assert planned(live(), company(1))["not_told"] == []


def test_an_attackers_name_moves_no_cursor_and_is_no_markup():
    house = live()
    evil = "[bold]\x1b[2J\u202etxt[/bold]"
    body = planned(house, changed(company(2), "tokens", 0, user=evil, used_from=evil))
    assert body["first"]["strange_addresses"]
    said = text_of(house)
    assert "\x1b" not in said
    assert "\u202e" not in said
    from rich.console import Console

    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(tree(house.run))
    drawn = console.export_text()
    assert "\x1b[2J" not in drawn
    assert "[bold]" in drawn, "shown as it is, not obeyed"


def test_tree_and_lines_say_the_same():
    from rich.console import Console

    house = live()
    planned(house, company(3))
    console = Console(width=400, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(tree(house.run))
    drawn = [line.lstrip("│├└─ ").rstrip() for line in console.export_text().splitlines()]
    assert drawn == [line.strip() for line in lines(house.run)]
