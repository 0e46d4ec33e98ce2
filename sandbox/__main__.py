"""`python -m sandbox`: start the practice company."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

from sandbox.world import Options

ABOUT = """\
Start the practice company: an identity provider, a CRM, a firewall and a chat in one process on 127.0.0.1,
with a vendor who works and a thief who has stolen the vendor's tokens. Nothing leaves this machine.

When it is ready it writes the handshake file (JSON, mode 0600): its URL, its pid, its options and its secrets.
It ends on SIGTERM, on POST /_sandbox/stop, or when idle, and takes the handshake with it."""


def at_least(least: float, kind: type[int | float]) -> Callable[[str], float]:
    """Make an argparse type: a number not below `least`."""

    def read(text: str) -> float:
        value = kind(text)
        if not value >= least:
            raise ValueError
        return value

    read.__name__ = f"number from {least:g}"
    return read


def arguments() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, default = parser.add_argument, Options()
    add("--handshake", type=Path, required=True, metavar="FILE", help="where to write URL and secrets")
    add("--port", type=at_least(0, int), default=default.port, help="0 takes a free one (default: 0)")
    add("--tokens", type=at_least(0, int), default=default.tokens,
        help="active tokens of drift-prod at the start, all of them stolen; 0: nothing was stolen and nobody acts"
        " (default: %(default)s)")  # fmt: skip
    add("--attacker", choices=["plain", "admin", "none"], default=default.attacker,
        help="plain: reads, refreshes, mints, logs in again; admin: also switches things back on; none: no thief"
        " (default: %(default)s)")  # fmt: skip
    add("--mint-per-s", type=at_least(0, float), default=default.mint_per_s, metavar="N",
        help="tokens a second that the thief mints while he can (default: %(default)g)")  # fmt: skip
    add("--lag-s", type=at_least(0, float), default=default.lag_s, metavar="S",
        help="seconds from the answer to a change until it takes effect and shows (default: %(default)g)")  # fmt: skip
    add("--seed", type=int, default=default.seed, help="of the dice; secrets are always random (default: %(default)s)")
    add("--idle-minutes", type=at_least(0.01, float), default=default.idle_minutes, metavar="M",
        help="ends after so long without a request from outside (default: %(default)g)")  # fmt: skip
    add("--grants", type=at_least(0, int), default=default.grants, metavar="N",
        help="people who consented to a client that nobody knows (default: %(default)s)")  # fmt: skip
    add("--forgotten", action="store_true",
        help="the vendor also has an API key and a webhook that nobody wrote down, and the thief has that key")  # fmt: skip
    add("--asleep", action="store_true", help="thief and vendor do nothing until PUT /_sandbox/attacker wakes them")
    return parser


def main() -> None:
    """Read the command line and run until told to end."""
    parser = arguments()
    given = vars(parser.parse_args())
    handshake: Path = given.pop("handshake").absolute()
    asleep: bool = given.pop("asleep")
    if not handshake.parent.is_dir():
        parser.error(f"argument --handshake: there is no folder {handshake.parent}")
    from sandbox.process import serve

    try:
        asyncio.run(serve(Options(**given), handshake, asleep=asleep))
    except OSError as error:
        parser.exit(1, f"{parser.prog}: cannot start: {error.strerror or error}\n")


if __name__ == "__main__":
    main()
