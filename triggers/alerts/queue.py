"""Alerts that are read from an SQS queue: each is kept before it is deleted there, and is ours for as long as that takes.

What cannot be kept now stays ours and is tried again: given back, it would soon count as undeliverable and be put aside.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from inventory.alerting import QueueEntry
from triggers.alerts.counting import Counts
from triggers.alerts.door import Inbox
from triggers.alerts.trust.model import Verified

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

AT_ONCE, LONG_POLL_S = 10, 20
AGAIN_S, LONGEST_AGAIN_S, LET_GO_S = 1.0, 30.0, 2.0
_REGION = re.compile(r"https://(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-[0-9])\.(?:queue\.)?amazonaws\.com(?:\.cn)?/")

Client = Callable[[QueueEntry], "AbstractAsyncContextManager[SQSClient]"]


def client(entry: QueueEntry) -> AbstractAsyncContextManager[SQSClient]:
    """A client for a queue; our credential is AWS's own chain's: environment, profile, the machine's role."""
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    region = entry.region or (found[1] if (found := _REGION.match(entry.url)) else None)
    config = AioConfig(
        connect_timeout=5, read_timeout=LONG_POLL_S + 10, retries={"max_attempts": 2, "mode": "standard"},
    )  # fmt: skip
    made: AbstractAsyncContextManager[SQSClient] = get_session().create_client(
        "sqs", region_name=region, endpoint_url=entry.endpoint, config=config
    )
    return made


class Queue:
    """One queue, read until it is cancelled."""

    def __init__(
        self, name: str, source: str, entry: QueueEntry, inbox: Inbox, counts: Counts, tell: Callable[[str], None], *,
        client: Client = client, proven: bool = True,
    ) -> None:  # fmt: skip
        """`proven`: whether the queue's own policy lets in only who may send; else its alerts only propose."""
        self._name, self._source, self._entry, self._inbox = name, source, entry, inbox
        self._counts, self._tell, self._client = counts, tell, client
        self._verified = "sqs" if proven else "none"
        self._told = ""

    async def run(self) -> None:
        """Read on, whatever fails meanwhile: it is told once, and tried again."""
        pause = AGAIN_S
        while True:
            try:
                async with self._client(self._entry) as sqs:
                    while True:
                        await self.once(sqs)
                        if self._told:
                            self._tell(f"Alerts from {self._name}: the queue can be read again.")
                        self._told, pause = "", AGAIN_S
            except Exception as error:  # noqa: BLE001  # the queue, the network, a credential that lapsed
                self._once_told(f"the queue cannot be read ({_kind(error)}); it is tried again.")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_AGAIN_S)

    async def once(self, sqs: SQSClient) -> int:
        """Wait for messages, a while; keep and delete them. Give how many there were."""
        answer = await sqs.receive_message(
            QueueUrl=self._entry.url, MaxNumberOfMessages=AT_ONCE, WaitTimeSeconds=LONG_POLL_S,
            VisibilityTimeout=self._entry.hold_s,
        )  # fmt: skip
        messages = {message["ReceiptHandle"]: message for message in answer.get("Messages", [])}
        if messages:
            await self._kept(sqs, messages)
        return len(answer.get("Messages", []))

    async def _kept(self, sqs: SQSClient, left: dict[str, MessageTypeDef]) -> None:
        """Keep all of them, however long that takes; meanwhile nobody else is given them."""
        holding = asyncio.create_task(self._hold(sqs, left))
        try:
            pause = AGAIN_S
            while True:
                done = [handle for handle, kept in zip(left, await self._try(left), strict=True) if kept]
                await self._delete(sqs, done)
                for handle in done:
                    del left[handle]
                if not left:
                    return
                self._once_told(f"{len(left)} alerts cannot be kept now; they are held, and tried again.")
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_AGAIN_S)
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding
            if left:  # we end, or the queue is away: whoever comes next need not wait for them
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(LET_GO_S):
                        await self._visible(sqs, [*left], 0)

    async def _try(self, messages: dict[str, MessageTypeDef]) -> list[bool]:
        return await asyncio.gather(*(self._keep(message) for message in messages.values()))

    async def _keep(self, message: MessageTypeDef) -> bool:
        raw = message.get("Body", "").encode("utf-8", "replace")
        # Of the body and not of the message: one that was put aside and is moved back comes as another message.
        replay = f"body:{hashlib.sha256(raw).hexdigest()}"
        verified = Verified(self._verified, self._entry.url.rpartition("/")[2][:120], replay, message.get("MessageId"))
        try:
            became = await self._inbox.keep(self._name, self._source, replay, raw, verified, {})
        except Exception:  # noqa: BLE001  # not kept, whatever it was: it stays in the queue
            self._counts.refused[self._name, "not_kept"] += 1
            return False
        (self._counts.accepted if became == "kept" else self._counts.again)[self._name] += 1
        return True

    async def _delete(self, sqs: SQSClient, handles: Sequence[str]) -> None:
        """What is not deleted comes once more, and is known then."""
        if handles:
            entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(handles)]
            await sqs.delete_message_batch(QueueUrl=self._entry.url, Entries=entries)  # type: ignore[arg-type]  # its types want a literal

    async def _hold(self, sqs: SQSClient, left: dict[str, MessageTypeDef]) -> None:
        """Ask for more time, long before it is up."""
        while True:
            await asyncio.sleep(self._entry.hold_s / 3)
            with contextlib.suppress(Exception):
                await self._visible(sqs, [*left], self._entry.hold_s)

    async def _visible(self, sqs: SQSClient, handles: Sequence[str], seconds: int) -> None:
        if handles:
            entries = [
                {"Id": str(number), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
                for number, handle in enumerate(handles)
            ]
            await sqs.change_message_visibility_batch(QueueUrl=self._entry.url, Entries=entries)  # type: ignore[arg-type]

    def _once_told(self, what: str) -> None:
        if what != self._told:
            self._told = what
            self._tell(f"Alerts from {self._name}: {what}")


def _kind(error: Exception) -> str:
    """What went wrong, without anybody's text in it: AWS's own code where there is one."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return code if isinstance(code, str) and re.fullmatch(r"[A-Za-z0-9.]{1,80}", code) else type(error).__name__
