from collections.abc import Iterator

POLLERR: int
POLLHUP: int
POLLOUT: int

class poll:
    def ipoll(self, timeout_ms: int) -> Iterator[tuple[object, int]]: ...
    def register(self, stream: object, events: int) -> None: ...
