"""`ringfence sandbox`: the practice company and its thief, for trying things. Never shows a secret of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from triggers.cli.company import ask, attacker_calls, end, ensure, running, wake
from triggers.cli.place import Refused, state_folder, state_path
from triggers.cli.say import as_json, line

__all__ = ["app", "attacker_calls", "ensure", "running"]

app = App("sandbox", help="Start and stop the practice company and its thief. Everything stays on this machine.")
by_hand = App("by-hand", help="Change something as the company's own administrator, to see recovery meet drift.")
app.command(by_hand)

CLIENT, USER, PATH = "drift-prod", "svc-drift", "crm-api"


def shown(handshake: dict[str, Any] | None, *, awake: bool = False) -> dict[str, Any]:
    """Say what of a handshake may be seen, and whether thief and vendor act."""
    if handshake is None:
        return {"url": None, "pid": None, "started": None, "options": None, "alive": False, "awake": False}
    return {name: handshake[name] for name in ("url", "pid", "started", "options")} | {"alive": True, "awake": awake}


def _tell(handshake: dict[str, Any] | None) -> None:
    if handshake is None:
        line("No sandbox runs here: `ringfence sandbox up` starts one.")
        return
    options = handshake["options"]
    said = ", ".join(f"{name.replace('_', '-')} {value}" for name, value in options.items() if name != "port")
    line(f"The sandbox runs at {handshake['url']} (pid {handshake['pid']}, since {handshake['started']}): {said}.")


def _needed() -> dict[str, Any]:
    handshake = running(state_path())
    if handshake is None:
        raise Refused("No sandbox runs here: `ringfence sandbox up` starts one.")
    return handshake


@app.command
def up(
    *,
    tokens: int | None = None,
    attacker: Literal["plain", "admin", "none"] | None = None,
    mint_per_s: float | None = None,
    lag_s: float | None = None,
    seed: int | None = None,
    grants: int | None = None,
    forgotten: bool | None = None,
    restart: bool = False,
    json: bool = False,
) -> None:
    """Start the practice company, unless it runs as asked, and wake its thief.

    Parameters
    ----------
    tokens
        Live tokens of the vendor at the start, all of them stolen.
    attacker
        plain: reads, refreshes, mints, logs in again. admin: also switches things back on. none: no thief.
    mint_per_s
        Tokens a second that the thief mints while he can.
    lag_s
        Seconds from the answer to a change until it takes effect.
    seed
        Of the dice; secrets are always random.
    grants
        People who consented to a client that nobody knows.
    forgotten
        The vendor also has an API key and a webhook that nobody wrote down, and the thief has that key.
    restart
        End the one that runs, and start another.
    json
        Print one JSON object.
    """
    handshake = ensure(
        state_folder(), tokens=tokens, attacker=attacker, mint_per_s=mint_per_s, lag_s=lag_s, seed=seed, grants=grants,
        forgotten=forgotten, restart=restart,
    )  # fmt: skip
    wake(handshake)
    if json:
        as_json(shown(handshake, awake=True))
    else:
        _tell(handshake)


@app.command
def down(*, json: bool = False) -> None:
    """End the practice company; nothing of it is kept."""
    ended = end(state_path())
    if json:
        as_json({"ended": ended})
    else:
        line("The sandbox has ended." if ended else "No sandbox ran here.")


@app.command
def status(*, json: bool = False) -> None:
    """Say whether it runs, where, and with which options."""
    handshake = running(state_path())
    thief = ask(handshake, "GET", "/_sandbox/state")["attacker"] if handshake is not None else {}
    if json:
        as_json(shown(handshake, awake=bool(thief.get("awake"))))
        return
    _tell(handshake)
    if handshake is not None:
        if not thief["awake"]:
            line("Thief and vendor are asleep: nobody acts until a run contains, or `ringfence sandbox up` wakes them.")
        last = f", the last at {thief['last_success_at']}" if thief["last_success_at"] else ""
        line(
            f"The thief ({thief['mode']}) tried {thief['attempts']} times and succeeded {thief['successes']} times{last}."
        )


@app.command
def log(
    *,
    since: datetime | None = None,
    who: Literal["attacker", "vendor", "person", "ringfence"] | None = None,
    limit: int = 50,
    json: bool = False,
) -> None:
    """Show the last requests that the company's systems decided.

    Parameters
    ----------
    since
        From this time on, as in 2026-03-01T02:40:00Z.
    who
        Only the requests of one of them.
    limit
        At most so many, the latest.
    json
        Print one JSON object.
    """
    path = "/_sandbox/log"
    if since is not None:
        if since.tzinfo is None:
            raise Refused("--since: a time names its zone, as in 2026-03-01T02:40:00Z")
        path += f"?since={since.isoformat().replace('+', '%2B')}"
    lines = [each for each in ask(_needed(), "GET", path) if who in {None, each["who"]}]
    lines = lines[-limit:] if limit > 0 else []
    if json:
        as_json({"requests": lines})
        return
    for each in lines:
        fault = f"  ({each['fault']})" if each["fault"] else ""
        line(f"{each['at']}  {each['who']:<9}  {each['status']}  {each['method']:<6} {each['path']}{fault}")


@by_hand.command(name="allow-list")
def allow_list(*addresses: str, path: str = PATH) -> None:
    """Let only these addresses through the firewall's path to the CRM; `any` lets everybody through."""
    if not addresses:
        raise Refused("Name the addresses that may pass, or `any`.")
    everybody = addresses == ("any",)
    body = {"mode": "any", "addresses": []} if everybody else {"mode": "only", "addresses": list(addresses)}
    ask(_needed(), "PUT", f"/firewall/paths/{_part(path)}", body, "person_key")
    line(f"By hand: {path} is open to {'anybody' if everybody else ', '.join(addresses)}.")


@by_hand.command
def client(state: Literal["on", "off"], /, *, client: Annotated[str, Parameter(name="--client")] = CLIENT) -> None:
    """Switch the vendor's OAuth client on or off."""
    ask(_needed(), "PUT", f"/idp/clients/{_part(client)}/enabled", {"enabled": state == "on"}, "person_key")
    line(f"By hand: the client {client} is {state}.")


@by_hand.command
def user(state: Literal["frozen", "unfrozen"], /, *, user: Annotated[str, Parameter(name="--user")] = USER) -> None:
    """Freeze or unfreeze the user that the integration runs as."""
    ask(_needed(), "PUT", f"/crm/users/{_part(user)}/frozen", {"frozen": state == "frozen"}, "person_key")
    line(f"By hand: the user {user} is {state}.")


def _part(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")
