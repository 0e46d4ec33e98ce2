"""What somebody who is asked must know: before the cut, before the holds, and before anything is given back."""

from __future__ import annotations

from building import STEPS, Story, contained, held

from reports.asked import SHOWN, parts, scope


def _of(run, wall=None):
    return {part.kind: part for part in parts(run, wall)}


def test_before_the_cut():
    found = _of(held().run, "wall")
    assert found["about"].lines == ("Drift at practice_idp; last used 02:39 from 185.220.101.34; 41 people",)
    assert found["in"].title == "Still in by 40 live tokens, 2 live sessions."
    assert found["cut"].title == "Cut after a yes, and cannot be undone"
    assert (
        found["cut"].lines[0]
        == "tokens: practice_idp.revoke_token, 40 now, at most 500; to get back: its owner consents again"
    )
    assert found["held"].title == "Held now, and can be undone"
    assert found["held"].lines[0] == "block: practice_idp.disable_client: 1/1 effective, seen"
    assert found["breaks"].lines == ("Chat to CRM stops.",)
    assert "back" not in found


def test_before_the_holds():
    found = _of(Story().planned().asked("hold").run, "hold")
    assert found["held"].title == "Held after a yes, and can be undone"
    assert (
        found["held"].lines[0] == "block: practice_idp.disable_client, 1 now, at most 500: practice_idp.disable_client"
    )


def test_before_anything_is_given_back():
    story = contained().wait(60).add("ordered", {"phase": "recover", "by": "sam", "yes": False, "leave": []})
    found = _of(story.worded("recovering").asked("back", "commander").run, "back")
    assert "cut" not in found
    assert "held" not in found
    assert found["back"].lines[0] == "block: undoes practice_idp.disable_client on 1 target: block-00"
    for step in ("path", "block"):
        story.sent(step, f"{step}-00", back=True).settled(step, f"{step}-00", "undone", back=True)
    assert _of(story.run, "back")["back"].lines[0].endswith("on 0 targets; 1 given back or in doubt already")


def test_what_grew_since_the_plan_and_what_is_too_much_for_a_screen():
    grown = held().listed("tokens", 43, 43)
    assert ", +3 since the plan" in _of(grown.run)["cut"].lines[0]
    many = {f"cut_{n}": ("x.revoke_token", "cut", "identity", "client", 1) for n in range(SHOWN + 5)}
    assert _of(Story().planned(many).run)["cut"].lines[-1] == "and 5 more"
    assert parts(Story().run) == []
    assert scope("7c1e90ab" * 8) == "7c1e 90ab"
    assert STEPS
