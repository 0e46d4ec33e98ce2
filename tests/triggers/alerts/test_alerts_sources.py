"""The sources' files: the names that there are, each sound; and what is wrong with one is said with its place."""

import pytest
from sampled import UNPROVEN

from engine.registry import catalogue, registry
from language import BadPlaybook
from language import read as checked
from triggers.alerts.names import names
from triggers.alerts.narrowed import Narrowed
from triggers.alerts.reading import SOURCES, BadSource, NotAnAlert, Shelf, read

NAMES = {
    "okta", "github", "google-workspace", "google-alert-center", "microsoft-graph", "salesforce", "ssf", "aws-guardduty",
    "aws-securityhub", "ocsf", "github-audit", "alertmanager", "pagerduty", "slack-audit", "crowdstrike", "falco", "wiz",
    "push-security", "cloudevents", "generic",
}  # fmt: skip
LEAST = """\
source: mine
title: Mine
a: an alert of mine
hint: it has no `key`
recognise: [[key]]
facts: {key: key, kind: kind}
alert: {id: fact.key, type: fact.kind, title: fact.kind}
"""


def shelf(tmp_path, text=LEAST, name="mine"):
    (tmp_path / f"{name}.yaml").write_text(text)
    return Shelf(tmp_path)


def test_these_are_the_sources():
    assert set(SOURCES) == names() == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_sources_file_is_sound(name):
    ready = SOURCES.ready(name)
    source = ready.source
    assert source.source == name
    assert source.trust.whole().scheme is not None
    assert source.a.split()[0] in {"a", "an"}
    assert source.recognise or name == "generic"
    chosen = [*ready.choices.values(), *(one for several in ready.lists.values() for one in several)]
    asked = [e for one in chosen for when, takes in one.takes for e in [when, *takes] if e is not None]
    asked += [e for several in ready.truths.values() for e in several]
    used = {path[1] for e in asked for path in e.paths if len(path) > 1}
    assert {fact.name for fact in ready.facts} | set(source.derived) == used, "a fact that nobody asks for"


def test_a_file_of_ones_own_is_read(tmp_path):
    found = read("mine", b'{"key": "k", "kind": "odd"}', provenance=UNPROVEN, shelf=shelf(tmp_path))
    (alert,) = found.alerts
    assert (alert.source_alert_id, alert.type, alert.severity, alert.severity_label) == ("k", "odd", 0, "unknown")
    with pytest.raises(NotAnAlert, match="This is not an alert of mine: it has no `key`"):
        read("mine", b'{"kind": "odd"}', provenance=UNPROVEN, shelf=shelf(tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Mine", "titel: Mine", r"mine.yaml:2:1: unknown key 'titel', did you mean 'title'?"),
        ("fact.key,", "fact.kee,", "mine.yaml:7:9: alert.id: `fact.kee`"),
        (
            "id: fact.key",
            "id: size(fact.key)",
            "mine.yaml:7:9: alert.id: `size(fact.key)` is a whole number, and here belongs text",
        ),
        ("key: key", "key: 'key['", "mine.yaml:6:9: key: 'key[' is no path: see character 4"),
        ("key: key", "key: {text: key, time: key}", "a fact has exactly one of"),
        ("key: key", "key: {text: key, pattern: '('}", "mine.yaml:6:9: facts.key: the pattern cannot be read"),
        ("[[key]]", "[['$nowhere.x']]", "mine.yaml:5:1: recognise: '$nowhere.x': a path begins at the finding"),
        ("a: an", "envelopes: [sqs, pigeon]\na: an", "no envelope is called that; there are"),
        ("source: mine", "source: yours", "it says that it is yours"),
        ("title: Mine", "title: Mine\ntitle: Twice", "mine.yaml:3"),
        ("title: Mine", "trust: {scheme: magic}\ntitle: Mine", "mine.yaml:2"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, old, new, said):
    assert old in LEAST
    with pytest.raises(BadSource) as bad:
        shelf(tmp_path, LEAST.replace(old, new, 1))["mine"]
    assert said.removesuffix("?") in str(bad.value)


def test_types_that_are_a_closed_list_are_checked_in_playbooks(tmp_path, monkeypatch):
    closed = shelf(tmp_path, LEAST + "types: [login, logout]\n")
    monkeypatch.setattr("triggers.alerts.reading.SOURCES", closed)
    narrowed = Narrowed({"mine": "mine", "other-name": "mine"})
    text = (
        "playbook: p\ntitle: t\nbreaks: b\ndoes_not: d\nwakes: w\ntriggers:\n"
        "  - {alert: other-name, when: alert.type == 'logn'}\n"
        "contain:\n  - {id: said, uses: notify.message, with: {to: ops, text: x}}\n"
    )
    with pytest.raises(BadPlaybook, match="'logn' is never a type, did you mean 'login'"):
        checked(text, "p.yaml", catalogue(registry(), None, narrowed))
    assert checked(text.replace("logn", "login"), "p.yaml", catalogue(registry(), None, narrowed))
    assert set(narrowed) == {"mine", "other-name"}
