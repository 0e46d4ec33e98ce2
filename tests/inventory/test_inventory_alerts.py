"""`alerts:` of ringfence.yaml: what is taken, and what is refused with its place."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.model import Config
from inventory.read import BadInventory, parse
from inventory.trusting import FORMS, NEEDS, Trust

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = """connections:
  okta_admin: {system: okta, url: "https://acme.okta.com"}
  github: {system: github, url: "https://api.github.com"}
"""


def read(text):
    return parse(CONNECTIONS + text, "ringfence.yaml", Config).alerts


def refused(text):
    with pytest.raises(BadInventory) as bad:
        read(text)
    return str(bad.value)


def test_the_example_of_the_documentation_is_taken():
    (example,) = re.findall(
        r"```yaml\n(serve:.*?\nalerts:.*?)```", (ROOT / "docs" / "alerts.md").read_text(), re.DOTALL
    )
    alerts = read(example)
    assert set(alerts.sources) == {"okta", "github", "guardduty", "findings", "idp", "lab"}
    assert (alerts.auto_of("okta"), alerts.auto_of("github"), alerts.auto_of("lab")) == ("hold", "shadow", "never")
    assert alerts.quiet_at("okta", datetime(2026, 11, 20, 21, 30, tzinfo=UTC))  # 22:30 in Berlin
    assert not alerts.quiet_at("okta", datetime(2026, 11, 20, 20, 30, tzinfo=UTC))
    assert alerts.quiet_at("okta", datetime(2026, 11, 20, 4, 59, tzinfo=UTC))
    assert not alerts.quiet_at("okta", datetime(2026, 11, 20, 5, 0, tzinfo=UTC))


def test_without_it_nobody_may_send():
    assert read("").sources == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts: {sources: {okta: {secrets: [plain-text]}}}", "a secret stands here by reference only"),
        ('alerts: {sources: {okta: {secrets: ["env:A", "env:B", "env:C"]}}}', "at most 2"),
        ("alerts: {sources: {okta: {unsigned: true, auto: hold}}}", "its alerts only propose"),
        ('alerts: {sources: {okta: {unsigned: true, secrets: ["env:A"]}}}', "it is one or the other"),
        ("alerts: {sources: {okta: {auto: on}}}", "on"),
        ("alerts: {sources: {okta: {auto: act}}}", "'never', 'shadow' or 'hold'"),
        ("alerts: {sources: {Okta: {}}}", "lower-case letters"),
        ("alerts: {sources: {okta: {poll: okta_admn}}}", "no connection 'okta_admn', did you mean 'okta_admin'"),
        ("alerts: {sources: {okta: {hook: ../x}}}", "hook"),
        ("alerts: {sources: {g: {topics: [findings]}}}", "the ARN of an SNS topic"),
        ('alerts: {quiet: {hours: ["22-6"]}}', "22:00-06:00"),
        ('alerts: {quiet: {hours: ["22:00-06:00"], zone: Berlin}}', "a time zone's name"),
        ("alerts: {sources: {x: {trust: {scheme: hmac, text: nothing}}}}", "must hold {body} once"),
        ('alerts: {sources: {x: {trust: {scheme: hmac, text: "{body}{secret}"}}}}', "must hold {body} once"),
        ("alerts: {sources: {x: {trust: {scheme: hmac, header: a b}}}}", "the name of a header"),
        ("alerts: {sources: {x: {trust: {scheme: md5}}}}", "scheme"),
        ('alerts: {sources: {x: {trust: {scheme: set, jwks: "http://idp.example/keys"}}}}', "must be https"),
        ("alerts: {sources: {x: {trust: {scheme: set, algorithms: [HS256]}}}}", "algorithms"),
        ("alerts: {sources: {x: {trust: {scheme: set, algorithms: [none]}}}}", "algorithms"),
        ("alerts: {sources: {x: {trust: {scheme: slack, window_s: 5}}}}", "window_s"),
        ("alerts: {sources: {x: {secret: x}}}", "unknown key 'secret', did you mean 'secrets'"),
        (
            'alerts: {sources: {a: {queue: {url: "https://sqs.x.amazonaws.com/1/q"}}, b: {queue: {url: "https://sqs.x.amazonaws.com/1/q"}}}}',
            "each would take messages of the other's",
        ),
    ],
)
def test_what_is_refused(text, said):
    message = refused(text)
    assert said in message
    assert message.startswith("ringfence.yaml:")
    assert "plain-text" not in message


def test_what_is_said_of_a_tenant_goes_before_what_the_sources_file_says():
    source = Trust(scheme="header", challenge="okta", header="Authorization")
    assert Trust(header="X-Key").over(source).whole() == Trust(scheme="header", challenge="okta", header="X-Key")
    assert Trust(scheme="bearer").over(source).challenge is None
    assert Trust(scheme="header").over(source).challenge == "okta"


def test_every_scheme_says_what_it_lacks():
    assert Trust().lacks() == "`scheme` is missing"
    assert Trust(scheme="hmac").lacks() == "scheme hmac needs `header`"
    assert Trust(scheme="hmac", header="X", text="{timestamp}{body}").lacks() == "scheme hmac needs `timestamp`"
    assert Trust(scheme="set", issuer="x").lacks() == "scheme set needs `audience`, `jwks`"
    for scheme in {*FORMS} - {*NEEDS}:
        assert Trust(scheme=scheme).lacks() == ""
