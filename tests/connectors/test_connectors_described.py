"""The descriptions by which connectors are judged: a wrong request is told, with each of its mistakes."""

from __future__ import annotations

import pytest

from connectors.core import Call, Params
from tests.connectors.described import WHERE, described

NAMES = ("github", "okta-management", "okta-oauth", "slack-web", "kubernetes", "vault", "haproxy-dataplane")


class Hook(Params):
    org: str
    hook: str


@pytest.mark.parametrize("name", NAMES)
def test_every_description_can_be_read_and_its_own_examples_are_answers_of_it(name):
    """Where the vendor's example is not of the vendor's schema, we cannot be either: they are few."""
    of, seen, odd = described(name), 0, set()
    for path, item in of.document["paths"].items():
        for method in {"get", "post", "put", "patch", "delete"} & set(item):
            for example in of.answers(method.upper(), path):
                seen += 1
                try:
                    of.check_answer(method.upper(), path, example.status, example.json)
                except AssertionError:
                    odd.add(path)
    assert seen or name in {"kubernetes", "vault", "haproxy-dataplane"}
    assert len(odd) <= seen / 4, sorted(odd)


def test_a_valid_request_names_its_operation():
    found = described("github").check_call(
        Call("PATCH", "/orgs/acme/hooks/7", {"active": False}),
    )
    assert found.template == "/orgs/{org}/hooks/{hook_id}"
    assert found.filled == {"org": "acme", "hook_id": "7"}
    described("github").check("GET", "/app/installations", {"per_page": 100, "page": "2"})
    described("okta-management").check("GET", "/api/v1/users/00u1/grants", {"expand": "scope", "limit": "20"})
    described("slack-web").check("POST", "/chat.postMessage", form={"channel": "C1", "text": "hello"})


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "mistake"),
    [
        ("PATCH", "/orgs/acme/hooks/x", {}, {"active": False}, "path hook_id: 'x'"),
        ("PATCH", "/orgs/acme/hooks/7", {}, {"active": "no"}, "body.active: 'no' is not of type 'boolean'"),
        ("PATCH", "/orgs/acme/hooks/7", {}, {"activ": False}, "body.activ is not described"),
        ("PUT", "/orgs/acme/actions/permissions", {}, {"enabled_repositories": "off"}, "body.enabled_repositories"),
        ("PUT", "/orgs/acme/actions/permissions", {}, {}, "'enabled_repositories' is missing"),
        ("PUT", "/orgs/acme/actions/permissions", {}, None, "the body is missing"),
        ("DELETE", "/orgs/acme/hooks/7", {}, {"a": 1}, "a JSON body is not described"),
        ("GET", "/orgs/acme/hooks", {"limit": 5}, None, "query limit is not described"),
        ("PUT", "/orgs/acme/hooks", {}, None, "it has GET, POST"),
        ("GET", "/nowhere", {}, None, "it has no such path"),
    ],
)
def test_a_wrong_request_is_told(method, path, query, body, mistake):
    with pytest.raises(AssertionError, match=mistake.replace("(", r"\(")):
        described("github").check(method, path, query, json=body)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(AssertionError) as told:
        described("github").check("PATCH", "/orgs/acme/hooks/x", {"a": 1}, json={"active": 3, "b": 1})
    for part in ("path hook_id", "query a", "body.active", "body.b"):
        assert part in str(told.value)


def test_a_missing_or_unwelcome_form_is_told():
    with pytest.raises(AssertionError, match="'text'|a form body|channel"):
        described("slack-web").check("POST", "/chat.postMessage", form={"text": "hello", "nonsense": "1"})
    with pytest.raises(AssertionError, match="a form body is not described"):
        described("github").check("DELETE", "/applications/x/grant", form={"access_token": "t"})


def test_an_answer_of_another_shape_is_told():
    github = described("github")
    with pytest.raises(AssertionError, match="described are 204, 404"):
        github.check_answer("PUT", "/app/installations/1/suspended", 200)
    with pytest.raises(AssertionError, match="'active' is missing"):
        github.check_answer("GET", "/orgs/acme/hooks/7", 200, {"id": 7})


def test_where_the_descriptions_are_not_the_test_is_skipped_with_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr("tests.connectors.described.WHERE", tmp_path)
    described.cache_clear()
    try:
        with pytest.raises(pytest.skip.Exception, match=r"github\.json is not beside the checkout"):
            described("github")
    finally:
        described.cache_clear()
    assert WHERE.name == "openapi"
