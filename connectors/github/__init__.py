"""GitHub: an organisation (github), our own App (github_app), our own OAuth app (github_oauth), leaks (github_leaks).

No API for, so a manual step of a playbook: suspending somebody else's App (its installation's settings;
`github.installation` checks it), denying an OAuth app that members let in (Third-party access), what personal tokens may
reach at all (Personal access tokens > Settings), replacing the private key or the client secret of an App or OAuth app of our
own, and ending a member's own authorization of a GitHub App: that member alone takes it back.
"""

from connectors.github import access, audit, hooks, installations, people, rights, stored, tokens, workflows
from connectors.github.base import github, github_app, github_leaks, github_oauth

__all__ = [
    "access", "audit", "github", "github_app", "github_leaks", "github_oauth", "hooks", "installations", "people",
    "rights", "stored", "tokens", "workflows",
]  # fmt: skip
