"""Exchanges of the device's transport one after the other, and what came of each, as plain data.
Run on MicroPython (tests/support/device_calls.py), so that what is kept from one to the next is
seen: connections, addresses, trust.
"""

import asyncio
import binascii

import thinwire_device.socket_transport as socket_transport
from slowness import waited_ms
from thinwire_device.socket_transport import SocketTransport
from thinwire_device.wait import Waiter

from thinwire.core.answer.error_response import readinto
from thinwire.core.request.http_request import Request
from thinwire.core.sync import run

KEY = "sk-never-to-be-seen"
PATIENT_MS = 20000


class AheadWaiter(Waiter):
    """The transport's, whose clock a test may set forward."""

    ahead_ms = 0

    def now_ms(self):
        return Waiter.now_ms(self) + AheadWaiter.ahead_ms


class Question:
    """A request body: JSON with a message of so many letters, which are not held."""

    def __init__(self, model, size):
        self.parts = [
            [b'{"model":"%s","messages":[{"role":"user","content":"' % model.encode(), 1],
            [b"x" * 256, size // 256],
            [b"x", size % 256],
            [b'"}]}', 1],
        ]
        self.left = b""

    def readinto(self, buffer):
        while not self.left and self.parts:
            part = self.parts[0]
            if part[1]:
                self.left = part[0]
                part[1] -= 1
            else:
                self.parts.pop(0)
        count = min(len(buffer), len(self.left))
        buffer[:count] = self.left[:count]
        self.left = self.left[count:]
        return count


def transport_of(blocking, options):
    options = dict(options)
    for name in ("cadata", "add_ca"):  # JSON has no bytes
        if name in options:
            listed = [binascii.unhexlify(one) for one in options[name]]
            options[name] = listed if len(listed) > 1 else listed[0]
    socket_transport.Waiter = AheadWaiter
    try:
        return SocketTransport(**options).open(blocking)
    finally:
        socket_transport.Waiter = Waiter


async def used_again(base_url, blocking):
    """Turns of a client before and after it was closed, and once more; with a Host of its own."""
    from thinwire import AsyncClient, Client, Deployment

    models = {"echo": Deployment(base_url, extra_headers={"hOST": "other.test"})}
    client = (Client if blocking else AsyncClient)("echo", models)
    said = []
    for _ in range(2):
        for _ in range(3):
            found = client.chat([{"role": "user", "content": "Hi"}])
            said.append((found if blocking else await found).content)
        if blocking:
            client.close()
        else:
            await client.aclose()
    return said


def refused_options(jobs):
    """What a client says of options that the device's transport cannot have."""
    from thinwire import Client, Deployment

    said = []
    for options in jobs:
        try:
            if "transport" in options:
                options["transport"] = SocketTransport(**options["transport"])
            Client("m", {"m": Deployment("https://h/v1")}, **options)
            said.append("")
        except (TypeError, ValueError) as error:
            said.append("%s: %s" % (type(error).__name__, error))
    return said


def request_of(transport, place, turn):
    scheme, host, port = place
    body = Question(turn["model"], turn.get("upload", 2))
    headers = [("Authorization", "Bearer " + KEY), ("X-Case", turn.get("case", ""))]
    target, authority = "/v1/chat/completions", "%s:%d" % (host, port)
    request = Request("POST", scheme, host, port, target, authority, headers, body)
    now = transport.now_ms()
    request.connect_deadline_ms = now + turn.get("connect_ms", PATIENT_MS)
    request.total_deadline_ms = now + turn.get("head_ms", PATIENT_MS)
    return request


async def exchange(transport, place, turn):
    """One exchange; `turn` says what is asked, how long, and whether the answer is read."""
    outcome = {"status": 0, "size": 0, "error": "", "stale": None, "phase": "", "message": ""}
    request = request_of(transport, place, turn)
    try:
        response = await transport.send(request)
        try:
            outcome["status"] = response.status
            if turn.get("read", True):
                until = transport.now_ms() + turn.get("read_ms", PATIENT_MS)
                outcome["size"] = await read_all(response, until)
        finally:
            await response.aclose()
    except Exception as error:  # whatever leaves is what is tested
        outcome["error"] = type(error).__name__
        outcome["stale"] = getattr(error, "stale", None)
        outcome["phase"] = getattr(error, "phase", "")
        outcome["message"] = str(error)
    marks = (request.connected_ms, request.secured_ms, request.sent_ms)
    outcome["marks"] = [mark is not None for mark in marks]
    given = [mark for mark in marks if mark is not None]
    outcome["in_order"] = given == sorted(given)
    return outcome


async def read_all(response, until):
    buffer = memoryview(bytearray(200))
    size = count = await readinto(response, buffer, until)
    while count:
        count = await readinto(response, buffer, until)
        size += count
    return size


async def all_turns(transport, places, turns):
    outcomes = []
    for turn in turns:
        AheadWaiter.ahead_ms += turn.get("later_s", 0) * 1000
        if turn.get("ended"):
            await ended(transport, places[0][2])
        outcomes.append(await exchange(transport, places[turn.get("place", 0)], turn))
        if turn.get("refresh"):
            transport.refresh()
    await transport.aclose()
    await transport.aclose()
    return outcomes


async def ended(transport, port):
    for _ in range(2000):
        if not connected_to(port):
            return
        await transport.sleep_ms(10)
    raise RuntimeError("the server does not end its connection")


def connected_to(port):
    """Whether a connection to a port of this machine stands, and its other end has not ended it.

    The kernel's table: the third column is the other end, the fourth the state, 01 for both ends.
    """
    there = ":%04X" % port
    with open("/proc/net/tcp") as table:
        for line in table:
            words = line.split()
            if words[2].endswith(there) and words[3] == "01":
                return True
    return False


def turns(blocking, places, turns, options):
    """The outcomes of turns on one transport."""
    transport = transport_of(blocking, options)
    work = all_turns(transport, places, turns)
    return run(work) if blocking else asyncio.run(work)


def cases(blocking, jobs):
    """The outcomes of several lists of turns, each on a transport of its own."""
    return [turns(blocking, *job) for job in jobs]


async def at_a_time(places, together, after, options):
    """The outcomes of turns on one transport, some at a time, the others after them."""
    transport = transport_of(False, options)
    tasks = [exchange(transport, places[0], turn) for turn in together]
    outcomes = await asyncio.gather(*tasks)
    return list(outcomes) + await all_turns(transport, places, after)


async def beside(places, turn, options):
    """How often another task ran while a turn waited, its longest pause, the milliseconds of the
    turn, and the outcome. What the machine did beside it does not count."""
    transport = transport_of(False, options)

    def needed():
        return transport.now_ms() - waited_ms()

    ticks, gap, start = 0, 0, needed()
    last = start

    async def tick():
        nonlocal ticks, gap, last
        while True:
            now = needed()
            gap, last = max(gap, now - last), now
            ticks += 1
            await asyncio.sleep_ms(5)

    task = transport.spawn(tick())
    outcome = await exchange(transport, places[0], turn)
    took = needed() - start
    task.cancel()
    await transport.aclose()
    return [ticks, gap, took, outcome]


async def cancelled(places, turn, options, times):
    """How many files are open more, after so many exchanges were cancelled."""
    import os

    transport = transport_of(False, options)
    await exchange(transport, places[0], {"model": "echo"})
    counts = []
    for _ in range(times):
        task = transport.spawn(exchange(transport, places[0], turn))
        await asyncio.sleep_ms(40)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            counts.append(len(os.listdir("/proc/self/fd")))
    await transport.aclose()
    return [len(counts), counts[-1] - counts[0]]


async def signalled():
    """What spawn and signal of the asyncio transport do."""
    transport = SocketTransport().open(False)
    signal, order = transport.signal(), []

    async def wait():
        await signal.wait()
        order.append("woken")

    task = transport.spawn(wait())
    await transport.sleep_ms(0)
    order.append("set")
    signal.set()
    await task
    signal.clear()
    waiting = transport.spawn(wait())
    await transport.sleep_ms(5)
    waiting.cancel()
    await transport.aclose()
    return [transport.concurrent, order]


def not_concurrent():
    """What spawn and signal of the blocking transport do."""
    transport, errors = SocketTransport().open(True), []
    for call in (transport.signal, lambda: transport.spawn(None)):
        try:
            call()
        except NotImplementedError as error:
            errors.append(str(error))
    return [transport.concurrent, errors]


def without_words(blocking, places, asked, options):
    """The outcomes of turns while there is no memory to say what went wrong."""
    from thinwire_device import errnos

    def full(*given):
        raise MemoryError("no room for words")

    kept, errnos.describe = errnos.describe, full
    try:
        return turns(blocking, places, asked, options)
    finally:
        errnos.describe = kept
