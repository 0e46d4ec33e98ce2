"""Points Prefect at one API and one home before it is imported. Does not read the user's profile, and lets Prefect print nothing.

PREFECT_HOME lies in the state folder, so what Prefect keeps of a run lies there and nowhere else.
"""

from __future__ import annotations

import os
from pathlib import Path

ALWAYS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",  # it would start a server of its own inside our process
    "PREFECT_PROFILE": "ephemeral",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_CONFIG_PATH": str(Path(__file__).with_name("quiet.yml")),
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
}


def home(state: Path) -> Path:
    """Where Prefect keeps what it keeps: always below our own state folder."""
    return state.resolve() / "prefect"


def environment(state: Path) -> dict[str, str]:
    """Give the settings that hold for every use of Prefect in our commands."""
    folder = home(state)
    return {**ALWAYS, "PREFECT_HOME": str(folder), "PREFECT_PROFILES_PATH": str(folder / "profiles.toml")}


def load(state: Path) -> None:
    """Import prefect and both flows, with our settings. Takes about two seconds: call it in a thread."""
    home(state).mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.update(environment(state))
    import flows.contain
    import flows.recover  # noqa: F401 - both are to be there when the run starts


def point(url: str) -> None:
    """Make Prefect, in this whole process, speak to this API from now on."""
    import prefect.context
    from prefect.events.worker import EventsWorker
    from prefect.settings import PREFECT_API_URL

    before = PREFECT_API_URL.value()
    prefect.context.refresh_global_settings_context()
    root = prefect.context.GLOBAL_SETTINGS_CONTEXT
    settings = root.settings.copy_with_update(updates={PREFECT_API_URL: url})
    prefect.context.GLOBAL_SETTINGS_CONTEXT = prefect.context.SettingsContext(profile=root.profile, settings=settings)
    if before not in {None, url}:
        EventsWorker.drain_all(timeout=0)  # the old one goes on sending to the server that was
