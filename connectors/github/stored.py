"""Secrets that workflows get: narrow an organisation's to no repository, set new values, delete a repository's.

A stored value cannot be read by anybody: `updated_at` alone says that a new one was set. A new value goes there in a
libsodium sealed box (PyNaCl), made as the call is sent. It does not end the old one: whoever copied it goes on until its
issuer revokes it. An organisation's secret with visibility `all` or `private` is narrowed only together with a new value, as
GitHub's descriptions differ on whether the value may be left out: rotate it, or delete it by hand.
Paths of organisations' secrets are from docs.github.com/rest/actions/secrets; those of repositories are described.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any

from pydantic import AwareDatetime

from connectors.core import Call, Impossible, Params, Reader, Secret, State, Unexpected, Unseen, Volatile
from connectors.github.base import Login, Repository, SecretName, at, github, pages


class Boxed(Secret):
    """A value that is put into a sealed box for a public key only as it is sent: each box is another.

    It is shown as the value itself is, by that one's fingerprint, so that a call is the same in every plan.
    """

    __slots__ = ("_key",)

    def __init__(self, value: Secret, key: str) -> None:
        """`key`: the public key, base64, as GitHub gives it."""
        super().__init__(value.reveal())
        self._key = key

    def reveal(self) -> str:
        """The box, base64."""
        from nacl.public import PublicKey, SealedBox

        try:
            box = SealedBox(PublicKey(b64decode(self._key, validate=True)))
        except (ValueError, TypeError):
            came = "GitHub gave a public key that is none"
            raise Unexpected("seal a new secret", came, "A person must look: is this the right URL?") from None
        return b64encode(box.encrypt(super().reveal().encode())).decode()


class OrgSecret(Params):
    """A secret of an organisation."""

    secret_of: Login
    secret_name: SecretName


class OrgSecretSeen(State):
    """Whose workflows get it: visibility `all`, `private` or `selected`, and the repositories of the last."""

    visibility: str
    repositories: tuple[int, ...] = ()


class OrgValueSeen(OrgSecretSeen):
    """When its value was last set as well, and the public key that a new one is sealed for."""

    updated_at: Volatile[AwareDatetime]
    key_id: Volatile[str]
    public: Volatile[str]


class NewOrgSecret(OrgSecret):
    """The value that it shall have. `set_after`: one that was set since then counts as new: when the incident began."""

    new_secret: Secret
    set_after: AwareDatetime


class RepoSecret(Params):
    """A secret of one repository."""

    secret_in: Repository
    secret_name: SecretName


class RepoSecretSeen(State):
    """Whether it is there."""

    exists: bool


class RepoValueSeen(State):
    """That it is there, when its value was last set, and the public key that a new one is sealed for."""

    exists: bool
    updated_at: Volatile[AwareDatetime]
    key_id: Volatile[str]
    public: Volatile[str]


class NewRepoSecret(RepoSecret):
    """The value that it shall have; `set_after` as for an organisation's."""

    new_secret: Secret
    set_after: AwareDatetime


async def _whose(read: Reader, p: OrgSecret) -> tuple[Any, tuple[int, ...]]:
    item = await read.get("/orgs/{secret_of}/actions/secrets/{secret_name}", p)
    if item["visibility"] != "selected":
        return item, ()
    listing = pages(read, "/orgs/{secret_of}/actions/secrets/{secret_name}/repositories", p, inside="repositories")
    return item, tuple(sorted([one["id"] async for one in listing]))


@github.look(permission="organization_secrets: read")
async def org_secret(read: Reader, p: OrgSecret) -> OrgSecretSeen:
    """Whose workflows get an organisation's secret."""
    item, repositories = await _whose(read, p)
    return OrgSecretSeen(visibility=item["visibility"], repositories=repositories)


@github.look(permission="organization_secrets: read")
async def org_value(read: Reader, p: OrgSecret) -> OrgValueSeen:
    """When an organisation's secret was last set, and for which public key a new value is sealed."""
    item, repositories = await _whose(read, p)
    key = await read.get("/orgs/{secret_of}/actions/secrets/public-key", p)
    return OrgValueSeen(
        visibility=item["visibility"],
        repositories=repositories,
        updated_at=item["updated_at"],
        key_id=key["key_id"],
        public=key["key"],
    )


@github.action(
    sees=org_secret,
    layer="application",
    does="closes-path",
    stops="new",
    permission="organization_secrets: write",
    settles_within_s=60,
    residual="whoever read the value has it until its issuer revokes it; runs that are under way hold it already",
)
def narrow_secret(p: OrgSecret, seen: OrgSecretSeen) -> Iterator[Call]:
    """Give an organisation's secret to no repository's workflows. Its value stays, so this can be undone."""
    if seen.visibility != "selected":
        came = f"its visibility is {seen.visibility}: it is narrowed only together with a new value"
        raise Impossible(f"narrow {p.secret_name} of {p.secret_of}", came, "Set a new one: github.rotate_org_secret")
    if seen.repositories:
        path = "/orgs/{secret_of}/actions/secrets/{secret_name}/repositories"
        yield Call.put(path, p, json={"selected_repository_ids": []})


@narrow_secret.undo
def _(p: OrgSecret, seen: OrgSecretSeen, before: OrgSecretSeen) -> Iterator[Call]:
    if seen.repositories != before.repositories:
        path = "/orgs/{secret_of}/actions/secrets/{secret_name}/repositories"
        yield Call.put(path, p, json={"selected_repository_ids": list(before.repositories)})


@github.action(
    sees=org_value,
    layer="application",
    does="rotates",
    stops="new",
    permission="organization_secrets: write",
    settles_within_s=60,
    residual="the old value lives until its issuer revokes it",
    irreversible="the old value is known to nobody here; another new one can be set",
)
def rotate_org_secret(p: NewOrgSecret, seen: OrgValueSeen) -> Iterator[Call]:
    """Set a new value of an organisation's secret, for the same repositories as before."""
    if seen.updated_at > p.set_after:
        return
    body: dict[str, Any] = {"encrypted_value": Boxed(p.new_secret, seen.public), "key_id": seen.key_id}
    body["visibility"] = seen.visibility
    if seen.visibility == "selected":
        body["selected_repository_ids"] = list(seen.repositories)
    yield Call.put("/orgs/{secret_of}/actions/secrets/{secret_name}", p, json=body)


@github.look(permission="secrets: read")
async def repo_secret(read: Reader, p: RepoSecret) -> RepoSecretSeen:
    """Whether a repository has a secret of that name. The list of them is refused, not empty, to who may not see it."""
    path, place = at(p.secret_in)
    async for item in pages(read, path + "/actions/secrets", place, inside="secrets"):
        if item["name"].upper() == p.secret_name.upper():
            return RepoSecretSeen(exists=True)
    return RepoSecretSeen(exists=False)


@github.look(permission="secrets: read")
async def repo_value(read: Reader, p: RepoSecret) -> RepoValueSeen:
    """When a repository's secret was last set, and for which public key a new value is sealed."""
    path, place = at(p.secret_in)
    key = await read.get(path + "/actions/secrets/public-key", place)
    async for item in pages(read, path + "/actions/secrets", place, inside="secrets"):
        if item["name"].upper() == p.secret_name.upper():
            return RepoValueSeen(exists=True, updated_at=item["updated_at"], key_id=key["key_id"], public=key["key"])
    raise Unseen(f"secret {p.secret_name} of {p.secret_in}", "it is not among them", "Is its name right?")


class _Named(Params):
    owner: str
    repo: str
    name: str


def _named(p: RepoSecret) -> _Named:
    owner, _, repo = p.secret_in.partition("/")
    return _Named(owner=owner, repo=repo, name=p.secret_name)


@github.action(
    sees=repo_value,
    layer="application",
    does="rotates",
    stops="new",
    permission="secrets: write",
    settles_within_s=60,
    residual="the old value lives until its issuer revokes it",
    irreversible="the old value is known to nobody here; another new one can be set",
)
def rotate_repo_secret(p: NewRepoSecret, seen: RepoValueSeen) -> Iterator[Call]:
    """Set a new value of a repository's secret."""
    if seen.updated_at <= p.set_after:
        body = {"encrypted_value": Boxed(p.new_secret, seen.public), "key_id": seen.key_id}
        yield Call.put("/repos/{owner}/{repo}/actions/secrets/{name}", _named(p), json=body)


@github.action(
    sees=repo_secret,
    layer="application",
    does="closes-path",
    stops="new",
    permission="secrets: write",
    settles_within_s=60,
    residual="whoever read the value has it until its issuer revokes it; runs that are under way hold it already",
    irreversible="it is set anew, with a value from its issuer",
)
def delete_repo_secret(p: RepoSecret, seen: RepoSecretSeen) -> Iterator[Call]:
    """Take a secret from a repository's workflows: a repository's cannot be narrowed."""
    if seen.exists:
        yield Call.delete("/repos/{owner}/{repo}/actions/secrets/{name}", _named(p))
