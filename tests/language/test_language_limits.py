"""A long playbook is checked before a responder notices, and a hostile one is refused before it costs anything.

Work is counted in calls where it must grow no faster than the file; time is processor time, so a busy machine does not count.
"""

import cProfile
import pstats
import time

import pytest
import yaml
from language_house import HEAD, HOUSE, INPUTS, book, check

from language import BadPlaybook, read


def steps(count, form, first="  - {id: s0, uses: crm.snapshot}\n"):
    return first + "".join(form.replace("<n>", str(n)).replace("<n-1>", str(n - 1)) for n in range(1, count))


CHAIN = '  - {id: s<n>, uses: crm.note, if: steps.s<n-1>.open, with: {to: a, text: "n ${steps.s<n-1>.effective}"}}\n'
FORMS = {
    "a chain": CHAIN,
    "without ids": "  - {uses: crm.snapshot}\n",
    "manual": '  - {id: s<n>, manual: "Block ${inputs.note}", undo_by: unblock, needs: [s<n-1>], within: 3m}\n',
    "loops": '  - {id: s<n>, uses: crm.snapshot, if: "inputs.people.exists(p, p == inputs.note)"}\n',
    "over the footholds": "  - {id: s<n>, uses: crm.snapshot, for_each: inputs.integration.footholds, where: item.kind == 'app'}\n",
}


def calls(contain):
    profile = cProfile.Profile()
    profile.enable()
    check(contain)
    profile.disable()
    return pstats.Stats(profile).total_calls


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_four_times_the_steps_are_four_times_the_work(form):
    check(steps(3, form))
    assert calls(steps(400, form)) < 4.4 * calls(steps(100, form))


def test_a_circle_through_every_step_is_found_in_one_walk():
    def circle(count):
        return "".join(f"  - {{id: s{n}, uses: crm.snapshot, needs: [s{(n + 1) % count}]}}\n" for n in range(count))

    def counted(count):
        profile = cProfile.Profile()
        profile.enable()
        with pytest.raises(BadPlaybook, match="which waits for it: s0 -> s1 -> .* -> s0"):
            check(circle(count))
        profile.disable()
        return pstats.Stats(profile).total_calls

    counted(3)
    assert counted(800) < 4.6 * counted(200)


def test_a_thousand_steps_take_seconds_and_some_dozen_times_what_their_yaml_takes():
    text = book(steps(1_000, CHAIN))
    check(steps(3, CHAIN))

    def spent(do):
        start = time.process_time()
        do()
        return time.process_time() - start

    ours, theirs = [], []
    for _ in range(3):
        ours.append(spent(lambda: read(text, "p.yaml", HOUSE)))
        theirs.append(spent(lambda: yaml.load(text, yaml.CSafeLoader)))
    assert min(ours) < 6
    assert min(ours) < 25 * min(theirs)


H = HEAD + INPUTS + "contain:\n"
ONE = "contain: [{uses: crm.snapshot}]\n"
HOSTILE = {
    "lists in lists": "[" * 20_000,
    "mappings in mappings": "{a: " * 20_000,
    "an alias bomb": "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(30)),
    "60,000 keys": "".join(f"u{n}: 1\n" for n in range(60_000)),
    "45,000 unknown keys": "".join(f"unknown_{n}: 1\n" for n in range(45_000)),
    "unknown steps": H + "".join(f"  - {{id: s{n}, uses: crm.snapshot, needs: [t{n}x]}}\n" for n in range(3_000)),
    "unknown actions": H + "".join(f"  - {{id: s{n}, uses: crm.snapsh{n}}}\n" for n in range(3_000)),
    "a circle of 3,000": H + "".join(f"  - {{id: s{n}, uses: crm.snapshot, needs: [s{(n + 1) % 3_000}]}}\n" for n in range(3_000)),
    "1,500 circles": H + "".join(f"  - {{id: s{n}, uses: crm.snapshot, needs: [s{n ^ 1}]}}\n" for n in range(3_000)),
    "a long number": HEAD + "inputs: " + "1" * 900_000 + "x\n" + ONE,
    "what begins like a token": HEAD + "inputs: {a: " + "eyJ" * 300_000 + "}\n" + ONE,
    "quotes and colons": HEAD + "inputs: " + ': "a ' * 150_000 + "\n",
    "holes without an end": H + "  - {manual: '" + "${a" * 1_200 + "', undo_by: b}\n",
    "a long id": H + "  - {id: " + "a" * 900_000 + ", uses: crm.snapshot}\n",
    "deep expressions": H + ("  - {uses: crm.snapshot, if: '" + "(" * 200 + "true" + ")" * 200 + "'}\n") * 1_000,
    "40,000 wrong values": H + "  - {uses: crm.allow_only, with: {addresses: [" + "1," * 40_000 + "1]}}\n",
    "unknown systems": HEAD + "inputs: {i: {type: integration, has: [" + ",".join(f"x{n}" for n in range(9_000)) + "]}}\n" + ONE,
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_refused_in_seconds_and_in_few_words(text):
    """What goes over the text again for each of its lines would take minutes; a loaded machine is twice as slow as a quiet one."""
    start = time.process_time()
    with pytest.raises(BadPlaybook) as caught:
        read(text, "p.yaml", HOUSE)
    assert time.process_time() - start < 10
    assert len(caught.value.problems) <= 100
    assert max(len(p.message) for p in caught.value.problems) < 500


def test_playbooks_that_use_each_other_twice_are_read_once_each():
    """Thirty of them, each using the next twice, would be a thousand million readings."""
    asked = []

    def library(name):
        asked.append(name)
        number = int(name.removeprefix("b"))
        use = f"  - uses: playbook.b{number + 1}\n" * 2 if number < 8 else "  - uses: crm.snapshot\n"
        return HEAD.replace("vendor_breached", name) + "contain:\n" + use, f"{name}.yaml"

    read(library("b0")[0], "b0.yaml", HOUSE, library)
    assert sorted(asked) == [f"b{n}" for n in range(9)]


def test_playbooks_that_use_each_other_too_deep_are_refused():
    def library(name):
        number = int(name.removeprefix("b"))
        text = HEAD.replace("vendor_breached", name) + f"contain:\n  - uses: playbook.b{number + 1}\n"
        return text, f"{name}.yaml"

    with pytest.raises(BadPlaybook, match="more than 10 deep"):
        read(library("b0")[0], "b0.yaml", HOUSE, library)
