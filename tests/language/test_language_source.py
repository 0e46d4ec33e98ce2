"""YAML that is hostile, or means two things."""

import time

import pytest
from language_house import HEAD, HOUSE, book

from language import BadPlaybook, read
from language.errors import MOST_PROBLEMS, Report
from language.source import Items, Keys, load, plain


def codes(text):
    with pytest.raises(BadPlaybook) as caught:
        read(text, "p.yaml", HOUSE)
    return [p.code for p in caught.value.problems]


def loaded(text):
    return plain(load(text, Report("p.yaml")))


def test_the_c_parser_is_there():
    import yaml

    assert yaml.CSafeLoader, "without libyaml a file of 20,000 brackets takes a minute"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 20_000, "too_deep"),
        ("{a: " * 20_000, "too_deep"),
        ("- " * 20_000, "too_deep"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "anchor"),
        ("x" * 1_000_001, "too_large"),
        ("- a\n" * 200_000, "too_many"),
        ("".join(f"k{n}: 1\n" for n in range(45_000)), "unknown_key"),
        (book("".join("  - {uses: crm.snapsho}\n" for _ in range(3000))), "unknown_action"),
        ("a: " + "-" * 900_000, "unknown_key"),
    ],
    ids=["brackets", "braces", "dashes", "aliases", "large", "values", "keys", "steps", "scalar"],
)
def test_a_hostile_file_is_refused_quickly(text, code):
    start = time.process_time()
    assert code in codes(text)
    assert time.process_time() - start < 10


def test_no_more_problems_than_anybody_reads():
    assert len(codes("".join(f"k{n}: 1\n" for n in range(5000)))) == MOST_PROBLEMS


@pytest.mark.parametrize(
    "value",
    [
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "n",
        "~",
        "True",
        "0123",
        "1_000",
        "1.10",
        "12:30",
        ".5",
        "0x1F",
        "1e3",
        "2026-03-01",
        ".inf",
        "+1",
    ],
)
def test_a_value_of_two_readings_is_refused(value):
    report = Report("p.yaml")
    with pytest.raises(BadPlaybook, match="reads as more than one thing"):
        load(f"a: {value}\n", report)
    assert loaded(f"a: '{value}'\n") == {"a": value}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("true", True),
        ("null", None),
        ("-7", -7),
        ("0", 0),
        ("192.0.2.7", "192.0.2.7"),
        ("1.2.3", "1.2.3"),
        ("60s", "60s"),
    ],
)
def test_plain_values_mean_what_they_look_like(value, meant):
    assert loaded(f"a: {value}\n") == {"a": meant}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "duplicate_key"),
        ("1: a\n", "key"),
        ("[a]: b\n", "key"),
        ("a: !!python/object:os.system x\n", "tag"),
        ("a: !x y\n", "tag"),
        ("a:\n", "nothing"),
        ("a: b\n---\na: c\n", "documents"),
        ("", "empty"),
        ("# only a remark\n", "empty"),
        ("a: \x07\n", "unseen"),
        ("a: '\u202etxt'\n", "unseen"),
        ("a: '\ud800'\n", "unseen"),
        ("\ta: b\n", "yaml"),
        ("a: b: c\n", "yaml"),
        ("a: [b\n", "yaml"),
        ("%YAML 3.0\n---\na: b\n", "yaml"),
    ],
)
def test_what_a_playbook_may_not_hold(text, code):
    assert codes(text) == [code]


def test_places_count_characters_and_lines_as_editors_do():
    root = load('é: "\N{FIRE}\N{FIRE}ab"\nb:\r\n  - [c, d]\n', Report("p"))
    assert isinstance(root, Keys)
    assert str(root.nodes["é"].inside(2, root.place)) == "1:7"
    inner = root.nodes["b"].nodes[0]
    assert isinstance(inner, Items)
    assert str(inner.nodes[1].place) == "3:9"


def test_an_escaped_text_shows_its_key_not_a_wrong_column():
    root = load('a: "x\\ty"\n', Report("p"))
    assert root.nodes["a"].inside(2, root.at("a")) == root.at("a")


def test_a_byte_order_mark_is_no_character():
    assert "unknown_key" in codes("\ufeff" + HEAD + "contan: []\n")


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_half_a_file_is_a_problem_and_never_a_crash(cut):
    text = book('  - {id: a, uses: crm.note, if: "inputs.note == \'x\'", with: {to: "${run.id}", text: b}}\n')
    try:
        read(text[:-cut] if cut else text, "p.yaml", HOUSE)
        problems = []
    except BadPlaybook as bad:
        problems = bad.problems
    assert bool(problems) == bool(cut)
    assert all(p.line >= 1 and p.column >= 1 for p in problems)
