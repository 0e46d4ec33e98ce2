"""Plays the conversation of docs/slack.md on the practice company, and writes it down there: `python docs/conversation.py`.

The services are the real ones, processes of their own; so are page, engine, journal, the practice company and its thief.
Slack is the small one of the tests, which keeps what it was given. What people do is scripted; what is said is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/triggers/slack")]

import httpx  # noqa: E402
from slack_sdk.signature import SignatureVerifier  # noqa: E402

from tests.triggers.slack.conftest import SIGNING, parked  # noqa: E402
from tests.triggers.slack.practice import configured  # noqa: E402
from tests.triggers.slack.slack_fake import TEAM, FakeSlack  # noqa: E402
from tests.triggers.slack.slack_reading import aloud  # noqa: E402

TOKENS, KILL_AFTER = 900, 150
BEGIN, END = "<!-- conversation: written by docs/conversation.py -->", "<!-- end of the conversation -->"
NAMES = {"U0ANA": "ana", "U0BEN": "ben", "U0CLEO": "cleo"}


class Listening(FakeSlack):
    """Writes down what is said, as it is said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.begun = time.monotonic()
        self.heads: dict[str, str] = {}

    def note(self, who: str, text: str) -> None:
        """Write down who said what, and when."""
        at = time.monotonic() - self.begun
        first, *rest = [line for line in text.splitlines() if line.strip()]
        self.lines += [f"{at:7.1f} s  {who:<10} {first}", *(f"{'':22}{line}" for line in rest)]
        print(*self.lines[-len(rest) - 1 :], sep="\n", flush=True)

    def _chat_postmessage(self, said: Any) -> Any:
        self.note("Ringfence" if said.get("thread_ts") else "RINGFENCE", _brief(said))
        return super()._chat_postmessage(said)

    def _chat_update(self, said: Any) -> Any:
        if self.heads.get(said["ts"]) != said["text"]:
            self.heads[said["ts"]] = said["text"]
            self.note("(head)", said["text"])
        return super()._chat_update(said)

    async def _respond(self, request: Any) -> Any:
        said = await request.json()
        self.note(f"> {NAMES[request.match_info['user']]}", _brief(said))
        return await super()._respond(request)

    def _views_open(self, said: Any) -> Any:
        self.note("(form)", _brief(said["view"]))
        return super()._views_open(said)


def _brief(payload: Any) -> str:
    """As it is read aloud, without what is the same each time."""
    text = aloud(payload)
    return re.sub(
        r"page/l/[\w-]+", "page/l/...", "\n".join(line for line in text.splitlines() if not line.startswith("   "))
    )


@dataclass
class Night:
    """One incident, from command to recovery."""

    folder: Path
    slack: Listening
    port: int
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the service is."""
        return f"http://localhost:{self.port}"

    def start(self, name: str, *words: str) -> None:
        """Start one of ours as a process of its own."""
        command = [
            sys.executable,
            "-m",
            "triggers.cli.main",
            *words,
            "--sandbox",
            "--config",
            str(self.folder / "ringfence.yaml"),
        ]
        env = os.environ | {
            "RINGFENCE_HOME": str(self.folder / "state"),
            "RINGFENCE_PREFECT": "off",
            "PYTHONPATH": str(ROOT),
        }
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(command, env=env, cwd=self.folder, stdout=log, stderr=log)  # noqa: S603

    async def post(self, fields: dict[str, str]) -> None:
        """What Slack posts to us, signed."""
        body, stamp = urlencode(fields), str(int(time.time()))
        signature = SignatureVerifier(SIGNING).generate_signature(timestamp=stamp, body=body)
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature),
                   "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
            answer = await client.post("/slack/events", content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def command(self, text: str, user: str) -> None:
        """Somebody types a command."""
        self.slack.note(NAMES[user], f"/ringfence {text}")
        await self.post(self.slack.command(text, user))

    async def press(self, ts: str, action: str, user: str, words: str) -> None:
        """Somebody presses a button of a message that stands there."""
        self.slack.note(NAMES[user], f"presses [{words}]")
        await self.post({"payload": json.dumps(self.slack.press(ts, action, user))})

    async def until(self, true: Any, within_s: float = 30.0) -> Any:
        """Wait until something is so; give it."""
        async with asyncio.timeout(within_s):
            while not (found := true()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return found

    async def message(self, words: str, after: str = "") -> str:
        """The ts of the newest message with these words."""

        def newest() -> str:
            return max(
                (ts for ts, one in self.slack.messages.items() if words in aloud(one) and ts > after), default=""
            )

        return str(await self.until(newest))

    async def approve(self, ts: str, user: str, reason: str) -> None:
        """Press, open the link that only this person sees, and answer on the page with a code of the app."""
        told = len(self.slack.ephemeral)
        await self.press(ts, "ask_approve", user, "Approve on the page")
        await self.until(lambda: len(self.slack.ephemeral) > told)
        link = self.slack.ephemeral[-1]["blocks"][1]["elements"][0]["url"]
        async with httpx.AsyncClient(headers={"Origin": self.url}, trust_env=False, timeout=20) as client:
            page = await client.post(link, follow_redirects=True)
            code = parked.code_of((self.folder / f"{NAMES[user]}.totp").read_text())
            said = {**parked.fields(page.text), "answer": "approve", "code": code, "reason": reason}
            where = str(page.url) + "/answer"
            answer = await client.post(where, data=said, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        self.slack.note(NAMES[user], f'on the page, with a code of the app: approves, "{reason}"')

    def rows(self) -> list[Any]:
        """All runs, as the journal has them."""
        from journal import Journal, Keys

        journal = Journal.open(f"sqlite:///{self.folder}/state/journal.db", keys=Keys.none())
        try:
            return journal.runs()
        finally:
            journal.close()

    def owner(self, run: str) -> int:
        """The pid of whoever carries the run out; 0 where nobody does."""
        found = next((re.search(r"process (\d+)", row.owner or "") for row in self.rows() if row.run == run), None)
        return int(found[1]) if found else 0

    def length(self, run: str) -> int:
        """How long the record of a run is."""
        return next((row.n for row in self.rows() if row.run == run), 0)


async def play(folder: Path) -> list[str]:
    """Play it; the lines of the conversation."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    slack = Listening()
    await slack.start()
    for user in NAMES:
        slack.member(user)
    night = Night(folder, slack, port)
    try:
        await _prepared(night)
        await _played(night)
    finally:
        for process in night.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in night.processes.values():
            process.wait(20)
        await slack.close()
        from triggers.cli import company

        company.end(folder / "state")
    return slack.lines


async def _prepared(night: Night) -> None:
    from triggers.cli.practice import practice
    from triggers.page.codes import new_secret

    state = night.folder / "state"
    state.mkdir(mode=0o700)
    os.environ["RINGFENCE_HOME"] = str(state)
    file = configured(night.folder, night.slack, page=night.url)
    import yaml

    said = yaml.safe_load(file.read_text())
    for name in ("ben", "cleo"):
        (night.folder / f"{name}.totp").write_text(new_secret())
        said["people"][name]["totp"] = f"file:{name}.totp"
    file.write_text(yaml.safe_dump(said))
    practice(state, tokens=TOKENS, attacker=None, contains=True, tell=print)
    night.start("service", "serve", "--port", str(night.port))
    night.start("worker", "worker")

    async def ready() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
                return (await client.get(f"{night.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    async with asyncio.timeout(90):
        while not await ready():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    night.slack.begun = time.monotonic()


async def _played(night: Night) -> None:
    slack = night.slack
    await night.command("contain drift vendor advisory + alert 5512", "U0ANA")
    view = await night.until(lambda: next(iter(slack.views.values()), None))
    slack.note("ana", "sends the form")
    await night.post({"payload": json.dumps(slack.send(view["id"], {}, "U0ANA"))})
    plan = await night.message("PLAN")
    await night.press(plan, "plan_hold", "U0ANA", "Hold now")
    question = await night.message("ASKED TO CUT")
    run = slack.messages[question]["metadata"]["event_payload"]["run"]
    await night.message("HELD")
    await night.press(question, "ask_approve", "U0ANA", "Approve on the page")
    await night.message("TURNED AWAY")
    await night.until(lambda: not night.owner(run))  # it waits for people: nobody carries it
    before = night.length(run)
    await night.approve(question, "U0BEN", "agree, seen the address")
    service = night.processes["service"]
    for _ in range(
        10
    ):  # one that is stopped while it writes keeps everybody else from it: it is let go, and stopped again
        service.send_signal(signal.SIGSTOP)  # so that the worker, and not the service, is the one that takes it up here
        with contextlib.suppress(TimeoutError):
            await night.until(lambda: night.owner(run), within_s=4)
        service.send_signal(signal.SIGCONT)
        if night.owner(run):
            break
        await asyncio.sleep(0.05)
    await night.until(lambda: night.length(run) > before + KILL_AFTER)
    await _killed(night, run)
    await night.message("WORKER LOST")
    await night.message("CONTAINED")
    await night.until(lambda: not night.owner(run))
    incident = next(row.incident for row in night.rows() if row.run == run)
    await night.command(f"recover {incident}", "U0ANA")
    back = await night.message("ASKED TO GIVE BACK")
    await night.approve(back, "U0CLEO", "secrets are rotated, nothing planted was found")
    await night.message("RECOVERED")
    await night.until(lambda: "RECOVERED" in slack.messages[_head(slack, run)]["text"])


async def _killed(night: Night, run: str) -> None:
    """Kill whoever carries the run out, in the middle of the cut."""
    pid = night.owner(run)
    name = next(name for name, process in night.processes.items() if process.pid == pid)
    night.slack.note("(kill -9)", f"the {name}, process {pid}, in the middle of the cut")
    night.processes[name].kill()
    night.processes[name].wait()
    if name == "service":  # whoever looks after the machine starts it again; the worker has the run by then
        night.start("service", "serve", "--port", str(night.port))


def _head(slack: FakeSlack, run: str) -> str:
    return next(ts for ts, one in slack.messages.items() if not one.get("thread_ts") and _run_of(one) == run)


def _run_of(message: Any) -> str:
    return str((message.get("metadata") or {}).get("event_payload", {}).get("run", ""))


def main() -> None:
    """Play it, and write it into docs/slack.md."""
    with tempfile.TemporaryDirectory() as folder:
        lines = asyncio.run(play(Path(folder)))
    file = ROOT / "docs/slack.md"
    text = file.read_text(encoding="utf-8")
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    said = "\n".join(lines).replace(TEAM, "T...")
    file.write_text(f"{text[:begin]}\n\n```text\n{said}\n```\n\n{text[end:]}", encoding="utf-8")


if __name__ == "__main__":
    main()
