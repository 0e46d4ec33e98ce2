"""`ringfence`: finds the command, and turns whatever comes of it into an exit code and a sentence.

It imports nothing but cyclopts at its top: a responder waits for our start. Commands are loaded when they are asked for, and the
front page is printed from the table below without loading any, nor what would draw it in colour.

Exit codes: 0 done; 1 refused, wrong input or usage (nothing was done); 2 partial, contested, failed or nothing found; 3 waiting for
a person; 4 the journal does not verify; 130 interrupted (141: nobody reads our output any more).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter

TITLE = "Incident containment as runbooks: cut off a breached integration in seconds, survive any crash, prove it afterwards."

COMMANDS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "In an incident",
        (
            ("contain", "running:contain", "Carry out a playbook against a breached integration."),
            ("hold", "running:hold", "Do of a playbook only what can be undone; the rest waits for people."),
            ("widen", "running:widen", "Contain one more integration in an incident that is under way."),
            ("approve", "deciding:approve", "Show what a run asks, and say yes to just that, as a proven person."),
            ("object", "deciding:object_", "Say no to what a run asks: more authority, or one more person, is asked."),
            ("attest", "attesting:attest", "Say, as a proven person, that what no look can prove is done."),
            ("retry", "attesting:retry", "Let an effect be sent again that was given up."),
            ("page", "paging:page", "Print a link that opens a run on somebody's phone, once, for them to answer it."),
            ("note", "noting:note", "Add a remark to the record of a run or an incident."),
            ("go-dark", "dark:go_dark", "Say nothing more of a run in Slack; it goes on on the page and here."),
            ("freeze", "freezing:freeze", "Let no new automatic run begin, for an hour at most; people's runs go on."),
            ("status", "watching:status", "Say what runs, what waits for whom, and what is still open."),
            ("resume", "running:resume", "Go on with a run that was stopped, or whose process died."),
            ("stop", "watching:stop", "End what a run has in flight and start nothing new; it can be resumed."),
            ("check", "watching:check", "Look again at what a run closed: is it still so?"),
            ("recover", "running:recover", "Undo, in stages, what a run closed. Started by people only."),
            ("serve", "serving:serve", "Serve the API, carry runs out with warm workers, look after those that rest."),
            ("worker", "serving:worker", "Carry runs out like serve, without the API: for more machines."),
            (
                "supervise",
                "supervise:supervise",
                "Go on with runs whose process is gone or whose people answered; watch those that wait.",
            ),
        ),
    ),
    (
        "Before one",
        (
            ("plan", "planning:plan", "Look, and show every call that a playbook would send. Sends none."),
            ("playbook", "playbook:app", "Check, try, draw, release, import and export playbooks."),
            ("connectors", "connectors:app", "List the systems that can be reached, and what can be done there."),
            ("integrations", "integrations:app", "Check and show the integrations and their footholds."),
            ("alert", "alert:app", "Read an alert as a source sends it, and say what would follow."),
            ("person", "person:app", "Make what proves a person: a token, a key, a passkey, a code; list the people."),
            ("sandbox", "sandbox:app", "Start and stop the practice company and its thief."),
        ),
    ),
    (
        "Beside and after",
        (
            ("review", "deciding:review", "Record that you looked at a wall that was opened by breaking the glass."),
            ("close", "custody:close", "Close an incident that is over, and shred what its runs needed of secrets."),
            ("legal-hold", "custody:legal_hold", "Keep all of an incident for the law, or end that."),
            ("erase", "custody:erase", "Erase people's names from an incident; its record stays whole."),
            ("journal", "journal:app", "Show, list and verify the record of all runs."),
            ("prefect", "prefect:app", "Start and stop our own Prefect server."),
        ),
    ),
)
"""Every command: its group, name, where it stands in `triggers.cli`, and one line for the front page."""

KNOWN = frozenset(
    [
        "connectors.core.errors:ConnectorError",
        "engine.bound:NotBound",
        "engine.plan.looking:NothingSeen",
        "engine.plan_file:PlanFileRefused",
        "flows.server:ServerError",
        "inventory.read:BadInventory",
        "journal.errors:JournalError",
        "language.errors:BadInput",
        "language.errors:BadPlaybook",
        "triggers.cli.place:Refused",
    ]
)
"""Errors whose text is the sentence for the operator, by name: to compare classes, their modules would have to be loaded."""


def _version() -> str:
    from importlib.metadata import version

    return f"ringfence {version('ringfence')}"


def _app() -> App:
    app = App(
        "ringfence",
        help=TITLE,
        version=_version,
        help_formatter="plain",
        default_parameter=Parameter(negative=()),
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    for _, commands in COMMANDS:
        for name, where, line in commands:
            app.command(f"triggers.cli.{where}", name=name, help=line)
    return app


app = _app()


def front_page() -> str:
    """Say what there is, in the order in which it is needed."""
    wide = max(len(name) for _, commands in COMMANDS for name, _, _ in commands)
    lines = ["Usage: ringfence COMMAND [OPTIONS]", "", TITLE]
    for group, commands in COMMANDS:
        lines += ["", f"{group}:", *(f"  {name:<{wide}}  {line}" for name, _, line in commands)]
    lines += ["", "`ringfence COMMAND --help` says more; `ringfence --version` which one this is."]
    lines += [
        "Exit codes: 0 done, 1 refused or wrong input (nothing was done), 2 partial or failed, 3 waiting for a person,"
    ]
    lines += ["4 the journal does not verify, 130 interrupted."]
    return "\n".join(lines)


def main(words: Sequence[str]) -> int:
    """Carry out one command line; give its exit code."""
    try:
        code = _carry_out(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        _say("Interrupted.")
        return 130
    except BrokenPipeError:
        # Nobody reads on: what Python would still flush at the end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001  the last line of defence: no traceback on the terminal
        return _explain(error)
    return code


def _carry_out(words: Sequence[str]) -> int:
    if not words or words[0] in {"--help", "-h", "help"}:
        print(front_page())
        return 0
    names = {name: where for _, commands in COMMANDS for name, where, _ in commands}
    if words[0] not in names and words[0] != "--version":
        _say(_unknown(words[0], names))
        return 1
    try:
        code = app(list(words))
    except CycloptsError as error:
        _say(f"{str(error).strip()} (`ringfence {_asked_for(words, names)} --help` shows how.)")
        return 1
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def run() -> None:
    """Be the command `ringfence`."""
    code = main(sys.argv[1:])
    if "prefect" in sys.modules:  # after a refusal too: a normal exit under its threads ends in an abort (tried)
        from flows.launch import leave

        leave(code)
    sys.exit(code)


def _unknown(word: str, names: Iterable[str]) -> str:
    """Name the nearest command: cyclopts would load every module to say so."""
    from difflib import get_close_matches

    if word.startswith("-"):
        return f"{word[:80]!a} stands where a command belongs. `ringfence --help` shows all commands."
    close = get_close_matches(word[:80], names, n=1)
    return f"There is no command {word[:80]!a}{f', did you mean {close[0]}?' if close else '.'} `ringfence --help` shows all."


def _asked_for(words: Sequence[str], names: Mapping[str, str]) -> str:
    """Give the command and sub-commands of a command line, as far as they exist."""
    found, here = [words[0]], app[words[0]]
    if names[words[0]].endswith(":app"):
        for word in words[1:]:
            if word.startswith("-") or word not in here:
                break
            found.append(word)
            here = here[word]
    return " ".join(found)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _explain(error: Exception) -> int:
    leaves = _leaves(error)
    if all(_is_known(leaf) for leaf in leaves):
        for sentence in dict.fromkeys(map(str, leaves)):
            _say(sentence)
        return 2 if any(type(leaf).__name__ == "LeaseLost" for leaf in leaves) else 1  # it had begun
    where = write_down(error)
    kind = type(leaves[0]).__name__
    _say(f"ringfence stopped at an error that it does not know ({kind}). This is a fault of ours; {where}")
    return 2


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]


def _is_known(error: BaseException) -> bool:
    return any(f"{kind.__module__}:{kind.__qualname__}" in KNOWN for kind in type(error).__mro__)


def write_down(error: BaseException) -> str:
    """Keep where it happened. Frames and kinds only: an error's own text and its variables may hold a secret."""
    import time
    import traceback

    from triggers.cli.place import state_folder

    lines = []
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        lines.append(f"{type(one).__module__}.{type(one).__qualname__}")
        lines += [f"  {f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(one.__traceback__)]
        todo += [one.__cause__, one.__context__]
        todo += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
    try:
        folder = state_folder() / "faults"
        folder.mkdir(mode=0o700, exist_ok=True)
        file: Path = folder / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}.log"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as log:
            log.write("\n".join(lines) + "\n")
    except Exception:  # noqa: BLE001  a second error must not hide the first
        return "where it happened could not be written down."
    return f"where it happened stands in {file}"


if __name__ == "__main__":
    run()
