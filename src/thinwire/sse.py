"""Server-sent events for everyone: the parser of the core behind three methods. For any event
stream, not only those of language models; on both runtimes.
"""

from thinwire.core._compat import BUFFER, EVENT_LIMIT
from thinwire.core.wire.sse import SSEParser

__all__ = ("SSEDecoder",)


class SSEDecoder:
    """Decodes an event stream (WHATWG HTML §9.2) that arrives in pieces of any size.

    Args:
        limit: largest event in bytes, its field names included.

    Example:
        decoder = SSEDecoder()
        for piece in response.iter_raw():
            for event, data, id in decoder.feed(piece):
                ...
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._parser = SSEParser(min(BUFFER, limit), limit)

    @property
    def last_id(self) -> str:
        """Last event id seen, "" if none, for the Last-Event-ID header of a reconnection."""
        return self._parser.last_id

    @property
    def retry_ms(self) -> "int | None":
        """Reconnection time the server asked for, in milliseconds, or None."""
        return self._parser.retry_ms

    def feed(self, data: "bytes | bytearray | memoryview") -> "list[tuple[str, str, str]]":
        """Takes the next bytes of the stream.

        Args:
            data: any number of bytes, cut anywhere.

        Returns:
            The events that are whole now, as (event, data, id): type ("message" unless the stream
            named one), text, and the last id seen.

        Raises:
            StreamError: an event is larger than the limit.
        """
        events: list[tuple[str, str, str]] = []
        rest = memoryview(data)
        while len(rest):
            room = self._parser.get_buffer()
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            self._parser.buffer_updated(count)
            rest = rest[count:]
            self._collect(events)
        return events

    def finish(self) -> "list[tuple[str, str, str]]":
        """The stream has ended.

        Returns:
            The last event if the stream broke off before its blank line, else nothing. The
            standard discards such an event; whether its text is whole only the caller can know.
        """
        events: list[tuple[str, str, str]] = []
        self._parser.eof_received()
        self._collect(events)
        return events

    def _collect(self, events: "list[tuple[str, str, str]]") -> None:
        parser = self._parser
        while parser.next_event():
            events.append((parser.event, parser.data(), parser.last_id))
