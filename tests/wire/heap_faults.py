# Calls of which one allocation on the heap fails, and what their caller sees. Runs on the
# chip-like MicroPython, whose module `heapfault` lets it fail (port_micropython/boards/CHIPLIKE).

import asyncio
import binascii
import gc
import io
import json
import os
import sys

import heapfault
from thinwire_device import connection, socket_transport
from thinwire_device.socket_transport import SocketTransport

from thinwire import (
    AsyncClient,
    Client,
    ContentDelta,
    CooldownPolicy,
    Deployment,
    RetryPolicy,
    TextFile,
    Timeouts,
)
from thinwire.core import errors, exchange
from thinwire.core.wire import reserve

# What a firmware has made one module of several (tools/bundles.py) is changed there.
connection = sys.modules[connection.__name__]
socket_transport = sys.modules[socket_transport.__name__]

KEY = "sk-never-to-be-seen"
NEVER = 1000000
HELLO = [{"role": "user", "content": "Hi"}]


def called(a):
    return "seen"


TOOLS = [({"type": "function", "function": {"name": "f"}}, called)]

# What is loaded with a failure, or with what only some answers have: forgotten before each call,
# so that each loads it anew.
LATE = (
    "thinwire.core.routing.all_failed",
    "thinwire.core.answer.error_response",
    "thinwire.core.answer.error_object",
    "thinwire.core.wire.error_words",
    "thinwire.core.answer.tool_calls",
    "thinwire.core.wire.http_date",
    "thinwire.core.routing.recovery",
    "thinwire.core.wire.redaction",
    "thinwire.core.hedge",
    "thinwire.core.utf8",
    "thinwire_device.errnos",
    "thinwire_device.memory_budget",
)


class Watch:
    """Notes of a call which errors were made, and what was lent and not given back.

    Attributes:
        made: class of the last error object that was finished, or None.
        making: how many are being made.
        lent: receive buffers that are out.
        writers: send buffers that were made.
        lost: sockets that MicroPython itself lost.
    """

    def __init__(self):
        self.made = None
        self.making = 0
        self.lent = 0
        self.writers = 0
        self.lost = 0
        # All before one is replaced: most of them inherit theirs.
        kinds = [getattr(errors, name) for name in dir(errors)]
        kinds = [kind for kind in kinds if isinstance(kind, type)]
        kinds = [kind for kind in kinds if issubclass(kind, errors.ThinwireError)]
        makers = [(kind, kind.__init__) for kind in kinds]
        for kind, make in makers:
            kind.__init__ = self.noting(make)
        self.watch_buffers(reserve.Reserve)
        self.watch_events(exchange.Exchange)
        self.watch_sockets(connection.socket)
        make = socket_transport.HTTPChunkWriter

        def writer(size):
            self.writers += 1
            return make(size)

        socket_transport.HTTPChunkWriter = writer

    def watch_sockets(self, module):
        # The unix port opens a socket before it has the memory for its object, and loses it.
        class Sockets:
            def __getattr__(me, name):
                return getattr(module, name)

            def socket(me, family, kind, protocol):
                try:
                    return module.socket(family, kind, protocol)
                except MemoryError:
                    self.lost += 1
                    raise

        connection.socket = Sockets()

    def watch_events(self, kind):
        take = kind.take

        def taken(exchange):
            event = take(exchange)
            if event is not None:
                self.made = None  # what failed before has been made good
            return event

        kind.take = taken

    def noting(self, make):
        def init(error, *given):
            if isinstance(error, errors.OutOfMemory):  # what it may hide is looked for
                make(error, *given)
                return
            self.making += 1
            make(error, *given)
            self.making -= 1
            if not self.making:
                self.made = type(error)

        return init

    def watch_buffers(self, kind):
        acquire, release = kind.acquire, kind.release

        def lend(buffers):
            buffer = acquire(buffers)
            self.lent += 1
            return buffer

        def take_back(buffers, buffer):
            self.lent -= 1
            release(buffers, buffer)

        kind.acquire, kind.release = lend, take_back


class Messages:
    """A prompt. When it is read the first byte of the request is out, and the counting begins."""

    def __init__(self, n, times):
        self.n = n
        self.times = times

    def __iter__(self):
        if self.n:
            n, self.n = self.n, 0  # once, also where another attempt reads it again
            heapfault.arm(n, self.times)
        return iter(HELLO)


class Caller:
    """A client, and how it is asked.

    Args:
        watch: is told when the caller is told of a failure.
        base_url: of the server.
        models: the chain that is asked, the first one first.
        options: what is special; see `CASES` of the test.
        blocking: which client.
    """

    def __init__(self, watch, base_url, models, options, blocking):
        self.watch = watch
        self.options = options
        self.blocking = blocking
        patient = Timeouts(first_token=20)
        names = {name: Deployment(base_url, KEY) for name in models}
        names["good"] = Deployment(base_url, KEY, timeouts=patient)
        if "refused" in names:
            names["refused"] = Deployment("http://127.0.0.1:1/v1", KEY)
        settings = {
            "retry": RetryPolicy(options.get("attempts", 1), options.get("base", 0.01)),
            "timeouts": Timeouts(first_token=options.get("first_token", 20)),
            "cooldown": CooldownPolicy(1000, 0, 0),
        }
        for name in ("hedge_after", "on_interrupt"):
            if name in options:
                settings[name] = options[name]
        trusted = options.get("cadata")
        settings["transport"] = SocketTransport(
            cadata=trusted and binascii.unhexlify(trusted), idle_s=options.get("idle_s")
        )
        kind = Client if blocking else AsyncClient
        self.client = kind(models[0], names, {models[0]: models[1:]}, **settings)
        self.heard = []
        self.stored = None
        if options.get("file"):
            self.stored = [{"role": "user", "content": TextFile(options["file"])}]

    def ask(self, messages):
        """The completion of the call that the case is about."""
        self.heard = []
        if self.options.get("stream"):
            return self.streamed(messages)
        if self.stored is not None:
            messages = self.stored
        if self.options.get("tools"):
            run = self.client.run_tools(messages, tools=TOOLS, max_rounds=1, on_delta=self.hear)
            return self.result(run)
        hear = {} if self.options.get("silent") else {"on_delta": self.hear}
        if self.options.get("on_interrupt"):
            hear["on_restart"] = self.restart
        return self.result(self.client.chat(messages, **hear))

    def good(self):
        """The text of a call that nothing is wrong with."""
        return self.result(self.client.chat(HELLO, model="good")).content

    def result(self, given):
        # Not the value of a task: asyncio loses that where there is no memory for it.
        if self.blocking:
            return given
        box = [None]

        async def wait():
            box[0] = await given

        asyncio.new_event_loop()  # or a task that was made, but never run, would run now
        asyncio.run(wait())
        return box[0]

    def hear(self, text):
        self.heard.append(text)

    def restart(self, event):
        self.watch.made = None  # the caller has been told of it
        self.heard = []

    def streamed(self, messages):
        if not self.blocking:
            return self.result(self.streamed_async(messages))
        with self.client as client:
            with client.stream(messages) as stream:
                for event in stream:
                    self.take(event)
        return stream.completion

    async def streamed_async(self, messages):
        async with self.client as client:
            async with client.stream(messages) as stream:
                async for event in stream:
                    self.take(event)
        return stream.completion

    def take(self, event):
        if isinstance(event, ContentDelta):
            self.heard.append(event.text)

    def close(self):
        if self.blocking:
            self.client.close()
        else:
            asyncio.run(self.client.aclose())


def forget():
    # What could not be loaded is left as it is: to load it another time is ours to survive.
    for name in LATE:
        if sys.modules.get(name) is not None:
            del sys.modules[name]
            parent, _, leaf = name.rpartition(".")
            if hasattr(sys.modules[parent], leaf):
                delattr(sys.modules[parent], leaf)


def outcome_of(watch, caller, n, times=1):
    """What the caller sees when the n-th allocation of a call fails, and so many behind it."""
    result = error = None
    watch.made = None
    watch.making = 0
    messages = HELLO
    if caller.options.get("early"):
        heapfault.arm(n, times)
    else:
        messages = Messages(n, times)
    try:
        result = caller.ask(messages)
    except BaseException as raised:
        error = raised
    fired = heapfault.disarm()
    found = {"fired": fired, "seen": heapfault.seen(), "heard": "".join(caller.heard)}
    if error is not None:
        found.update(told(error))
        if isinstance(error, (MemoryError, errors.OutOfMemory)):
            # The failure that it hides, and whether an error was being made.
            found["hides"] = watch.made and watch.made.__name__
            found["making"] = watch.making > 0
    elif result is None:
        found["kind"] = "nothing"
    else:
        text = result.content or "".join([call.arguments_raw for call in result.tool_calls])
        found["kind"] = "complete" if result.complete else "incomplete"
        found["text"] = text
    return found


def told(error):
    words = "%s %r %s" % (error, error, getattr(error, "body_snippet", ""))
    for other in (getattr(error, "cause", None), getattr(error, "last", None)):
        words += " %s %r" % (other, other)
    partial = getattr(error, "partial", None)
    stream = io.StringIO()
    sys.print_exception(error, stream)
    places = [line.strip() for line in stream.getvalue().split("\n") if '", line ' in line]
    ours = [place for place in places if "thinwire" in place]
    return {
        # Whether code of thinwire's lacked it, and none of the caller's that it has called.
        "ours": len(ours) > 0
        and ", in hear" not in places[-1]
        and ", in restart" not in places[-1]
        and ", in _call" not in places[-1],  # of a tool, which lays out its arguments
        "kind": type(error).__name__,
        "status": getattr(error, "status", 0),
        "words": words,
        "partial": partial and partial.content,
        "place": places[-1] if places else "",
    }


def used():
    forget()
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def sweep(base_url, models, options, blocking, first, step, times=1):
    """A call for each n from `first` in steps, until none fails any more; prints what came of it.

    Each is followed by the same call without a fault, and by one that nothing is wrong with.
    """
    watch = Watch()
    if options.get("tools"):
        from thinwire import MaxRoundsExceeded

        MaxRoundsExceeded.__init__ = watch.noting(MaxRoundsExceeded.__init__)
    caller = None
    n = first
    fired = 1
    while fired:
        if caller is None:
            caller = Caller(watch, base_url, models, options, blocking)
            outcome_of(watch, caller, NEVER)
            if options.get("stream"):
                caller = Caller(watch, base_url, models, options, blocking)
            caller.good()
        forget()
        watch.lent = watch.writers = 0
        found = {"n": n, "first": outcome_of(watch, caller, n, times)}
        fired = found["first"]["fired"]
        found["lent"], found["writers"] = watch.lent, watch.writers
        found["used"] = used()
        if options.get("stream"):
            caller = Caller(watch, base_url, models, options, blocking)
        found["again"] = outcome_of(watch, caller, NEVER)
        if options.get("stream"):
            caller = Caller(watch, base_url, models, options, blocking)
        found["good"] = caller.good()
        found["files"] = len(os.listdir("/proc/self/fd")) - watch.lost
        print(json.dumps(found))
        n += step
    caller.close()
