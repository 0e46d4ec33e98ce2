"""Writes a responder's folder for one client of the peer: configuration, playbook, secrets (0600), a list of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.peers.oidc.peer import Peer, Registered

PLAYBOOK = """\
playbook: given_tokens
title: A list of stolen tokens, from the vendor
breaks: The vendor's sync stops until its client is given back and its users consent again.
does_not: Find tokens that are not on the list.
inputs:
  integration: {type: integration, has: [oauth]}
  tokens: {type: list of secret}
contain:
  - id: blocked
    uses: oauth.restrict_client
    with:
      client: "${inputs.integration.oauth.client}"
      registration: "${inputs.integration.oauth.registration}"
      registration_token: "${inputs.integration.oauth.registration_token}"
  - approve: approver
  - id: tokens
    uses: oauth.revoke_token
    for_each: inputs.tokens
    with: {token: "${item}"}
    given_is_all: The vendor's advisory lists every token that it held
  - watch: 1s
recover:
  - approve: commander
  - {undo: contain}
"""


@dataclass(frozen=True)
class World:
    """The folder, whose client it is about, and the tokens that are listed in `tokens.txt`."""

    folder: Path
    client: Registered
    tokens: tuple[str, ...]

    @property
    def config(self) -> Path:
        return self.folder / "ringfence.yaml"

    @property
    def playbook(self) -> Path:
        return self.folder / "given_tokens.yaml"

    @property
    def listed(self) -> Path:
        return self.folder / "tokens.txt"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that the responder's command is given, first to last."""
        return *self.tokens, self.client.secret, self.client.registration_token


def make_world(folder: Path, peer: Peer, *, tokens: int) -> World:
    """A fresh client with so many live tokens, and the files by which `ringfence` reaches it."""
    from journal import Keys

    folder.mkdir(parents=True, exist_ok=True)
    client = peer.register()
    world = World(folder, client, tuple(peer.mint(client, tokens)))
    connection = {"system": "oauth", "url": peer.issuer, "secret": "file:client_secret", "client_id": client.client}
    _write(
        world.config,
        {"connections": {"idp": connection}, "integrations": "integrations.yaml", "seal": "file:master_key"},
    )
    foothold = {
        "id": "client", "kind": "client", "at": "idp", "client": client.client, "registration": client.registration,
        "registration_token": "file:registration_token",
    }  # fmt: skip
    vendor = {"title": "Vendor sync", "owner": "sales-ops", "footholds": [foothold]}
    _write(folder / "integrations.yaml", {"integrations": {"vendor_sync": vendor}})
    world.playbook.write_text(PLAYBOOK)
    for name, text in (
        ("client_secret", client.secret),
        ("registration_token", client.registration_token),
        ("tokens.txt", "\n".join(world.tokens)),
    ):
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text + "\n")
    Keys.make_file(folder / "master_key")
    return world


def _write(file: Path, value: object) -> None:
    file.write_text(yaml.safe_dump(value, sort_keys=False))
