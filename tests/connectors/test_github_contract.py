"""What GitHub's connectors promise to the rest: which action closes which foothold, by which permissions and paths."""

from __future__ import annotations

from connectors.core import Secret
from connectors.core.fitting import fitting
from connectors.github import github
from engine.registry import registry
from tests.connectors.described import described
from tests.connectors.github_fake import documented

CLIENT = "Iv1.8a61f9b3a7aba766"


def test_every_path_is_of_githubs_description_or_of_a_page_of_its_documentation():
    """The fake judges each request; here: none that is described is taken from a page instead."""
    of = described("github")
    for method, path in (
        ("GET", "/orgs/a/hooks"),
        ("PUT", "/orgs/a/actions/permissions"),
        ("POST", "/credentials/revoke"),
    ):
        assert of.has(method, path)
        assert not documented(method, path)


def test_a_foothold_is_closed_by_what_is_meant_for_it_alone():
    """A macro takes what a foothold's fields fill: none may switch off all of Actions because a webhook is one of acme's."""
    asked = {
        ("github", "installation"): {"org": "acme", "installation": "1"},
        ("github", "token"): {"org": "acme", "pat": "5"},
        ("github", "client"): {"org": "acme", "client": "Iv1.drift"},
        ("github", "user"): {"org": "acme", "user": "svc-drift"},
        ("github", "key"): {"key_of": "acme/site", "key_id": "1"},
        ("github", "webhook"): {"hook_of": "acme", "hook": "1"},
        ("github_app", "app"): {"app": "octoapp"},
        ("github_app", "installation"): {"installation": "1"},
        ("github_oauth", "token"): {"client": CLIENT, "app_token": Secret("x")},
        ("github_leaks", "token"): {"leaked_token": Secret("x")},
    }
    taken = {
        f"{system}.{kind}": {
            fit.action.name.partition(".")[2]
            for layer in ("identity", "application", "network", "data")
            for fit in fitting(registry().systems[system], kind, fields, layer, below=True)
        }
        for (system, kind), fields in asked.items()
    }
    assert taken == {
        "github.installation": set(),
        "github.token": {"revoke_pat"},
        "github.client": {"deauthorize"},
        "github.user": {"remove_user"},
        "github.key": {"remove_deploy_key"},
        "github.webhook": {"disable_webhook"},
        "github_app.app": {"suspend_installation"},
        "github_app.installation": {"suspend_installation"},
        "github_oauth.token": {"revoke_app_token"},
        "github_leaks.token": {"revoke_leaked"},
    }
    path = {
        "actions": {"actions_of": "acme"},
        "secret": {"secret_of": "acme", "secret_name": "A"},
        "repository": {"secret_in": "acme/site", "secret_name": "A"},
    }
    assert {
        name: {fit.action.name for fit in fitting(github, "path", fields, "application", below=True)}
        for name, fields in path.items()
    } == {
        "actions": {"github.disable_actions"},
        "secret": {"github.narrow_secret"},
        "repository": {"github.delete_repo_secret"},
    }


def test_every_permission_is_one_of_a_github_apps():
    """As GitHub's own description spells them; the members' credentials and the leaks need none of them."""
    known = described("github").document["components"]["schemas"]["app-permissions"]["properties"]
    declared = {*github.looks.values(), *github.finds.values(), *github.actions.values(), *github.surveys.values()}
    for entry in declared:
        for one in entry.permission.split(", "):
            name, _, level = one.partition(": ")
            assert level in known[name]["enum"], (entry.name, one)
