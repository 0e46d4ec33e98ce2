"""The people, credentials, resources and addresses that a finding names."""

from __future__ import annotations

from typing import Any

from engine.alert import Credential, Principal, Resource, Seen
from triggers.alerts.reading import paths
from triggers.alerts.reading.compiled import Listed
from triggers.alerts.reading.paths import Path, Payload
from triggers.alerts.reading.redaction import without_secrets
from triggers.alerts.reading.texts import as_address, as_id, as_text, shown

MOST = 50
"""Things of one kind that an alert holds."""


class Things:
    """Takes things out of one finding; what cannot be taken goes to the notes."""

    def __init__(self, payload: Payload, notes: list[str]) -> None:
        self.payload = payload
        self.notes = notes

    def principals(self, listed: tuple[Listed, ...]) -> tuple[Principal, ...]:
        """Who is named."""
        found: dict[Any, Principal] = {}
        for one, at, ident in self._each(listed, "principals"):
            email = self._shown(one, "email", at)
            made = Principal(
                kind=one.said.kind, id=ident, name=self._shown(one, "name", at), email=email, provider=one.said.provider
            )
            found.setdefault((made.kind, made.id), made)
        return tuple(found.values())[:MOST]

    def credentials(self, listed: tuple[Listed, ...]) -> tuple[Credential, ...]:
        """What was used."""
        found: dict[Any, Credential] = {}
        for one, at, ident in self._each(listed, "credentials"):
            scopes = self._texts(one, "scopes", at)
            if len(scopes) == 1:
                scopes = scopes[0].replace(",", " ").split()
            made = Credential(
                kind=one.said.kind, id=ident, client_id=as_id(self._text(one, "client_id", at)),
                hint=self._shown(one, "hint", at), scopes=tuple(shown(scope, 200) for scope in scopes[:100]),
                provider=one.said.provider,
            )  # fmt: skip
            found.setdefault((made.kind, made.id), made)
        return tuple(found.values())[:MOST]

    def resources(self, listed: tuple[Listed, ...]) -> tuple[Resource, ...]:
        """What is affected."""
        found: dict[Any, Resource] = {}
        for one, at, ident in self._each(listed, "resources"):
            made = Resource(
                kind=self._shown(one, "kind_at", at) or one.said.kind, id=ident, name=self._shown(one, "name", at),
                account=as_id(self._text(one, "account", at)), region=as_id(self._text(one, "region", at)),
            )  # fmt: skip
            found.setdefault(made.id, made)
        return tuple(found.values())[:MOST]

    def addresses(self, listed: tuple[Listed, ...]) -> tuple[Seen, ...]:
        """Where it came from, and what else had an address."""
        found: dict[Any, Seen] = {}
        for one in listed:
            for at in self._starts(one):
                for text in self._texts(one, "at", at):
                    ip = as_address(text)
                    if ip is None:
                        continue
                    asn, country = self._shown(one, "asn", at), self._shown(one, "country", at)
                    made = Seen(ip=ip, role=one.said.role, asn=asn, country=country)
                    found.setdefault(made.ip, made)
        return tuple(found.values())[:MOST]

    def _each(self, listed: tuple[Listed, ...], what: str) -> Any:
        for one in listed:
            for at in self._starts(one):
                text = self._text(one, "id", at)
                ident = as_id(text)
                if ident is not None:
                    yield one, at, without_secrets(ident)
                elif text is not None:
                    self.notes.append(f"{what}: an id that is none")

    def _starts(self, one: Listed) -> list[Any]:
        return self.payload.at(one.each)[: MOST * 2] if one.each is not None else [self.payload.item]

    def _texts(self, one: Listed, name: str, start: Any) -> list[str]:
        for path in one.paths.get(name, ()):
            found = [
                text
                for value in self._at(path, start)
                for part in (value[: paths.MOST] if isinstance(value, list) else [value])
                if (text := as_text(part)) is not None
            ]
            if found:
                return found
        return []

    def _at(self, path: Path, start: Any) -> list[Any]:
        return self.payload.at(path, start) if not path.root else self.payload.at(path)

    def _text(self, one: Listed, name: str, start: Any) -> str | None:
        found = self._texts(one, name, start)
        return found[0] if found else None

    def _shown(self, one: Listed, name: str, start: Any) -> str | None:
        text = self._text(one, name, start)
        return without_secrets(shown(text)) or None if text is not None else None
