"""A value that is shown to nobody: in plans, journals, logs and errors it stands as its fingerprint."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, ClassVar, NoReturn

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

DOMAIN = b"ringfence/fingerprint/v1\0"


class Secret:
    """A token, key or password.

    Its fingerprint (16 hex digits of a domain-separated SHA-256) identifies it in effects and hashes. It is meant for
    values of high entropy, as tokens are: whoever guesses a weak password can check the guess against a fingerprint.
    """

    __ringfence_secret__: ClassVar[bool] = True
    __slots__ = ("_value", "fingerprint")
    fingerprint: str

    def __init__(self, value: str) -> None:
        """Take the clear value; an empty one is refused, as it is never a credential."""
        if not value:
            raise ValueError("a secret is empty")
        self._value = value
        self.fingerprint = hashlib.sha256(DOMAIN + value.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def reveal(self) -> str:
        """The clear value, for the transport and the sealer alone."""
        return self._value

    def __repr__(self) -> str:
        return f"secret:{self.fingerprint}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: hand over its fingerprint, and seal the value in the journal")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Only a Secret is taken, never bare text; it is written out as its fingerprint."""
        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(repr, when_used="always")
        )
