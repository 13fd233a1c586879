# One HTTP exchange through any transport, and what came of it, as plain data. Runs on CPython and
# on MicroPython, so that all transports are held to one table (tests/support/scenarios.py).

import io
import sys
from collections import OrderedDict

from thinwire.core.answer.error_response import readinto
from thinwire.core.request.http_request import JSONBody, Request
from thinwire.core.wire.json_encode import Items

KEY = "sk-never-to-be-seen"
SECRET = "header-never-to-be-seen"

_MESSAGE = "0123456789abcde" * 64 + " "


class Messages:
    """So many KiB of prompt, without holding them."""

    def __init__(self, count):
        self._count = count

    def __iter__(self):
        for _ in range(self._count):
            yield {"role": "user", "content": _MESSAGE}


def request_of(job, leg, now):
    headers = [("Authorization", "Bearer " + KEY), ("X-Secret", SECRET), ("X-Leg", leg)]
    # In this order, which a dict of MicroPython has not: a server that answers early must know by
    # then whom it is asked for.
    document = OrderedDict()
    document["model"] = job["model"]
    document["messages"] = Items(Messages(job["upload"]))
    authority = "%s:%d" % (job["host"], job["port"])
    request = Request(
        "POST",
        "http",
        job["host"],
        job["port"],
        job["path"],
        authority,
        headers,
        JSONBody(document),
    )
    request.connect_deadline_ms = now + job["connect_ms"]
    request.total_deadline_ms = now + job["head_ms"]
    request.idle_ms = job["idle_ms"]
    return request


async def exchange(transport, job, leg):
    """Does what `job` says; `leg` goes along as a header.

    Returns:
        Outcome: status, body, headers found, error class, phase, milliseconds, and all that a
        person would see of the error.
    """
    outcome = {"name": job["name"], "status": 0, "body": "", "error": "", "phase": "", "shown": ""}
    start = transport.now_ms()
    try:
        await _exchange(transport, request_of(job, leg, start), job, outcome)
    except Exception as error:  # whatever leaves a transport is what is tested
        outcome["error"] = type(error).__name__
        outcome["phase"] = getattr(error, "phase", "")
        outcome["shown"] = _shown(error)
    outcome["ms"] = transport.now_ms() - start
    return outcome


async def _exchange(transport, request, job, outcome):
    response = await transport.send(request)
    try:
        outcome["status"] = response.status
        outcome["headers"] = [response.header(name) for name in job["headers"]]
        outcome["all_headers"] = response.all_headers()
        await _read(transport, response, outcome, job)
    finally:
        await response.aclose()
        await response.aclose()


async def _read(transport, response, outcome, job):
    # A buffer smaller than most pieces, so that leftovers count too. What the server says before
    # it stalls may take its time: the deadline of the stall begins behind it.
    buffer = memoryview(bytearray(100))
    body = bytearray()
    before = job["before"]
    deadline = transport.now_ms() + (job["patient_ms"] if before else job["read_ms"])
    try:
        count = await readinto(response, buffer, deadline)
        while count:
            body.extend(buffer[:count])
            if before and len(body) >= before:
                before, deadline = 0, transport.now_ms() + job["read_ms"]
            count = await readinto(response, buffer, deadline)
        outcome["after_end"] = await readinto(response, buffer, deadline)
    finally:
        outcome["body"] = bytes(body).decode()


def _shown(error):
    text = "%s %r " % (error, error)
    if hasattr(sys, "print_exception"):
        stream = io.StringIO()
        sys.print_exception(error, stream)
        return text + stream.getvalue()
    import traceback

    return text + "".join(traceback.format_exception(error))
