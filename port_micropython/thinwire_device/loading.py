"""What the first call loads. Compiled from source a module takes a board up to seconds, and from
flash milliseconds; asyncio's other tasks, and a watchdog, wait meanwhile. So AsyncClient.load
takes one after the other, and lets them run between.

Each name stands behind those that it imports itself: else those would come with it, in one go.
Apart from that the largest come first: a compiler needs them whole beside what is loaded by then.
"""

_NAMES = """\
.core.errors .core.wire.http1 .core.routing.plan .core.exchange .core.answer.completion
.core.answer.events .core.wire.json_encode .core.request.http_request .core.stream
.core.answer.chunk .core.answer.assembler _device.connection .core.answer.chunk_memo
.core.wire.sse .core.answer.answer .core.request.call .core.dialects.openai _device.dns
_device.http11"""


def modules(sockets: bool) -> "list[str]":
    """Full names of the modules, in the order to load them in.

    Args:
        sockets: the transport is ours; another one needs nothing of it.
    """
    names = _NAMES.split()
    return ["thinwire" + name for name in names if sockets or name.startswith(".")]
