"""Where things are: state folder, journal, keys, configuration, playbooks. Says in a sentence what is missing; starts no run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inventory.read import Inventory
    from journal import Journal, Keys
    from journal.proof.sign import Signer
    from language import Checked

CHECKOUT = Path(__file__).resolve().parents[2]
COMPANY = CHECKOUT / "sandbox" / "company" / "ringfence.yaml"
LEASE_S, SHORTEST_LEASE_S, LONGEST_LEASE_S = 30.0, 12.0, 3600.0
"""A run's lease: longer than the longest request and two missed renewals, since each send wants a request's time left."""
RENEWALS = 6
"""How often a lease is renewed in its time."""
ROLES = frozenset({"responder", "approver", "commander", "auditor"})


class Refused(Exception):
    """Nothing was done; the message says why, and what to do."""


def state_path() -> Path:
    """Say where state is kept, whether or not anything is there: RINGFENCE_HOME, or .ringfence here."""
    return Path(os.environ.get("RINGFENCE_HOME") or ".ringfence").expanduser().absolute()


def state_folder() -> Path:
    """Give the folder where state is kept; make it, for its owner alone."""
    path = state_path()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        said = "it is a file" if path.is_file() else error.strerror
        raise Refused(f"The state folder {path} cannot be made: {said}. Name another with RINGFENCE_HOME.") from None
    return path


def journal_url(config: Path | None = None) -> str:
    """Give the journal's URL, whether or not it exists. A password may stand in it: show `journal_shown` instead."""
    from triggers.cli.address import Unclear, named_journal

    try:
        named = named_journal(config or config_path())
    except Unclear as error:
        raise Refused(str(error)) from None
    if named is not None:
        return named
    from sqlalchemy import URL

    return URL.create("sqlite", database=str(state_path() / "journal.db")).render_as_string(hide_password=False)


def journal_shown(config: Path | None = None) -> str:
    """Give the journal's URL as people and logs may see it."""
    from journal.db.address import shown

    return shown(journal_url(config))


def has_journal(config: Path | None = None) -> bool:
    """Whether there is a journal to read: reading must not make one. Raises JournalFailed when nobody can tell."""
    from journal.db.there import exists

    return exists(journal_url(config))


def needed(config: Path | None = None) -> None:
    """Raise Refused where there is no journal to read."""
    if not has_journal(config):
        raise Refused(f"There is no journal at {journal_shown(config)}: no run was ever opened here.")


def open_journal(keys: Keys, config: Path | None = None) -> Journal:
    """Open the journal, made if it is missing; KillAt is for tests that kill at a boundary.

    `config`: which configuration says where it is and names the key that opens people's names; without it the one in
    force.
    """
    from journal import Journal, KillAt

    state_folder()
    try:
        kill = KillAt.from_env()
    except ValueError as error:
        raise Refused(str(error)) from None
    ttl_s = lease_s()
    return Journal.open(
        journal_url(config), keys=keys, names=names_keys(keys, config), kill=kill, ttl_s=ttl_s, renew_s=ttl_s / RENEWALS
    )


def lease_s() -> float:
    """Give the time of a lease: RINGFENCE_LEASE_S, or 30 s. Shorter than a request's time-out and its renewal, and nothing would be sent."""
    given = os.environ.get("RINGFENCE_LEASE_S", "").strip()
    if not given:
        return LEASE_S
    with contextlib.suppress(ValueError):
        if SHORTEST_LEASE_S <= (seconds := float(given)) <= LONGEST_LEASE_S:
            return seconds
    raise Refused(
        f"RINGFENCE_LEASE_S={given[:40]!r} is no time for a lease: {SHORTEST_LEASE_S:g} to {LONGEST_LEASE_S:g} seconds,"
        " or leave it out."
    )


def open_keys(inventory: Inventory | None, *, sandbox: bool) -> Keys:
    """Give the configured master key; in the sandbox, where none is configured, one of its own; else none."""
    from journal import Keys

    if inventory is not None and inventory.config.seal is not None:
        return _configured_key(inventory.config.seal, inventory.path.parent)
    return own_key("sandbox") if sandbox else Keys.none()


def own_key(name: str) -> Keys:
    """Give a key of the state folder, made when it is missing. Raises NoKey when it can not be made or read."""
    from journal import Keys, NoKey

    file = state_folder() / "keys" / name
    file.parent.mkdir(mode=0o700, exist_ok=True)
    if not file.exists():
        try:
            return Keys.make_file(file)
        except NoKey:  # made by another command at this very moment, or it cannot be made: the next line says which
            pass
    return Keys.from_reference(f"file:{file}")


def master_key(config: Path | None) -> Keys:
    """Give the master key of a configuration, or of the one in force; none where it names none. Raises NoKey."""
    from journal import Keys

    named = in_force(config).get("seal")
    return _configured_key(named, (config or config_path()).parent) if isinstance(named, str) else Keys.none()


def names_keys(keys: Keys, config: Path | None = None) -> list[Keys]:
    """Give the keys that people's names may be sealed with, the one for new names first; what cannot be read is left out.

    That is the master key, else that of the configuration in force, else one of the state folder. Whoever only looks
    needs no configuration: names that do not open read as pseudonyms.
    """
    from journal import NoKey

    found = [keys] if keys.id else []
    makers = [partial(master_key, config)] if isinstance(in_force(config).get("seal"), str) else []
    makers += [partial(own_key, name) for name in ("names", "sandbox") if (state_path() / "keys" / name).exists()]
    for make in makers:
        with contextlib.suppress(NoKey, OSError):
            found.append(make())
    if not found:
        with contextlib.suppress(NoKey, OSError):
            found.append(own_key("names"))
    return found


def _configured_key(reference: str, folder: Path) -> Keys:
    from journal import Keys

    kind, _, name = reference.partition(":")
    path = (folder / Path(name).expanduser()).resolve()
    return Keys.from_reference(f"file:{path}" if kind == "file" else reference)


def config_path() -> Path:
    """Say which configuration is in force where none is named: RINGFENCE_CONFIG, or ringfence.yaml here."""
    return Path(os.environ.get("RINGFENCE_CONFIG") or "ringfence.yaml").expanduser()


def in_force(config: Path | None = None) -> Mapping[str, Any]:
    """Give a configuration, or the one in force, as it is written, unchecked; empty where there is none that can be read.

    For what commands that only look need of it: they start faster, and work beside a configuration with a mistake in it.
    """
    path = config or config_path()
    if not path.is_file():
        return {}
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def open_signer(inventory: Inventory | None) -> Signer:
    """Give the key that signs heads, exports and tombstones: the configured one, else one of the state folder's own.

    Its public half lies beside that one as keys/sign.pub, to be given to whoever checks. Raises NoKey.
    """
    from journal import NoKey
    from journal.proof.sign import Signer

    if inventory is not None and inventory.config.journal.sign is not None:
        return Signer.from_reference(_from(inventory, inventory.config.journal.sign))
    file = state_folder() / "keys" / "sign"
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        signer = Signer.of_file(file)
        public = file.with_name("sign.pub")
        if not public.exists():
            public.write_text(f"{signer.public}\n", encoding="ascii")
    except OSError as error:
        raise NoKey(f"The signing key {file} cannot be made: {error.strerror}.") from None
    return signer


def _from(inventory: Inventory, reference: str) -> str:
    """Read a file's reference from the folder of the configuration."""
    kind, _, name = reference.partition(":")
    return f"file:{(inventory.path.parent / Path(name).expanduser()).resolve()}" if kind == "file" else reference


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Say by a lock that somebody watches the runs of this state folder, for as long as this process lives."""
    import fcntl

    with (state_folder() / "supervisor.lock").open("ab") as lock:
        with contextlib.suppress(BlockingIOError):  # two of them do no harm
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def is_watched() -> bool:
    """Whether `ringfence supervise` runs over this state folder."""
    from flows.server import is_held

    return is_held(state_path() / "supervisor.lock")


def configuration(
    config: Path | None = None,
    integrations: Path | None = None,
    *,
    sandbox: bool = False,
    handshake: Mapping[str, Any] | None = None,
    may_be_empty: bool = False,
) -> Inventory:
    """Read what is ours. With `sandbox` it is the practice company's, and that is started unless it runs.

    `handshake`: of a sandbox that the caller has started already, as `sandbox.ensure` gave it. `may_be_empty`: there
    need be no integration yet.
    """
    from inventory.read import read_inventory

    if not sandbox:
        return read_inventory(config or config_path(), integrations=integrations, may_be_empty=may_be_empty)
    if handshake is None:
        from triggers.cli.company import ensure

        handshake = ensure(state_folder())
    told = {"url": str(handshake["url"]), **handshake["secrets"]}
    return read_inventory(config or COMPANY, integrations=integrations, sandbox=told, may_be_empty=may_be_empty)


def described(config: Path | None = None, integrations: Path | None = None, *, sandbox: bool = False) -> Inventory:
    """Read what is ours as it is written, to check or show it: no secret is resolved and no sandbox is started."""
    if not sandbox:
        return configuration(config, integrations)
    from inventory.read import read_inventory

    return read_inventory(config or COMPANY, integrations=integrations)


def has_configuration(config: Path | None) -> bool:
    """Whether a configuration was named, or lies here."""
    return config is not None or bool(os.environ.get("RINGFENCE_CONFIG")) or Path("ringfence.yaml").exists()


def playbooks(inventory: Inventory | None) -> Iterator[Path]:
    """Give every playbook file there is, the nearest first: here, configured folders, those that come with ringfence."""
    folders = [Path("playbooks")]
    if inventory is not None:
        folders += [inventory.path.parent / folder for folder in inventory.config.playbooks]
    folders.append(CHECKOUT / "playbooks")
    seen: set[Path] = set()
    for folder in folders:
        for file in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def find_playbook(name: str, inventory: Inventory | None) -> Path:
    """Give the file of a playbook, by its path or by its name. Raises Refused with the nearest names."""
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if len(path.parts) > 1 or path.suffix in {".yaml", ".yml"}:
        raise Refused(
            f"There is no file {name}: give a playbook's file, or its name as `ringfence playbook list` shows it."
        )
    named: dict[str, Path] = {}
    for file in playbooks(inventory):
        named.setdefault(file.stem, file)
    if name in named:
        return named[name]
    from language.errors import nearest, short

    raise Refused(
        f"There is no playbook '{short(name)}'{nearest(name, named) or '; `ringfence playbook list` shows all'}"
    )


def checked_playbook(path: Path, inventory: Inventory | None) -> Checked:
    """Read and check a playbook; its names of ours as well where an inventory is given. Raises BadPlaybook."""
    from language.files import text_of

    return checked_text(text_of(path), str(path), inventory)


def checked_text(text: str, file: str, inventory: Inventory | None) -> Checked:
    """Check the text of a playbook, as `checked_playbook` does. Raises BadPlaybook."""
    from language import read
    from triggers.cli.shelf import Shelf, catalogue_of

    return read(text, file, catalogue_of(inventory), Shelf(Path(file).parent, inventory))
