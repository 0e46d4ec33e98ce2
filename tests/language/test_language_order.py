"""What waits for what, where the wall is, and names that only an inventory knows."""

import dataclasses
from typing import get_args

import pytest
from language_house import HOUSE, check

from connectors.core.model import FAMILIES
from language import BadPlaybook
from language.model import Family

PROBE = '  - {id: canary, uses: crm.probe, with: {app: "${inputs.integration.crm.app}"}}\n'
FIND = '  - {id: found, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}"}}\n'


def test_references_are_the_order():
    checked = check(
        PROBE
        + FIND
        + "  - {id: a, uses: crm.snapshot, if: steps.canary.open, needs: [found]}\n"
        + '  - {id: b, uses: crm.suspend, for_each: steps.found.items, where: "item.live && !steps.a.failed", '
        + 'with: {user: "${item.user}"}}\n'
        + '  - {id: c, uses: crm.note, with: {to: a, text: "n ${steps.b.effective}"}}\n'
        + '  - {id: d, uses: crm.note, with: {to: a, text: b}, expect: "steps.canary.dead || steps.d.failed"}\n'
        + "  - {id: e, uses: crm.snapshot, if: '\"steps.a.open\" == inputs.note'}\n"
    )
    assert checked.waits == {
        "canary": frozenset(),
        "found": frozenset(),
        "a": frozenset({"canary", "found"}),
        "b": frozenset({"found", "a"}),
        "c": frozenset({"b"}),
        "d": frozenset({"canary"}),
        "e": frozenset(),
    }


def test_a_loop_over_a_find_is_a_reference():
    checked = check(FIND + '  - {id: a, uses: crm.snapshot, if: "steps.found.items.exists(g, g.live)"}\n')
    assert checked.waits["a"] == {"found"}


def test_what_stands_below_the_wall():
    checked = check("  - uses: crm.snapshot\n  - approve: boss\n    within: 10m\n  - {id: x, uses: crm.snapshot}\n  - watch: 24h\n",
                    "  - approve: chief\n  - {id: why, uses: crm.snapshot}\n  - undo: contain\n  - undo: x\n")  # fmt: skip
    assert checked.below_wall == {"x", "watch"}
    assert [s.id for s in checked.playbook.steps] == [
        "snapshot",
        "approve",
        "x",
        "watch",
        "approve_2",
        "why",
        "undo",
        "undo_2",
    ]
    assert checked.playbook.contain[1].within_s == 600
    assert checked.playbook.contain[3].watch_s == 86400
    assert [s.kind for s in checked.playbook.recover] == ["approve", "uses", "undo", "undo"]


def test_an_id_that_nobody_wrote_cannot_be_referred_to():
    with pytest.raises(BadPlaybook, match="no step 'snapshot'"):
        check("  - uses: crm.snapshot\n  - {uses: crm.snapshot, needs: [snapshot]}\n")


def test_a_written_id_is_never_given_to_another_step():
    checked = check("  - uses: crm.snapshot\n  - {id: snapshot, uses: crm.snapshot}\n")
    assert [s.id for s in checked.playbook.steps] == ["snapshot_2", "snapshot"]


def test_a_long_circle_is_told_once():
    steps = "".join(f"  - {{id: s{n}, uses: crm.snapshot, needs: [s{(n + 1) % 5}]}}\n" for n in range(5))
    with pytest.raises(BadPlaybook) as caught:
        check(steps + "  - {id: t, uses: crm.snapshot, needs: [s0]}\n")
    assert [p.message for p in caught.value.problems] == [
        "'s0' waits for 's1', which waits for it: s0 -> s1 -> s2 -> s3 -> s4 -> s0"
    ]


def test_recover_may_look_back():
    checked = check(FIND, "  - {id: r, uses: crm.snapshot, if: size(steps.found.items) == 0}\n")
    assert checked.waits["r"] == {"found"}


def test_a_kill_with_its_block_passes_and_one_of_another_system_does_not_help():
    kill = '  - approve: a\n  - {uses: crm.revoke, with: {token: "${inputs.token}"}}\n'
    block = '  - {uses: crm.block_app, with: {app: "${inputs.integration.crm.app}"}}\n'
    check(block + kill)
    foreign = dataclasses.replace(HOUSE.entries["crm.block_app"], system="mail")
    with pytest.raises(BadPlaybook, match="nothing in contain stops crm"):
        check(block + kill, catalogue=dataclasses.replace(HOUSE, entries={**HOUSE.entries, "crm.block_app": foreign}))


def test_names_of_the_inventory():
    text = "  - {uses: crm.snapshot, at: prod_crm}\n  - approve: approver\n    within: 10m\n"
    assert check(text).unchecked == ("connection prod_crm", "role approver")
    names = {"roles": frozenset({"approver"}), "connections": frozenset({"prod-crm"})}
    with pytest.raises(BadPlaybook, match="no connection 'prod_crm', did you mean 'prod-crm'"):
        check(text, catalogue=dataclasses.replace(HOUSE, names=names))
    names["connections"] = frozenset({"prod_crm"})
    assert check(text, catalogue=dataclasses.replace(HOUSE, names=names)).unchecked == ()


def test_one_text_has_one_hash():
    assert check(PROBE).sha256 == check(PROBE).sha256
    assert check(PROBE).sha256 != check(PROBE + FIND).sha256


KILL = '  - approve: a\n  - {id: it, uses: crm.revoke, for_each: inputs.tokens, with: {token: "${item}"}}\n'


@pytest.mark.parametrize(
    ("said", "blocked"),
    [
        ("layer: application", True),
        ("layer: application, closes: [blocks-reissue, kills-access]", True),
        ("layer: application, closes: [closes-path]", False),
        ("layer: identity", False),
        ("layer: identity, closes: [blocks-reissue]", True),
    ],
)
def test_a_block_by_hand_is_one_where_it_says_so_and_names_whose(said, blocked):
    for named, counts in (("${inputs.integration.crm.app}", blocked), ("${inputs.note}", False)):
        contain = f'  - {{id: hand, manual: "Block {named}", undo_by: Unblock, {said}}}\n{KILL}'
        if counts:
            check(contain)
            continue
        with pytest.raises(BadPlaybook, match="nothing in contain stops crm"):
            check(contain)


def test_what_a_step_closes_is_said_in_the_words_of_connectors():
    assert get_args(Family) == FAMILIES
    wrong = "  - {id: hand, manual: Do it, undo_by: Undo it, layer: application, closes: [kills-acess]}\n"
    with pytest.raises(BadPlaybook, match="closes: must be 'blocks-reissue'.*, not \"kills-acess\""):
        check(wrong)
