# Turns that go wrong: run_faults.py JOBS, a file of JSON lines, the first about all. Prints what
# came of each as a line of JSON. The same script on each runtime.

import asyncio
import binascii
import json
import os
import sys

from slowness import waited_ms

from thinwire import (
    AsyncClient,
    Client,
    ContentDelta,
    Deployment,
    RetryPolicy,
    StreamComplete,
    StreamRestarted,
    Timeouts,
)

_SAID = "Zürich, 世界 🚀\n" * 43  # about 1 KiB


def open_files():
    return len(os.listdir("/proc/self/fd"))


class Seen:
    """What a caller gets to see of a turn."""

    def __init__(self):
        self.texts = [""]
        self.restarts = []
        self.attempts = []
        self.steps = []
        self.sent_bytes = 0
        self.completion = None

    def hear(self, event):
        if isinstance(event, ContentDelta):
            self.texts[-1] += event.text
        elif isinstance(event, StreamRestarted):
            self.restarts.append([event.deployment, event.reason, event.void_chars])
            self.texts.append("")
        elif isinstance(event, StreamComplete):
            self.completion = event.completion

    def told(self, name, fields):
        """The client's on_event."""
        if name == "attempt_started":
            self.attempts.append([fields["deployment"], "", ""])
        elif name == "attempt_failed":
            self.sent_bytes = fields["sent_bytes"]
            self._ended(fields, fields["outcome"], fields["kind"])
        elif name == "attempt_lost":
            self._ended(fields, "lost", "")
        elif name == "complete":
            self._ended(fields, "answered", "")
        else:
            self.steps.append(name)

    def _ended(self, fields, outcome, kind):
        attempt = self.attempts[fields["attempt"] - 1]
        assert attempt[1] == "", attempt
        attempt[1], attempt[2] = outcome, kind


def client_arguments(job, seen):
    """Arguments of a client, and its options."""
    limits = Timeouts(**job["timeouts"]) if job["timeouts"] else None
    deployments = {"m": Deployment(job["url"], "k", timeouts=limits)}
    if job["backup"]:
        deployments["backup"] = Deployment(job["backup"], "k")
    options = dict(job["options"])
    if "cadata" in options:
        options["cadata"] = binascii.unhexlify(options["cadata"])
    options["retry"] = RetryPolicy(**job["retry"])
    options["on_event"] = seen.told
    return ("m", deployments), options


def call_of(job):
    # The least that there is fits into a first block on each transport.
    said = _SAID if job["upload"] > 1 else _SAID[:100]
    messages = [{"role": "user", "content": said}] * job["upload"]
    return messages, {"extra_headers": {"X-Turn": job["turn"]}, "temperature": 0.5}


async def ask(job, seen):
    names, options = client_arguments(job, seen)
    messages, params = call_of(job)
    async with AsyncClient(*names, **options) as client:
        if job["unseen"]:
            seen.completion = await client.chat(messages, **params)
            return
        async with client.stream(messages, **params) as stream:
            async for event in stream:
                seen.hear(event)


def ask_blocking(job, seen):
    names, options = client_arguments(job, seen)
    messages, params = call_of(job)
    with Client(*names, **options) as client:
        if job["unseen"]:
            seen.completion = client.chat(messages, **params)
            return
        with client.stream(messages, **params) as stream:
            for event in stream:
                seen.hear(event)


def listed(attempts):
    """The same from `completion.attempts` or an error's, for comparison."""
    found = []
    for one in attempts:
        found.append([one.deployment, one.outcome, one.error.kind if one.error else ""])
    return found


def failure(error):
    partial = getattr(error, "partial", None)
    attempts = getattr(error, "attempts", None) or (partial.attempts if partial else None)
    telling = getattr(error, "last", None) or (error.cause if partial else error)
    return {
        "error": type(error).__name__,
        "message": str(error),
        "kind": getattr(error, "kind", ""),
        "status": getattr(telling, "status", 0),
        "phase": getattr(telling, "phase", ""),
        "listed": listed(attempts) if attempts else None,
    }


def success(completion):
    return {
        "error": "",
        "content": completion.content,
        "deployment": completion.deployment,
        "complete": completion.complete,
        "listed": listed(completion.attempts),
        "sent_bytes": completion.sent_bytes,
    }


def run(job, blocking, now_ms):
    """Does what `job` says; returns the outcome."""
    seen = Seen()
    waited, start = waited_ms(), now_ms()
    try:
        if blocking:
            ask_blocking(job, seen)
        else:
            asyncio.run(ask(job, seen))
        outcome = success(seen.completion)
    except Exception as error:  # whatever leaves is what is tested
        outcome = failure(error)
    outcome["ms"] = now_ms() - start
    outcome["waited_ms"] = waited_ms() - waited
    outcome["name"] = job["name"]
    outcome["texts"] = seen.texts if not job["unseen"] else [outcome.get("content", "")]
    outcome["restarts"] = seen.restarts
    outcome["attempts"] = seen.attempts
    outcome["steps"] = seen.steps
    outcome["failed_bytes"] = seen.sent_bytes
    return outcome


def clock():
    import time

    if hasattr(time, "ticks_ms"):  # they wrap after 12 days: not during a test
        return time.ticks_ms
    return lambda: time.monotonic_ns() // 1000000


def main(path):
    now_ms = clock()
    with open(path) as file:
        plan = json.loads(file.readline())
        blocking = plan["blocking"]
        # What the first turn loads takes its time, and what it keeps open is no leak.
        run(plan["first"], blocking, now_ms)
        before = open_files()
        for line in file:
            print(json.dumps(run(json.loads(line), blocking, now_ms)))
    print(json.dumps({"before": before, "after": open_files()}))


main(sys.argv[1])
