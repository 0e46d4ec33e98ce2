"""The published files beside the repository import, or are refused, as their content wants it."""

import pytest
from cacao_house import NOW, SHARED, codes, take

from language.cacao import CannotImport

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/cacao is not here")


def _file(name):
    return (SHARED / name).read_bytes()


def test_the_endless_loop_is_refused_and_named_with_the_other_faults():
    with pytest.raises(CannotImport) as refused:
        take(_file("NEG-infinite_playbook.json"))
    loop = next(f for f in refused.value.faults if f.code == "loop")
    assert loop.pointer == "/workflow/action--6b23c237-ade8-4d00-9aa1-75999738d557"
    assert "End SOARCA Main Flow -> End SOARCA Main Flow" in loop.message
    assert codes(refused) == {"loop", "start", "end", "dangling"}
    assert "super-secure-password" not in str(refused.value)


def test_a_workflow_that_begins_with_a_parallel_step_is_refused():
    with pytest.raises(CannotImport) as refused:
        take(_file("parallels_playbook.json"))
    assert codes(refused) == {"start", "dangling"}
    assert {f.pointer for f in refused.value.faults} == {"/workflow_start", "/workflow", "/workflow_exception"}


def test_the_http_example_becomes_a_manual_step_below_an_approval():
    done = take(_file("http-playbook.json"))
    wall, step = done.checked.playbook.contain
    assert wall.approve == "approver"
    assert "Command (http-api): GET get HTTP1.1" in step.manual
    assert "httpbin (http-api), dname httpbin.org" in step.manual
    assert "# action--eb9372d4-d524-49fc-bf24-be26ea084779" in done.text


def test_the_manual_example_keeps_its_command_its_people_and_its_time():
    done = take(_file("manual-playbook.json"))
    step = done.checked.playbook.contain[1]
    assert "Do: prepare Falcon for hyperspeed jump" in step.manual
    assert "On: Luke Skywalker (individual), Darth Vaders son" in step.manual
    assert step.within == "100s"
    assert any("__hyperspeed_ready__" in loss.pointer for loss in done.losses)


def test_what_is_no_longer_valid_is_refused():
    with pytest.raises(CannotImport) as refused:
        take(_file("http-playbook.json"), NOW.replace(year=2124))
    assert codes(refused) == {"expired"}
