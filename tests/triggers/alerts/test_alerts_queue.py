"""The queue against moto's SQS and SNS, which others wrote: nothing is lost, nothing is given back while it is being kept."""

from __future__ import annotations

import asyncio
import json

import pytest

from inventory.alerting import QueueEntry
from tests.triggers.alerts.doorway import Doorway, Shelf
from triggers.alerts.counting import Counts
from triggers.alerts.queue import Queue, client

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def aws():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def credential(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class Place:
    """A queue of its own, and what reads it."""

    def __init__(self, aws, sqs, url, hold_s=2):
        self.sqs, self.url, self.shelf, self.counts, self.said = sqs, url, Shelf(), Counts(), []
        self.entry = QueueEntry.model_construct(url=url, region=REGION, endpoint=aws, hold_s=hold_s)
        self.queue = Queue("guardduty", "aws-guardduty", self.entry, self.shelf, self.counts, self.said.append)

    async def send(self, *bodies):
        for body in bodies:
            await self.sqs.send_message(QueueUrl=self.url, MessageBody=body)

    async def seen(self, wait=0):
        """What another reader is given now."""
        answer = await self.sqs.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=wait, VisibilityTimeout=0, MaxNumberOfMessages=10
        )
        return [message["Body"] for message in answer.get("Messages", [])]

    async def left(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = await self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return tuple(int(answer["Attributes"][name]) for name in names)

    async def until(self, true, within_s=30):
        async with asyncio.timeout(within_s):
            while not true():
                await asyncio.sleep(0.02)


@pytest.fixture
async def place(aws, request):
    async with client(QueueEntry.model_construct(url=aws, region=REGION, endpoint=aws, hold_s=2)) as sqs:
        name = "".join(letter for letter in request.node.name if letter.isalnum())[-60:]
        made = await sqs.create_queue(QueueName=name)
        yield Place(aws, sqs, made["QueueUrl"])


async def test_what_is_kept_is_deleted_and_the_same_body_is_known_again(place):
    await place.send(*(json.dumps({"n": number}) for number in range(12)), json.dumps({"n": 0}))
    reading = asyncio.create_task(place.queue.run())
    await place.until(lambda: sum(place.counts.accepted.values()) == 12 and place.counts.again["guardduty"] == 1)
    await place.until(lambda: not place.said)
    assert await place.left() == (0, 0)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    sources = {
        (name, source, verified.scheme, verified.proven)
        for (name, _), (source, _, verified, _) in place.shelf.rows.items()
    }
    assert sources == {("guardduty", "aws-guardduty", "sqs", True)}


async def test_what_a_topic_forwards_comes_in_its_envelope(aws, place):
    from aiobotocore.session import get_session

    arn = (await place.sqs.get_queue_attributes(QueueUrl=place.url, AttributeNames=["QueueArn"]))["Attributes"][
        "QueueArn"
    ]
    async with get_session().create_client("sns", region_name=REGION, endpoint_url=aws) as sns:
        topic = (await sns.create_topic(Name="findings"))["TopicArn"]
        await sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        await sns.publish(TopicArn=topic, Message='{"detail-type": "GuardDuty Finding"}')
    assert await place.queue.once(place.sqs) == 1
    ((_, raw, verified, _),) = place.shelf.rows.values()
    said = json.loads(raw)
    assert (said["Type"], said["TopicArn"], said["Message"]) == (
        "Notification",
        topic,
        '{"detail-type": "GuardDuty Finding"}',
    )
    assert verified.delivery_id
    # moto signs nothing: the very same envelope, posted to the door, is a forgery
    way = Doorway({"guardduty": {"source": "aws-guardduty", "topics": [topic]}})
    assert (await way.ask("guardduty", raw)).status_code in {401, 503}
    assert not way.shelf.rows


async def test_what_cannot_be_kept_stays_ours_until_it_can(place):
    place.shelf.full = True
    await place.send('{"n": 1}', '{"n": 2}')
    reading = asyncio.create_task(place.queue.run())
    await place.until(lambda: place.counts.refused["guardduty", "not_kept"] >= 2)
    assert await place.seen(wait=5) == []  # more than twice as long as a message is hidden by itself
    assert place.said[0].endswith("alerts cannot be kept now; they are held, and tried again.")
    assert "canary" not in str(place.said)
    place.shelf.full = False
    await place.until(lambda: place.counts.accepted["guardduty"] == 2)
    async with asyncio.timeout(10):
        while await place.left() != (0, 0):
            await asyncio.sleep(0.05)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_what_is_not_kept_when_we_end_is_given_back_at_once(place):
    place.shelf.full = True
    await place.send('{"n": 1}')
    reading = asyncio.create_task(place.queue.run())
    await place.until(lambda: place.counts.refused["guardduty", "not_kept"] >= 1)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert await place.seen() == ['{"n": 1}']


async def test_a_queue_that_is_not_there_is_told_of_once_and_tried_again(aws, place):
    entry = QueueEntry.model_construct(url=f"{place.url}-gone", region=REGION, endpoint=aws, hold_s=2)
    queue = Queue("guardduty", "aws-guardduty", entry, place.shelf, place.counts, place.said.append)
    reading = asyncio.create_task(queue.run())
    await place.until(lambda: place.said)
    await place.sqs.create_queue(QueueName=entry.url.rpartition("/")[2])
    await place.sqs.send_message(QueueUrl=entry.url, MessageBody="{}")
    await place.until(lambda: place.counts.accepted["guardduty"] == 1 and len(place.said) == 2)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert len(place.said) == 2
    assert place.said[0].startswith("Alerts from guardduty: the queue cannot be read (")
    assert place.said[1] == "Alerts from guardduty: the queue can be read again."
