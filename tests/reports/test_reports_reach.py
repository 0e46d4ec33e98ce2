"""What a plan's record of the blast radius reads like, and which footholds of a run nobody declared."""

from building import RADIUS, Story, contained

from reports import reach
from reports.after_action import html
from reports.matrix import matrix, plain
from reports.plan import lines
from reports.summary import summary
from reports.terminal import told


def story(**more):
    return Story().planned(radius={**RADIUS, **more})


def test_the_plan_says_what_it_reaches_and_stops_before_what_it_does():
    said = lines(contained().run)
    at = said.index("Reaches: 3 footholds (1 found, not declared), 42 credentials, 41 people; data: contacts")
    assert at < next(n for n, line in enumerate(said) if line == "IDENTITY")
    assert said[at + 1 : at + 7] == [
        "  Stops: Drift, chat to CRM: chat on the web site (live without: Put up the contact form.)",
        ("  Stops with it: Quarterly reports, which needs drift: numbers for the board (live without: The numbers of last"
        " month.)"),
        "  Stays open or in doubt", "    no canary", "    client, run_as: caches keep it for 60 min",
        "  Ask Salesloft: security@salesloft.example",
    ]  # fmt: skip


def test_what_nobody_wrote_down_or_counted_is_told():
    run = story(credentials=None, data=[], serves=[], without="", security="", people=1).run
    assert reach.head(run) == (
        "Reaches: 3 footholds (1 found, not declared), credentials not counted, 1 person; data: nobody wrote down which"
    )
    assert "nobody wrote down what it does for us (live without: nobody wrote down how)" in reach.stops(run)[0]
    assert reach.ask(run) == ""


def test_long_lists_are_counted():
    many = [{"id": f"i{n}", "by": ["drift"], "known": n != 1} for n in range(7)]
    run = story(downstream=many, downstream_count=60, cannot_count=4).run
    assert reach.stops(run)[-1] == "and 55 more integrations"
    assert reach.stops(run)[2] == "Stops with it: i1, which needs drift; in no file of ours"
    assert reach.gaps(run)[-1] == "and 1 more"


def test_a_run_without_it_says_nothing_of_it():
    run = Story().planned(radius={}).run
    assert (reach.head(run), reach.stops(run), reach.gaps(run), reach.ask(run)) == ("", [], [], "")
    assert summary(run, events=[])["radius"] is None
    assert not [line for line in lines(run) if line.startswith("Reaches")]
    assert "What it reaches" not in told(run, []).lines()


def test_the_page_and_the_summary_have_it():
    of = contained()
    page = html(of.run, of.events)
    assert "What it reaches, and what stops with it" in page
    assert "client, run_as: caches keep it for 60 min" in page
    assert summary(of.run, events=of.events)["radius"] == {
        "footholds": 3, "discovered": 1, "credentials": 42, "people": 41, "data": ["contacts"], "stops": ["reports"],
    }  # fmt: skip


def test_the_matrix_says_of_a_foothold_that_it_was_found_and_not_declared():
    declared = {"footholds": [{"id": "client", "found": ""}, {"id": "run_as", "found": "the provider says so"}]}
    of = Story(declared=declared).planned()
    rows = {row.name: row.found for row in matrix(of.run).rows}
    assert rows == {"client": False, "run_as": True, "api_path": False}
    assert any(line.startswith("run_as (found, not declared)") for line in plain(matrix(of.run)))
    assert "found by discovery, not declared" in html(of.run, of.events)
