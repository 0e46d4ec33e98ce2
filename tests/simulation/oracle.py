"""Is it true what was told, and is all of it told? Judged by the company's own log, never by what the tool believes."""

from collections import Counter, defaultdict

from journal.proof.verify import verify_url


def judge(story):
    """Everything that was wrong in a story, a sentence each."""
    return [
        *story.wrong,
        *_record(story),
        *_intents(story),
        *_answers(story),
        *_doubles(story),
        *_after_the_lease(story),
        *_hammers(story),
        *_once(story),
        *_stops(story),
    ]


def _record(story):
    """The chain is whole, and nothing that was acknowledged is lost or altered."""
    yield from story.disk.wrong
    for broken in verify_url(story.disk.url):
        yield f"record: {broken}"
    stored = {(e.run, e.n): e for run in story.runs for e in story.disk.reader.events(run)}
    for key, (_, event) in story.disk.durable.items():
        if key not in stored or stored[key].hash != event.hash:
            yield f"record: event {key} was acknowledged and is not there"
    for key in stored.keys() - story.disk.durable.keys():
        yield f"record: event {key} is there and nobody wrote it"


def _writes(story):
    return [request for request in story.world.requests if request.writes]


def _line(request):
    """A write as the journal would have it, from what arrived alone."""
    if request.system == "chat":
        return f'POST / {{"text":"{len(request.body["text"])} characters"}}'
    return f"{request.method} {request.path}" + ("" if request.body is None else " " + _spelled(request.body))


def _spelled(body):
    import json

    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _intents(story):
    """Promise 4: each write that left us stands in the journal, durably, from before it left."""
    intended = defaultdict(list)
    for at, event in story.disk.durable.values():
        if event.type == "intended":
            for line in event.body["lines"]:
                intended[line].append(at)
    left = Counter()
    for request in _writes(story):
        line = _line(request)
        left[line] += 1
        before = sum(1 for at in intended[line] if at <= request.left_at)
        if left[line] > before:
            yield f"promise 4: {request.by} sent {line} for the {left[line]}. time with {before} intents in the journal"


def _answers(story):
    """Promise 4, the other way: what the journal says was answered is in the company's log, once, with that status."""
    log = {f"q-{request.n}": request for request in story.world.requests}
    told = Counter()
    for _, event in story.disk.durable.values():
        if event.type != "answered":
            continue
        for send in event.body["sends"]:
            name = send["request_id"]
            if send["came"] in {"ok", "busy", "refused"} and not name:
                yield f"promise 4: event {event.n} says {send['came']} without the company's id of the request"
            if not name:
                continue
            told[name] += 1
            request = log.get(name)
            if request is None or not request.writes or told[name] > 1:
                yield f"promise 4: event {event.n} tells of {name}, which was {'told before' if request else 'never made'}"
            elif request.status != send["status"]:
                yield f"promise 4: event {event.n} says {send['status']}, the company said {request.status}"


def _looks_at(write):
    """The paths of the reads that show what this write sets."""
    parts = write.path.strip("/").split("/")
    match write.system, parts:
        case "idp", ["tokens", name, _]:
            return ("/tokens/" + name, "/clients/")
        case "crm", ["sessions", name]:
            return ("/sessions/" + name, "/users/")
        case _, [kind, name, *_]:
            return (f"/{kind}/{name}",)
    return ()


def _doubles(story):
    """Promise 2: nothing leaves twice without a look between that began after the first and was answered before the second."""
    last = {}
    for request in sorted(story.world.requests, key=lambda one: one.left_at):
        if not request.writes or request.system == "chat":
            continue
        line = (request.system, _line(request))
        first, last[line] = last.get(line), request
        if first is None:
            continue
        looks = (
            read for read in story.world.requests
            if not read.writes and read.by == request.by and read.system == request.system and read.status == 200
            and first.left_at < read.left_at and read.came_at < request.left_at
            and any(read.path.startswith(path) for path in _looks_at(request))
        )  # fmt: skip
        if next(looks, None) is None:
            yield f"promise 2: {request.by} sent {line[1]} again at {request.left_at:.2f} ({first.by} did at {first.left_at:.2f}) without a look between"


def _after_the_lease(story):
    """Promise 2: who was replaced sends nothing more, however long it slept."""
    taken = [(at, event) for at, event in story.disk.durable.values() if event.type == "leased"]
    for request in _writes(story):
        run, fence = story.fences.get(request.by, ("", 0))
        for at, event in taken:
            if event.run == run and event.fence > fence and at < request.left_at:
                yield f"promise 2: {request.by} sent {_line(request)} at {request.left_at:.2f}, replaced since {at:.2f}"
                break


def _hammers(story):
    """An accepted change needs its time: it is not asked for again and again meanwhile."""
    sent = defaultdict(list)
    for request in _writes(story):
        sent[request.by, _line(request)].append(request.left_at)
    for (by, line), times in sent.items():
        for first, sixth in zip(times, times[5:], strict=False):
            if sixth - first < 1.0:
                yield f"hammering: {by} sent {line} six times in {sixth - first:.2f} s, from {first:.2f} on"
                break


def _once(story):
    """What may be sent once has its effect once."""
    said = Counter(message.body["text"] for message in story.world.messages)
    for text, times in said.items():
        if times > 1:
            yield f"promise 2: the message {text!r} was posted {times} times"


def _stops(story):
    """A stop is heard: whoever owned the run then sends nothing more a moment later."""
    for at, run, fence, until in story.stopped:
        for then, event in story.disk.durable.values():
            if event.run == run and event.fence == fence and event.type == "intended" and then > until:
                yield f"stop: asked at {at:.2f}, and {run} intends {event.body['lines']} at {then:.2f}"
                break
