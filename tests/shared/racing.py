# A transport for attempts that run beside each other, over the runtime's own asyncio. What happens
# hangs on events, not on times: a reply may wait until another deployment has been asked.

import asyncio

from streams import deployments

from thinwire.core.client import AsyncClient
from thinwire.core.errors import ReadError, TransportTimeout
from thinwire.core.routing.deployment import Deployment
from thinwire.core.routing.policy import RetryPolicy
from thinwire.core.transport import Response, Transport

try:
    from time import ticks_ms as _now_ms
except ImportError:
    from time import monotonic

    def _now_ms():
        return int(monotonic() * 1000)


SOON = 0.01  # seconds; everything that is late by intention waits for an event instead
NEVER = 60  # seconds that no test lasts
PATIENCE = 20  # seconds after which a test hangs


class After:
    # A piece: waits until the deployment called `name` has been asked.
    def __init__(self, name):
        self.name = name


STALL = After("nobody")  # waits until it is cancelled, or until the deadline
BOTH_HEADS = After("both heads")  # until two responses have begun
AFTER_A_FAILURE = After("a failure")  # of another attempt, once it has been noted
AFTER_A_SKIP = After("a skip")  # once it has been said that nothing is started beside it


class Reply:
    # What a deployment does: `connect` before it takes the body, `head` before its status, then
    # the pieces of its body, `closing` while it is closed. A piece is bytes, an exception to
    # raise, After, or milliseconds to wait.
    def __init__(self, *pieces, connect=(), head=(), closing=(), status=200):
        self.pieces = pieces
        self.connect = connect
        self.head = head
        self.closing = closing
        self.status = status


class Racing(Transport):
    name = "racing"
    concurrent = True

    def __init__(self, replies):
        self.replies = {name: list(found) for name, found in replies.items()}
        self.asked = []  # names, in order
        self.sent = []  # bodies, in the order in which they were taken to their end
        self.cancelled = []  # names of attempts that were cancelled
        self.responses = []
        self.tasks = []
        self._signals = {}

    async def send(self, request):
        name = request.host.partition(".")[0]
        reply = self.replies[name].pop(0)
        self.asked.append(name)
        self.signal_of(name).set()
        try:
            await self.play(reply.connect, request.connect_by())
            self.sent.append(await drained(request.body))
            request.sent(self.now_ms())
            await self.play(reply.head, request.deadline())
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise
        response = RacingResponse(self, name, reply)
        self.responses.append(response)
        if len(self.responses) == 2:
            self.signal_of("both heads").set()
        return response

    async def play(self, pieces, deadline_ms):
        for piece in pieces:
            await self.step(piece, deadline_ms)

    async def step(self, piece, deadline_ms):
        if isinstance(piece, Exception):
            raise piece
        if isinstance(piece, int):
            await self.sleep_ms(piece)
        elif piece is STALL:
            await self.stall(deadline_ms)
        else:
            await self.signal_of(piece.name).wait()

    async def stall(self, deadline_ms):
        if deadline_ms is None:
            await self.signal_of(STALL.name).wait()
        await self.sleep_ms(max(deadline_ms - self.now_ms(), 0))
        raise TransportTimeout("the deadline passed", "read")

    def signal_of(self, name):
        if name not in self._signals:
            self._signals[name] = asyncio.Event()
        return self._signals[name]

    async def sleep_ms(self, ms, until=None):
        await asyncio.sleep(ms / 1000)

    def now_ms(self):
        return _now_ms()

    def spawn(self, coroutine):
        task = asyncio.create_task(coroutine)
        self.tasks.append(task)
        return task

    def signal(self):
        return asyncio.Event()

    async def aclose(self):
        pass

    def still_open(self):
        return [response.name for response in self.responses if not response.closed]

    async def were_asked(self, count):
        # Returns once so many attempts have begun.
        for name in "abc"[:count]:
            await self.signal_of(name).wait()

    async def tasks_left(self):
        # A task that was cancelled needs a turn of the loop to end.
        for _ in range(100):
            if not [task for task in self.tasks if not task.done()]:
                return 0
            await asyncio.sleep(0)
        return len([task for task in self.tasks if not task.done()])


class RacingResponse(Response):
    def __init__(self, transport, name, reply):
        self._transport = transport
        self._pieces = list(reply.pieces)
        self._closing = reply.closing
        self.name = name
        self.status = reply.status
        self.closed = False
        self._woken = asyncio.Event()  # whoever waits, by `aclose`

    def header(self, name):
        return "text/event-stream" if name.lower() == "content-type" else None

    def receive(self, buffer):
        if not self._pieces:
            return 0
        if not isinstance(self._pieces[0], bytes):
            return None
        return self._give(self._pieces.pop(0), buffer)

    async def wait(self, deadline_ms):
        piece = self._pieces.pop(0)
        try:
            if piece is STALL:
                await self._stall(deadline_ms)
            await self._transport.step(piece, deadline_ms)
        except asyncio.CancelledError:
            self._transport.cancelled.append(self.name)
            raise

    async def _stall(self, deadline_ms):
        # Until the deadline, or until somebody closes the response.
        left = None
        if deadline_ms is not None:
            left = max(deadline_ms - self._transport.now_ms(), 0) / 1000
        try:
            await asyncio.wait_for(self._woken.wait(), left)
        except asyncio.TimeoutError:
            raise TransportTimeout("the deadline passed", "read")
        raise ReadError("closed", None, True)

    def _give(self, piece, buffer):
        count = min(len(piece), len(buffer))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self._pieces.insert(0, piece[count:])
        return count

    async def aclose(self):
        self.closed = True
        self._woken.set()
        await self._transport.play(self._closing, None)


async def drained(body):
    # The whole body, with turns for others in between.
    sent = bytearray()
    buffer = bytearray(32)
    count = 0 if body is None else body.readinto(buffer)
    while count != 0:
        if count is None:
            await body.more()
        else:
            sent.extend(buffer[:count])
        await asyncio.sleep(0)
        count = body.readinto(buffer)
    return bytes(sent)


class Setting:
    # A client over a transport of its own; `replies` are lists of Reply, by deployment; those in
    # `hurried` have `limits` of their own.
    def __init__(
        self, replies, hedge_after=SOON, fallbacks="bc", hurried="", limits=None, **options
    ):
        self.transport = Racing(replies)
        self.told = []
        self.skips = []
        names = deployments("a", "b", "c")
        for name in hurried:
            names[name] = Deployment(names[name].base_url, timeouts=limits)
        chain = {"a": list(fallbacks)}
        options.setdefault("on_event", self.tell)
        options.setdefault("retry", RetryPolicy(attempts=1))
        options.update(transport=self.transport, hedge_after=hedge_after)
        self.client = AsyncClient("a", names, chain, **options)

    def tell(self, event, fields):
        self.told.append((event, fields["deployment"]))
        if event == "attempt_failed":
            self.transport.signal_of("a failure").set()
        if event == "hedge_skipped":
            self.skips.append((fields["next"], fields["deployment"], fields["reason"]))
            self.transport.signal_of("a skip").set()


def run(main):
    # The result of a coroutine, which must not take for ever.
    if hasattr(asyncio, "new_event_loop") and not hasattr(asyncio, "Runner"):
        asyncio.new_event_loop()  # MicroPython's loop keeps the tasks of the test before
    return asyncio.run(asyncio.wait_for(main, PATIENCE))
