"""What an accepted playbook becomes: order, conditions, variables, texts, and the account of every field."""

import base64

from cacao_house import action, book, chain, ident, pointers, take

END = ident("end", "e")


def steps(playbook):
    """Give the manual steps of what is imported, by id."""
    return {step.id: step for step in take(playbook).checked.playbook.contain if step.kind == "manual"}


def fork(kind, **more):
    return {"type": kind, "on_completion": ident("action", "after"), **more}


def branches(kind, **more):
    """Make a workflow: before, a fork with the branches one and two, each with its own end, after."""
    flow = chain("before")
    flow[ident("action", "before")]["on_completion"] = ident(kind, "fork")
    flow[ident(kind, "fork")] = fork(kind, **more)
    for name in ("one", "two"):
        flow[ident("action", name)] = action(name, ident("end", name))
        flow[ident("end", name)] = {"type": "end"}
    return flow | {ident("action", "after"): action("after", END)}


ONE, TWO = ident("action", "one"), ident("action", "two")


def test_a_chain_keeps_its_order():
    found = steps(book(chain("one", "two", "three")))
    assert list(found) == ["one", "two", "three"]
    assert [step.needs for step in found.values()] == [(), ("one",), ("two",)]


def test_branches_of_a_parallel_step_wait_for_what_was_before_and_not_for_each_other():
    found = steps(book(branches("parallel", next_steps=[ONE, TWO])))
    assert found["one"].needs == found["two"].needs == ("before",)
    assert found["after"].needs == ("one", "two")
    assert not any("Only if" in step.manual for step in found.values())


def test_a_condition_is_said_in_each_step_of_its_branch():
    done = take(book(branches("if-condition", condition="[ip:value = '1']", on_true=ONE, on_false=TWO)))
    found = {step.id: step for step in done.checked.playbook.contain if step.kind == "manual"}
    assert found["one"].manual.startswith("Only if ([ip:value = '1']):\none")
    assert found["two"].manual.startswith("Only if not ([ip:value = '1']):\ntwo")
    assert "Only if" not in found["after"].manual
    assert found["after"].needs == ("one", "two")
    assert f"/workflow/{ident('if-condition', 'fork')}/condition" in pointers(done.losses)


def test_a_switch_says_its_cases():
    cases = {"red": ONE, "default": TWO}
    variables = {"__colour__": {"type": "string", "external": True}}
    found = steps(book(branches("switch-condition", switch="__colour__", cases=cases), playbook_variables=variables))
    assert found["one"].manual.startswith("Only if colour = ${inputs.colour} is 'red':")
    assert found["two"].manual.startswith("Only if colour = ${inputs.colour} is none of 'red':")


def test_success_and_failure_are_said_and_lost():
    flow = branches("parallel", next_steps=[ONE, END])
    flow[ONE] = action("one") | {"on_success": TWO, "on_failure": ident("end", "one")}
    done = take(book(flow))
    text = next(step.manual for step in done.checked.playbook.contain if step.id == "two")
    assert text.startswith("Only if 'one' succeeded:")
    flow[ONE] = action("one") | {"on_success": ident("end", "one"), "on_failure": TWO}
    done = take(book(flow))
    text = next(step.manual for step in done.checked.playbook.contain if step.id == "two")
    assert text.startswith("Only if 'one' failed:")
    assert f"/workflow/{ONE}/on_failure" in pointers(done.losses)


def test_a_condition_that_comes_together_again_is_none():
    flow = branches("if-condition", condition="[x:y = 'z']", on_true=ONE, on_false=TWO)
    del flow[ident("if-condition", "fork")]["on_completion"]
    flow[ONE]["on_completion"] = flow[TWO]["on_completion"] = ident("action", "after")
    del flow[ident("end", "one")], flow[ident("end", "two")]
    found = steps(book(flow))
    assert found["after"].needs == ("one", "two")
    assert "Only if" not in found["after"].manual


def test_the_exception_step_is_wanted_when_something_went_wrong():
    flow = chain("one") | {ident("action", "alarm"): action("alarm", END)}
    done = take(book(flow, workflow_exception=ident("action", "alarm")))
    alarm = next(step for step in done.checked.playbook.contain if step.id == "alarm")
    assert alarm.manual.startswith("Only if something went wrong in the steps before:")
    assert "/workflow_exception" in pointers(done.losses)


def test_another_playbook_is_named_to_a_person():
    other = ident("playbook", "other")
    again = {"type": "playbook-action", "name": "Call the other", "playbook_id": other}
    assert f"Carry out the CACAO playbook {other}" in steps(book(chain("x", x=again)))["call_the_other"].manual


def test_every_command_is_kept_whatever_its_type():
    script = base64.b64encode(b"iptables -A INPUT -s 10.0.0.1 -j DROP").decode()
    binary = base64.b64encode(b"\x00\x01\x02").decode()
    commands = [
        {"type": "made-up-tool", "command": "go", "level": 7, "deep": {"er": [True, None, "x"]}},
        {"type": "bash", "command_b64": script, "version": "5"},
        {"type": "openc2-http", "command": "POST / HTTP/1.1", "content_b64": binary, "headers": {"X-Trace": ["on"]}},
        {"type": "manual", "command": {"odd": "object"}},
    ]
    text = steps(book(chain("x", x=action("x", commands=commands))))["x"].manual
    for said in (
        "Command 1 (made-up-tool): go",
        "level: 7",
        "deep er: true",
        "deep er: null",
        "deep er: x",
        "command_b64: iptables -A INPUT -s 10.0.0.1 -j DROP",
        "Command 3 (openc2-http): POST / HTTP/1.1",
        f"content_b64: {binary}",
        "headers X-Trace: on",
        "command odd: object",
    ):
        assert said in text, said


def test_external_variables_become_inputs_and_constants_their_value():
    variables = {
        "__ip__": {"type": "ipv4-addr", "external": True, "description": "The attacker"},
        "__Copy__": {"type": "string", "external": True, "value": "3 ${x}"},
        "__host__": {"type": "string", "value": "fw1", "constant": True},
        "__mutable__": {"type": "string", "value": "a"},
        "__unused__": {"type": "string", "external": True},
    }
    command = "block __ip__:value on __host__:value, $__Copy__:value $${__mutable__:value} ${literal} __ip__"
    done = take(
        book(chain("x", x=action("x", commands=[{"type": "manual", "command": command}])), playbook_variables=variables)
    )
    inputs = done.checked.playbook.inputs
    assert {name: given.type for name, given in inputs.items()} == {"ip": "text", "copy_given": "text"}
    assert inputs["copy_given"].default == "3 $ {x}"
    assert "# The attacker" in done.text
    wanted = "block ${inputs.ip} on fw1, ${'$'}${inputs.copy_given} $$${a} $${literal} __ip__"
    assert wanted in done.checked.playbook.contain[1].manual
    lost = pointers(done.losses)
    assert "/playbook_variables/__unused__" in lost
    assert "/playbook_variables/__Copy__/value" in lost
    assert "/playbook_variables/__mutable__/value" in lost
    assert "/playbook_variables/__ip__/type" in lost
    assert not any("__host__" in pointer for pointer in lost)


def test_a_text_reads_to_a_person_as_it_was_written():
    from language.template import split

    written = "${a} $${b} $ {c} $$$ ${ $"
    flow = chain("x", x=action("x", description=written))
    assert written in "".join(split(steps(book(flow))["x"].manual))


def test_a_brace_of_another_template_language_is_text():
    from language.template import split

    flow = chain("x", x=action("x", description="{{ inputs.ip }} {steps.a} { run.id }"))
    done = take(book(flow, name="${x} {inputs.x}", description="{inputs.x}"))
    said = "".join(
        p if isinstance(p, str) else p.source.strip("'") for p in split(done.checked.playbook.contain[1].manual)
    )
    assert "{{ inputs.ip }} {steps.a} { run.id }" in said
    assert done.checked.playbook.title == "$ {x} {inputs.x}"


def test_characters_that_cannot_be_seen_are_shown():
    flow = chain("x", x=action("x", description="a\u202eb\x00c\u2028d\ue000"))
    done = take(book(flow))
    assert "a<U+202E>b<U+0000>c<U+2028>d<U+E000>" in done.checked.playbook.contain[1].manual
    assert f"/workflow/{ident('action', 'x')}/description" in pointers(done.losses)


def test_ids_are_short_plain_and_differ():
    names = ["Block IP!", "block ip", "9 lives", "", "if", "Ünïcode", "x" * 60, "x" * 70]
    ids = [f"n{n}" for n in range(len(names))]
    flow = chain(*ids, **{key: action(name) for key, name in zip(ids, names, strict=True)})
    assert list(steps(book(flow))) == [
        "block_ip",
        "block_ip_2",
        "step_9_lives",
        "step",
        "if_step",
        "n_code",
        "x" * 40,
        "x" * 38 + "_2",
    ]


def test_delay_and_timeout_are_kept():
    done = take(book(chain("x", x=action("x", delay=90_000, timeout=1500))))
    step = done.checked.playbook.contain[1]
    assert "Wait 90 seconds before it." in step.manual
    assert step.within == "2s"
    assert f"/workflow/{ident('action', 'x')}/timeout" in pointers(done.losses)


def test_techniques_of_attack_become_ours():
    references = [
        {"name": "MITRE ATT&CK", "external_id": "T1528", "url": "https://attack.mitre.org/techniques/T1528/"},
        {"name": "MITRE ATT&CK", "external_id": "T1528"},
        {"name": "other", "external_id": "T1199"},
    ]
    done = take(book(external_references=references))
    assert done.checked.playbook.attack == ("T1528",)
    assert "/external_references/2" in pointers(done.losses)


def test_network_gear_is_of_the_layer_network():
    firewall = ident("security-category", "fw")
    flow = chain("x", "y", x=action("x", targets=[firewall]))
    targets = {firewall: {"type": "security-category", "name": "edge", "category": ["firewall"]}}
    found = steps(book(flow, target_definitions=targets))
    assert (found["x"].layer, found["y"].layer) == ("network", "application")


def test_a_name_that_is_blank_or_endless_makes_a_title_all_the_same():
    assert take(book(name=" \n")).checked.playbook.title == ident("playbook", "p")
    done = take(book(name="word " * 2000))
    assert len(done.checked.playbook.title) <= 200
    assert "/name" in pointers(done.losses)


def test_a_default_that_is_blank_or_endless_is_none():
    for value in (" ", "x" * 6000):
        variables = {"__v__": {"type": "string", "external": True, "value": value}}
        done = take(book(chain("x", x=action("x __v__:value")), playbook_variables=variables))
        assert done.checked.playbook.inputs["v"].default is None
        assert "/playbook_variables/__v__/value" in pointers(done.losses)


def test_a_marking_stands_at_the_top_of_the_file():
    marking = ident("marking-tlp", "m")
    definitions = {marking: {"type": "marking-tlp", "tlpv2_level": "TLP:AMBER"}}
    assert "# Marked TLP:AMBER" in take(book(markings=[marking], data_marking_definitions=definitions)).text


def _leaves(value, path=""):
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in pairs:
            yield from _leaves(each, f"{path}/{key}")
    else:
        yield path


def test_every_field_is_either_in_the_playbook_or_in_the_report():
    made = book(
        chain("x", x=action("x", step_extensions={ident("extension-definition", "q"): {"a": 1}}, owner="o", odd=[1])),
        severity=3,
        labels=["a"],
        signatures=[{"type": "jss", "value": "x"}],
        odd={"deep": {"er": 1}},
        extension_definitions={ident("extension-definition", "q"): {"type": "extension-definition"}},
    )
    lost = pointers(take(made).losses)
    report = {leaf for leaf in _leaves(made) if any(leaf == p or leaf.startswith(f"{p}/") for p in lost)}
    silent = {leaf for leaf in _leaves(made) if leaf not in report}
    x, us = f"/workflow/{ident('action', 'x')}", f"/agent_definitions/{ident('group', 'us')}"
    start, end = f"/workflow/{ident('start', 's')}", f"/workflow/{END}"
    assert silent == {
        "/type", "/spec_version", "/id", "/name", "/modified", "/workflow_start",
        f"{start}/type", f"{start}/on_completion", f"{end}/type",
        f"{x}/type", f"{x}/name", f"{x}/on_completion", f"{x}/agent",
        f"{x}/commands/0/type", f"{x}/commands/0/command",
        f"{us}/type", f"{us}/name",
    }  # fmt: skip
    assert "/odd" in lost
    assert f"{x}/odd" in lost


def test_the_file_says_how_much_was_lost():
    done = take(book(severity=3))
    assert f"# {len(done.losses)} fields were not carried over" in done.text
