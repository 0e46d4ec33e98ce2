"""The library's playbooks find what they look for at the practice company: names and systems fit something that answers."""

from __future__ import annotations

import pytest

from triggers.cli import place

LIBRARY = sorted((place.CHECKOUT / "playbooks").glob("*.yaml"))
PRACTICE = [file.stem for file in LIBRARY if "has: [practice_" in file.read_text()]


@pytest.mark.slow
def test_each_finds_something_to_do_at_the_practice_company(ringfence):
    assert len(PRACTICE) >= 4
    for name in PRACTICE:
        said = ringfence("plan", name, "--sandbox", "-i", "integration=drift", "--json")
        assert said.code == 0, said.err
        steps = {row["id"]: row for row in said.json["plan"]["steps"]}
        checked = place.checked_playbook(place.CHECKOUT / "playbooks" / f"{name}.yaml", None)
        for step in checked.playbook.contain:
            if step.kind == "uses" and not step.uses.startswith("notify."):
                assert steps[step.id]["count"], f"{name}: {step.id} finds nothing there"
                assert not steps[step.id]["later"], f"{name}: {step.id} is known later only"
