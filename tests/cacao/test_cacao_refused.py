"""What makes a CACAO playbook impossible is told at once, each reason with its place."""

import pytest
from cacao_house import action, book, chain, codes, ident, take

from language.cacao import CannotImport

END = ident("end", "e")


def refused(playbook):
    with pytest.raises(CannotImport) as caught:
        take(playbook)
    return caught


def only(playbook):
    """Give the one reason for which a playbook is refused."""
    faults = refused(playbook).value.faults
    assert len(faults) == 1, [str(f) for f in faults]
    return faults[0]


def test_the_smallest_playbook_is_taken():
    assert [s.kind for s in take(book()).checked.playbook.contain] == ["approve", "manual"]


def test_a_circle_of_steps_is_named_in_its_order():
    flow = chain("one", "two", "three")
    flow[ident("action", "three")]["on_completion"] = ident("action", "two")
    faults = refused(book(flow)).value.faults
    loop = next(f for f in faults if f.code == "loop")
    assert "two -> three -> two" in loop.message
    # The end is left behind: that is told as well.
    assert {f.code for f in faults} == {"loop", "unreachable"}


@pytest.mark.parametrize("key", ["on_success", "on_failure"])
def test_a_circle_over_success_or_failure_is_one(key):
    flow = chain("one", "two")
    two = flow[ident("action", "two")]
    other = "on_failure" if key == "on_success" else "on_success"
    del two["on_completion"]
    two |= {key: ident("action", "one"), other: END}
    assert only(book(flow)).code == "loop"


@pytest.mark.parametrize(
    "branching",
    [
        {"type": "if-condition", "condition": "[x:y = 'z']", "on_true": ident("action", "one")},
        {"type": "switch-condition", "switch": "__v__:value", "cases": {"a": ident("action", "one"), "default": END}},
        {"type": "parallel", "next_steps": [ident("action", "one"), END]},
    ],
    ids=lambda step: step["type"],
)
def test_a_circle_through_a_branch_is_one(branching):
    flow = chain("one", "fork", fork=branching)
    variables = {"__v__": {"type": "string", "value": "a"}}
    assert only(book(flow, playbook_variables=variables)).code == "loop"


def test_a_while_condition_is_a_loop_however_it_ends():
    loop = {"type": "while-condition", "condition": "[x:y = 'z']", "on_true": ident("action", "body")}
    flow = chain("one", "again", again=loop) | {ident("action", "body"): action("body", ident("end", "b"))}
    fault = only(book(flow | {ident("end", "b"): {"type": "end"}}))
    assert (fault.code, fault.pointer) == ("loop", f"/workflow/{ident('while-condition', 'again')}")


def test_a_playbook_that_carries_itself_out_is_a_loop():
    again = {"type": "playbook-action", "name": "again", "playbook_id": ident("playbook", "p")}
    assert only(book(chain("one", "again", again=again))).code == "loop"


def test_branches_that_lead_into_what_comes_after_each_other_are_a_loop():
    one, two = ident("action", "one"), ident("action", "two")
    forks = [ident("parallel", "f"), ident("parallel", "g"), ident("parallel", "h")]
    flow = {
        ident("start", "s"): {"type": "start", "on_completion": forks[0]},
        forks[0]: {"type": "parallel", "next_steps": forks[1:], "on_completion": END},
        forks[1]: {"type": "parallel", "next_steps": [one, END], "on_completion": two},
        forks[2]: {"type": "parallel", "next_steps": [two, END], "on_completion": one},
        one: action("one", END),
        two: action("two", END),
        END: {"type": "end"},
    }
    assert only(book(flow)).code == "loop"


@pytest.mark.parametrize("key", ["on_completion", "on_success", "on_failure"])
def test_a_dangling_step_is_told_with_its_place(key):
    flow = chain("one")
    ways = {"on_completion": {}, "on_success": {"on_failure": END}, "on_failure": {"on_success": END}}[key]
    flow[ident("action", "one")] = action("one") | ways | {key: ident("action", "gone")}
    fault = next(f for f in refused(book(flow)).value.faults if f.code == "dangling")
    assert fault.pointer == f"/workflow/{ident('action', 'one')}/{key}"


def test_every_reason_is_told_at_once():
    flow = chain("one", "two")
    flow[ident("action", "one")] |= {"agent": ident("group", "gone"), "targets": [ident("linux", "gone")]}
    flow[ident("action", "two")]["on_completion"] = ident("end", "gone")
    flow[ident("action", "lost")] = action("lost", END)
    wrong = book(flow, playbook_types=["attack"], revoked=True, workflow_exception=ident("end", "gone"))
    found = refused(wrong)
    assert codes(found) == {"attack", "revoked", "dangling", "unreachable"}
    one, two, lost = (f"/workflow/{ident('action', name)}" for name in ("one", "two", "lost"))
    assert {f.pointer for f in found.value.faults} == {
        "/playbook_types/0",
        "/revoked",
        f"{one}/agent",
        f"{one}/targets/0",
        f"{two}/on_completion",
        "/workflow_exception",
        lost,
        f"/workflow/{END}",
    }


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"playbook_types": ["mitigation", "Attack"]}, "attack"),
        ({"revoked": True}, "revoked"),
        ({"valid_until": "2026-02-28T00:00:00Z"}, "expired"),
        ({"valid_from": "2027-02-28T00:00:00Z"}, "expired"),
        ({"valid_from": "2025-02-28T00:00:00Z", "valid_until": "2025-01-01T00:00:00Z"}, "expired"),
        ({"spec_version": "cacao-1.1"}, "version"),
        ({"type": "bundle"}, "version"),
        ({"name": ""}, "type"),
        ({"id": "playbook--1"}, "type"),
        ({"modified": "yesterday"}, "type"),
        ({"modified": "2026-02-30T00:00:00Z"}, "type"),
        ({"workflow": []}, "type"),
        ({"workflow": {}}, "start"),
        ({"workflow_exception": ident("end", "gone")}, "dangling"),
        ({"playbook_variables": {"plain": {"type": "string"}}}, "identifier"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_a_playbook_that_may_not_be_carried_out_is_refused(change, code):
    assert code in codes(refused(book(**change)))


@pytest.mark.parametrize("missing", ["name", "id", "workflow", "workflow_start", "created", "created_by", "modified"])
def test_a_missing_field_is_named(missing):
    made = book()
    del made[missing]
    assert str(only(made)) == f"/{missing}: is missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"type": "loop"}, "step_type"),
        ({"type": "end"}, "step_type"),
        ({"commands": []}, "missing"),
        ({"agent": None}, "missing"),
        ({"on_completion": None}, "end"),
        ({"on_success": END}, "onward"),
        ({"timeout": -1}, "type"),
        ({"timeout": "1"}, "type"),
        ({"timeout": True}, "type"),
        ({"in_args": ["__gone__"]}, "dangling"),
        ({"description": "block __gone__:value"}, "dangling"),
        ({"commands": [{"type": "http-api", "command": "GET /", "headers": {"X": ["__gone__:value"]}}]}, "dangling"),
        ({"commands": [{"type": ""}]}, "type"),
        ({"commands": [{}]}, "missing"),
    ],
    ids=str,
)
def test_a_wrong_step_is_refused(change, code):
    flow = chain("one")
    flow[ident("action", "one")] |= change
    assert code in codes(refused(book(flow)))


def test_a_step_whose_key_is_no_identifier_is_refused():
    flow = chain("one")
    flow["one"] = flow[ident("action", "one")]
    assert "identifier" in codes(refused(book(flow)))


def test_two_starts_are_refused():
    flow = chain("one") | {ident("start", "t"): {"type": "start", "on_completion": END}}
    assert codes(refused(book(flow))) == {"start", "unreachable"}


def test_a_workflow_without_an_end_or_an_action_is_refused():
    start = ident("start", "s")
    assert codes(refused(book({start: {"type": "start"}}))) == {"end", "missing"}


ADDRESSES = [
    ("ipv4", "300.1.1.1"),
    ("ipv4", "10.0.0"),
    ("ipv4", "10.0.0.1/33"),
    ("ipv4", "010.0.0.1"),
    ("ipv4", 17),
    ("ipv6", "fe80::1::2"),
    ("ipv6", "10.0.0.1"),
    ("l2mac", "00:11:22:33:44"),
    ("vlan", 4096),
    ("vlan", "-1"),
    ("url", "httpbin.org"),
    ("url", "ftp://example.org"),
    ("url", "https://exa mple.org"),
    ("url", "https://example.org:99999/"),
    ("url", "https://"),
    ("url", "javascript:alert(1)"),
    ("dname", "-bad.example"),
    ("dname", "a..b"),
    ("dname", "1.2.3.4"),
    ("dname", "x" * 64 + ".org"),
    ("email", "nobody"),
]


@pytest.mark.parametrize(("kind", "value"), ADDRESSES, ids=str)
def test_a_wrong_address_is_refused_with_its_place(kind, value):
    target = ident("net-address", "t")
    made = book(target_definitions={target: {"type": "net-address", "name": "x", "address": {kind: [value]}}})
    fault = only(made)
    assert (fault.code, fault.pointer) == ("address", f"/target_definitions/{target}/address/{kind}/0")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ipv4", "10.0.0.1"),
        ("ipv4", "10.0.0.0/8"),
        ("ipv4", "__ip__:value"),
        ("ipv6", "2001:db8::/32"),
        ("l2mac", "00:11:22:aa:BB:cc"),
        ("vlan", 17),
        ("vlan", "17"),
        ("url", "https://example.org/a?b=c#d"),
        ("url", "http://[2001:db8::1]:8080/"),
        ("url", "https://__host__:value/x"),
        ("dname", "httpbin.org."),
        ("dname", "münchen.example"),
        ("dname", "_dmarc.example.org"),
        ("other", "whatever"),
    ],
    ids=str,
)
def test_a_right_address_is_taken(kind, value):
    target = ident("net-address", "t")
    flow = chain("one")
    flow[ident("action", "one")]["targets"] = [target]
    variables = {name: {"type": "string", "external": True} for name in ("__ip__", "__host__")}
    made = book(
        flow,
        playbook_variables=variables,
        target_definitions={target: {"type": "net-address", "name": "x", "address": {kind: [value]}}},
    )
    assert f"{kind} " in take(made).checked.playbook.contain[1].manual


@pytest.mark.parametrize("mail", ["nobody", "a@b", "a@@b.org", ".a@b.org", "a b@c.org", "a@-b.org", ""])
def test_a_wrong_e_mail_address_is_refused(mail):
    made = book()
    us = ident("group", "us")
    made["agent_definitions"][us]["contact"] = {"email": {"work": mail}}
    assert only(made).pointer == f"/agent_definitions/{us}/contact/email/work"


def test_credentials_that_nobody_defined_are_dangling():
    made = book()
    made["agent_definitions"][ident("group", "us")]["authentication_info"] = ident("http-basic", "gone")
    assert only(made).code == "dangling"


def test_conditions_too_deep_to_judge_are_refused():
    names = [f"if{n}" for n in range(8)]
    ids = [ident("if-condition", n) for n in names]
    flow = {ident("start", "s"): {"type": "start", "on_completion": ids[0]}, END: {"type": "end"}}
    for step_id, inner in zip(ids, [*ids[1:], ident("action", "deep")], strict=True):
        flow[step_id] = {"type": "if-condition", "condition": "[x:y = 'z']", "on_true": inner, "on_completion": END}
    flow[ident("action", "deep")] = action("deep", END)
    assert only(book(flow)).code == "nested"


def test_an_instruction_too_long_for_a_step_is_refused():
    flow = chain("one")
    flow[ident("action", "one")]["commands"][0]["command"] = "x" * 6000
    assert only(book(flow)).code == "too_long"


def test_a_text_that_looks_like_a_credential_is_refused_and_not_shown():
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    flow = chain("one")
    flow[ident("action", "one")]["commands"][0]["command"] = f"aws configure set {key}"
    fault = only(book(flow))
    assert fault.code == "credential"
    assert key not in str(fault)
