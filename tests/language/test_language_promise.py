"""What lints does not fail on a name or a type at run time: it answers, or doubts for a reason of the data."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from language_house import HOUSE, INTEGRATION, NOW, TOKENS, Grant, Org, ProbeOut, check

from language import BadPlaybook, Doubt, Incident, RunInfo, StepValue, Values

CONTAIN = """\
  - {id: canary, uses: crm.probe, with: {app: "${inputs.integration.crm.app}"}}
  - {id: found, uses: crm.find_grants, with: {app: "${inputs.integration.crm.app}"}}
  - id: here
    uses: crm.suspend
    for_each: steps.found.items
    where: %s
    with: {user: "${item.user}"}
"""
LEAVES = {
    "text": [
        "item.id", "item.owner", "item.level", "item.user", "inputs.note", "inputs.integration.owner", "incident.commander",
        "run.url", "'a'", "'high'", "''", "steps.found.items[0].owner", "item.nothing", "item.scopes[0]",
    ],
    "number": ["steps.canary.effective", "size(item.scopes)", "size(steps.found.items)", "0", "1", "-3", "1.5", "item"],
    "time": ["item.used", "inputs.since", "incident.since", "run.now", "steps.canary.ended", "steps.canary.tried_at", "timestamp(item.id)",
             "timestamp('2026-03-01T00:00:00Z')"],
    "list": ["item.scopes", "inputs.people", "org.addresses", "[]", "['a', 'b']", "['a', 1]", "inputs.integration.addresses"],
    "truth": ["item.live", "steps.canary.dead", "steps.canary.open", "steps.found.failed", "true", "has(item.owner)",
              "has(item.used)", "has(steps.canary.ended)", "inputs.token == inputs.token", "size(inputs.tokens) > 1",
              "has(item.id)", "steps.nowhere.open", "inputs", "item.owner == null", "item.level == 'hihg'"],
}  # fmt: skip
GROWN = {
    "text": ["(%(text)s + %(text)s)", "(%(truth)s ? %(text)s : %(text)s)", "string(%(number)s)", "string(%(time)s)",
             "%(text)s.lowerAscii()", "%(list)s.join(',')", "%(list)s[%(number)s]"],
    "number": ["(%(number)s + %(number)s)", "(%(number)s / %(number)s)", "size(%(text)s)", "size(%(list)s)", "int(%(text)s)",
               "%(time)s.getHours()", "(%(number)s %% %(number)s)"],
    "time": ["(%(time)s - duration('2h'))", "(%(truth)s ? %(time)s : %(time)s)", "(%(time)s + duration(%(text)s))"],
    "list": ["%(list)s.filter(x, x != %(text)s)", "steps.found.items.map(x, x.id)", "(%(list)s + %(list)s)",
             "steps.found.items.map(x, x.owner)", "[%(text)s, %(text)s]", "[%(text)s, %(number)s]",
             "steps.found.items.filter(x, has(x.owner)).map(x, x.owner)"],
    "truth": ["(%(text)s == %(text)s)", "(%(number)s > %(number)s)", "(%(time)s < %(time)s)", "(%(truth)s && %(truth)s)",
              "(%(truth)s || %(truth)s)", "!(%(truth)s)", "(%(text)s in %(list)s)", "%(list)s.exists(x, x == %(text)s)",
              "%(text)s.matches(%(text)s)", "steps.found.items.exists(x, has(x.used) && x.used > %(time)s)",
              "steps.found.items.all(x, x.live == %(truth)s)", "steps.found.items.exists(x, x.owner == %(text)s)",
              "%(text)s.startsWith(%(text)s)", "(%(list)s == %(list)s)", "(has(item.owner) && item.owner == %(text)s)"],
}  # fmt: skip


@st.composite
def expressions(draw, kind="truth", depth=3):
    """Mostly right, so that most of them compile; a slip now and then, so that the check has work."""
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        slip = draw(st.integers(0, 25)) == 0
        return draw(st.sampled_from(sum(LEAVES.values(), []) if slip else LEAVES[kind]))
    shape = draw(st.sampled_from(GROWN[kind]))
    parts = {name: draw(expressions(name, depth - 1)) for name in LEAVES if f"%({name})s" in shape}
    return shape % parts


EXPRESSIONS = expressions()
TIMES_SEEN = st.sampled_from([None, NOW, NOW - dt.timedelta(days=9)])
GRANTS = st.builds(
    Grant,
    id=st.sampled_from(["g1", "", "2026-03-01T00:00:00Z"]),
    app=st.just("app-1"),
    user=st.just("u-1"),
    owner=st.sampled_from([None, "ann", ""]),
    used=TIMES_SEEN,
    level=st.sampled_from(["low", "high"]),
    live=st.booleans(),
    scopes=st.lists(st.sampled_from(["a", "b"]), max_size=2),
)
STEPS = st.builds(
    StepValue,
    open=st.booleans(),
    failed=st.booleans(),
    skipped=st.booleans(),
    effective=st.integers(0, 5),
    output=st.one_of(st.none(), st.builds(ProbeOut, dead=st.booleans(), tried_at=TIMES_SEEN)),
    ended=TIMES_SEEN,
    items=st.lists(GRANTS, max_size=2),
)
OF_THE_DATA = (
    "is not known",
    "Index error",
    "divide by zero",
    "modulus by zero",
    "takes too long",
    "Failed to parse",
    "out of range",
    "overflow",
    "cannot convert",
    "Invalid",
    "invalid",
    "conversion failed",
)
"""Why an answer may be in doubt although the playbook is right."""


def values_for(checked, canary, found):
    given = {"integration": "acme", "tokens": TOKENS[:2], "token": TOKENS[2], "since": "2026-03-01T02:40:00Z"}
    given |= {"user": "u-7", "people": ["ann"]}
    return Values(
        inputs=checked.parse_inputs(given, lambda _: INTEGRATION),
        incident=Incident(id="INC-1", since=NOW),
        run=RunInfo(id="r", now=NOW, word="running"),
        steps={"canary": canary, "found": found},
        org=Org(addresses=["198.51.100.1"]),
        secrets={t.fingerprint: t for t in TOKENS},
    )


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, STEPS, STEPS, GRANTS)
def test_what_lints_answers_or_doubts_for_a_reason_of_the_data(text, canary, found, grant):
    quoted = "'" + text.replace("'", "''") + "'"
    try:
        checked = check(CONTAIN % quoted, catalogue=HOUSE)
    except BadPlaybook:
        return
    answer = checked.ask("here", "where", values_for(checked, canary, found), grant)
    if isinstance(answer, Doubt):
        assert any(reason in answer.why for reason in OF_THE_DATA), answer.why
        assert "sesame" not in answer.why
    else:
        assert isinstance(answer, bool)
