"""Two objects that may hold credentials for one app: its registration, and its service principal in our tenant."""

from typing import Literal

Holder = Literal["applications", "servicePrincipals"]
"""Which of the two. An attacker adds his secret to either, so both are looked at."""
