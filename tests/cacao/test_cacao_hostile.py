"""A hostile file is refused at once, with the refusal and nothing else."""

import json
import time

import pytest
from cacao_house import book, chain, codes, ident, take

from language.cacao import CannotImport

GOOD = json.dumps(book()).encode()


def within(data, seconds, code):
    began = time.perf_counter()
    with pytest.raises(CannotImport) as refused:
        take(data)
    assert time.perf_counter() - began < seconds
    assert codes(refused) == {code}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b" " * 50_000_000, "too_large"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "too_deep"),
        (b"[" * 999_000, "too_deep"),
        (b'{"a":"' + b'\\"' * 490_000, "json"),
        (b'"' * 999_001, "json"),
        (b'{"x": "[[[[' + b"[" * 100 + b'"}', "version"),
        (b"", "json"),
        (b"null", "shape"),
        (b"[1]", "shape"),
        (b'{"a": 1} x', "json"),
        (b"\xff\xfe{\x00}\x00", "encoding"),
        (GOOD.replace(b"Block", b"Bl\xc3ck"), "encoding"),
        (GOOD.replace(b"Block", b"\\ud800"), "encoding"),
        (GOOD.replace(b'"name":', b'"\\udfff":', 1), "encoding"),
        (GOOD[:-1] + b', "severity": NaN}', "number"),
        (GOOD[:-1] + b', "severity": -Infinity}', "number"),
        (GOOD[:-1] + b', "severity": 1e999}', "number"),
        (GOOD[:-1] + b', "severity": ' + b"9" * 5000 + b"}", "number"),
        (GOOD[:-1] + b', "x": [' + b"0," * 100_001 + b"0]}", "too_many"),
        (GOOD[:-1] + b', "name": "Another"}', "duplicate_key"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{bytes(value[:12])!r}",
)
def test_a_hostile_file_is_refused_at_once(data, code):
    within(data, 10, code)


def test_a_key_that_stands_twice_deep_inside_is_told_with_its_place():
    text = json.dumps(book()).replace('"name": "Block it"', '"name": "Block it", "name": "Open it"')
    with pytest.raises(CannotImport) as refused:
        take(text.encode())
    assert str(refused.value) == (
        f"/workflow/{ident('action', 'a')}: 'name' stands twice: readers differ on which counts"
    )


def test_a_mark_at_the_beginning_of_the_file_is_no_content():
    assert take(b"\xef\xbb\xbf" + GOOD).checked.playbook.id == "test_of_a_playbook"


@pytest.mark.parametrize(
    "text", ["_" * 900_000, "-__" * 300_000, "__a__:value" * 80_000, "://a" * 200_000, "x:" * 400_000]
)
def test_a_text_made_to_be_searched_for_ever_is_refused_soon(text):
    flow = chain("one")
    flow[ident("action", "one")] |= {"description": text, "commands": [{"type": "bash", "command": "x"}]}
    made = book(flow, playbook_variables={"__a__": {"type": "string", "external": True}})
    within(json.dumps(made).encode(), 15, "too_long")


def test_many_keys_that_stand_twice_are_refused_soon():
    one = "{" + ",".join('"a":0' for _ in range(900)) + "}"
    within(f'{{"x": [{",".join([one] * 150)}]}}'.encode(), 10, "duplicate_key")


def test_many_secrets_are_refused_soon():
    secrets = {ident("oauth2", "o"): {str(n): f"secret{n}" for n in range(20_000)}}
    within(json.dumps(book(authentication_info_definitions=secrets)).encode(), 10, "too_many")


def test_as_many_steps_and_ways_as_are_taken_are_taken_in_time():
    forks = [ident("parallel", str(n)) for n in range(124)]
    flow = {ident("start", "s"): {"type": "start", "on_completion": forks[0]}}
    for n, (fork, following) in enumerate(zip(forks, [*forks[1:], ident("end", "e")], strict=True)):
        branches = [ident("action", f"{n}.{m}") for m in range(3)]
        flow[fork] = {"type": "parallel", "next_steps": branches, "on_completion": following}
        for step_id in branches:
            flow[step_id] = chain(step_id)[ident("action", step_id)] | {"on_completion": ident("end", "e")}
    flow[ident("end", "e")] = {"type": "end"}
    began = time.perf_counter()
    done = take(book(flow))
    assert time.perf_counter() - began < 30
    assert len(done.checked.playbook.contain) == 1 + 124 * 3
    assert all(len(step.needs) == 3 for step in done.checked.playbook.contain[4:])


def test_too_many_steps_are_refused_before_anything_is_followed():
    within(json.dumps(book(chain(*(f"s{n}" for n in range(1000))))).encode(), 10, "too_many")


def test_too_many_ways_are_refused():
    targets = [ident("action", f"s{n}") for n in range(5)] * 700
    fork = {"type": "parallel", "next_steps": targets}
    within(json.dumps(book(chain("fork", fork=fork))).encode(), 10, "too_many")


def test_forks_below_forks_do_not_explode():
    # Each step of a rung leads to both of the next: 2^40 ways, 82 steps.
    end = ident("end", "e")
    flow = {ident("start", "s"): {"type": "start", "on_completion": ident("if-condition", "0")}, end: {"type": "end"}}
    for n in range(40):
        following = ident("if-condition", str(n + 1)) if n < 39 else ident("action", "last")
        flow[ident("if-condition", str(n))] = {
            "type": "if-condition",
            "condition": f"[x:y = '{n}']",
            "on_true": ident("action", f"t{n}"),
            "on_false": following,
        }
        step = chain(f"t{n}")[ident("action", f"t{n}")]
        flow[ident("action", f"t{n}")] = step | {"on_completion": following}
    flow[ident("action", "last")] = chain("last")[ident("action", "last")]
    began = time.perf_counter()
    done = take(book(flow))
    assert time.perf_counter() - began < 10
    assert not done.checked.playbook.contain[-1].manual.startswith("Only if")


def test_an_error_shows_at_most_a_hundred_reasons():
    flow = chain("one")
    flow[ident("action", "one")]["targets"] = [ident("linux", str(n)) for n in range(500)]
    with pytest.raises(CannotImport) as refused:
        take(book(flow))
    assert len(refused.value.faults) == 100
