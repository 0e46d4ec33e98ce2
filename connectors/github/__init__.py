"""GitHub: an organisation (github), our own App (github_app), our own OAuth app (github_oauth), leaks (github_leaks)."""

from connectors.github import access, audit, hooks, installations, people, rights, stored, tokens, workflows
from connectors.github.base import github, github_app, github_leaks, github_oauth

__all__ = [
    "access", "audit", "github", "github_app", "github_leaks", "github_oauth", "hooks", "installations", "people",
    "rights", "stored", "tokens", "workflows",
]  # fmt: skip
