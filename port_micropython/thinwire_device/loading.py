"""What the first call loads. Compiled from source a module takes a board up to seconds, and from
flash milliseconds; asyncio's other tasks, and a watchdog, wait meanwhile. So AsyncClient.load
takes one after the other, and lets them run between.

Each name stands behind those that it imports itself: else those would come with it, in one go.
"""

_NAMES = """\
.core.errors .core.request.call .core.answer.completion .core.answer.events .core.answer.chunk
.core.answer.chunk_memo .core.wire.sse .core.answer.assembler .core.answer.answer
.core.routing.plan .core.exchange .core.wire.json_encode .core.request.http_request .core.stream
.core.dialects.openai _device.dns _device.connection .core.wire.http1 _device.http11"""


def modules(sockets: bool) -> "list[str]":
    """Full names of the modules, in the order to load them in.

    Args:
        sockets: the transport is ours; another one needs nothing of it.
    """
    names = _NAMES.split()
    return ["thinwire" + name for name in names if sockets or name.startswith(".")]
