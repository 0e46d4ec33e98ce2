"""Event log files as Salesforce writes them, and JSON Lines: every row that is whole is an alert, whatever the others are."""

import json

import pytest
from payloads import PAYLOADS
from sampled import UNPROVEN

from triggers.alerts.reading import SOURCES, NotAnAlert, read, recognise

ROWS = '''\
"EVENT_TYPE","TIMESTAMP","REQUEST_ID","ORGANIZATION_ID","USER_ID","CLIENT_ID","CONNECTED_APP_ID","USER_AGENT","CLIENT_IP","SESSION_KEY","TIMESTAMP_DERIVED"
"RestApi","20260301024000.123","4Abc","00D000000000001","005000000000001","3MVG9key","0H4000000000001","python, 3.11 ""x""","203.0.113.66","sk1","2026-03-01T02:40:00.123Z"
"RestApi","20260301024100.000","4Abd","00D000000000001","005000000000002","","","two
lines","Salesforce.com IP","","2026-03-01T02:41:00.000Z"
'''


def alerts(raw, source="salesforce"):
    return read(source, raw.encode(), {"Content-Type": "text/csv"}, provenance=UNPROVEN)


def test_each_row_of_an_event_log_file_is_an_alert():
    first, second = alerts(ROWS).alerts
    assert (first.type, first.app, first.principal, first.ip, first.token) == (
        "RestApi", "0H4000000000001", "005000000000001", "203.0.113.66", "sk1",
    )  # fmt: skip
    assert first.time.isoformat() == "2026-03-01T02:40:00.123000+00:00"
    assert (second.app, second.principal, second.ip, second.source_alert_id) == (None, "005000000000002", None, "4Abd")
    assert recognise(ROWS.encode()) == "salesforce"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace('","', ",").replace('\n"', "\n").replace('"\n', "\n").replace('"EVENT', "EVENT").replace("python, 3.11", "python 3.11").replace("two\nlines", "two"),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
    ],
    ids=["crlf", "bom", "without quotes", "no last newline", "blank lines"],
)  # fmt: skip
def test_however_it_is_written(change):
    assert [one.source_alert_id for one in alerts(change(ROWS)).alerts] == ["4Abc", "4Abd"]


@pytest.mark.parametrize("more", ['"RestApi","2026', '"RestApi",1\n', '"' + "x" * 200_000, "\x00,,"])
def test_a_torn_row_spoils_no_other(more):
    found = alerts(ROWS + more)
    assert [one.source_alert_id for one in found.alerts] == ["4Abc", "4Abd"]
    assert len(found.ignored) == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (ROWS.partition("\n")[0] + "\n", "columns without a whole row"),
        (ROWS.partition("\n")[0] + "\n1,2\n", "columns without a whole row"),
        ("name,age\nann,3\n", "not JSON"),
        ("EVENT_TYPE,EVENT_TYPE\na,b\n", "not JSON"),
        ("A,B\n1,2\n", "This is not a Salesforce event"),
        ("EVENT_TYPE\n1\n", "not JSON"),
        (",".join(f"C{n}" for n in range(600)) + "\n1\n", "not JSON"),
    ],
)
def test_what_is_no_such_table_is_refused_in_words(text, why):
    with pytest.raises(NotAnAlert, match=why):
        alerts(text)


def test_a_table_is_an_alert_of_no_other_source():
    for source in SOURCES:
        if source not in {"salesforce", "generic"}:
            with pytest.raises(NotAnAlert):
                alerts(ROWS, source)


ONE = {name: payload for name, payload in PAYLOADS.items() if isinstance(payload[1], dict)}


@pytest.mark.parametrize("name", sorted(ONE))
def test_json_lines_are_read_of_every_source_and_a_torn_one_spoils_no_other(name):
    source, payload = ONE[name]
    line = json.dumps(payload)
    alone = read(source, line.encode(), {}, provenance=UNPROVEN)
    twice = read(source, f"{line}\r\n{line}\n\n".encode(), {}, provenance=UNPROVEN)
    torn = read(source, f"{line}\n{line}\n{line[:-5]}\n".encode(), {}, provenance=UNPROVEN)
    assert len(twice.alerts) == len(torn.alerts) == 2 * len(alone.alerts)
    assert len(torn.ignored) == len(twice.ignored) + 1


def test_json_that_is_broken_over_lines_is_not_lines():
    with pytest.raises(NotAnAlert, match="not JSON"):
        alerts(json.dumps({"EVENT_TYPE": "API", "ORGANIZATION_ID": "1"}, indent=1)[:-1])
