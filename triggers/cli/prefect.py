"""`ringfence prefect`: our own Prefect server, to see runs on a page. No run needs it, and none waits for it."""

from __future__ import annotations

import os

from cyclopts import App

from triggers.cli import place
from triggers.cli.say import as_json, line

app = App("prefect", help="Start and stop our own Prefect server. No run needs it.")


@app.command
def up(*, json: bool = False) -> None:
    """Start the server in the background, unless it runs; it ends by itself after thirty idle minutes."""
    from flows import api, server

    named = api.configured(os.environ)
    running = server.start(place.state_folder())
    if json:
        as_json({"url": running.url, "page": running.page, "pid": running.pid, "used": named is None})
        return
    line(f"Prefect {running.version} runs at {running.page} (pid {running.pid}).")
    if api.off(os.environ):
        line("Runs do not use it: RINGFENCE_PREFECT is off.")
    elif named is not None:
        line(f"Runs do not use it: the environment names {named.url}.")


@app.command
def down(*, json: bool = False) -> None:
    """End the server."""
    from flows import server

    ended = server.stop(place.state_path())
    if json:
        as_json({"ended": ended})
    else:
        line("The Prefect server has ended." if ended else "No Prefect server of ours ran here.")


@app.command
def status(*, json: bool = False) -> int:
    """Say which Prefect the next run would use, and whether it answers. Exit code 2 if it does not."""
    from flows import api

    found = api.find(place.state_path(), environ=os.environ)
    alive = found is not None and api.alive(found.url, 2.0)
    off = api.off(os.environ)
    if json:
        known = {"url": found.url, "page": found.page, "ours": found.ours} if found is not None else {"url": None}
        as_json(known | {"alive": alive, "off": off})
    elif off:
        line("Off: runs go without Prefect (RINGFENCE_PREFECT=off).")
    elif found is None:
        line("None runs here: `ringfence prefect up` starts one, and so does the next run.")
    else:
        whose = "Our server" if found.ours else "The server that the environment names"
        line(f"{whose}, {found.page}, {'answers' if alive else 'does NOT answer: runs go on without it'}.")
    return 2 if found is not None and not alive else 0
