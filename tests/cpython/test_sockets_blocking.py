"""How a thread waits for sockets (cpython/sockets/blocking.py): by poll, or as on Windows."""

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from thinwire.core.errors import ConnectError, ReadError, TransportTimeout
from thinwire.core.request.http_request import Abortable
from thinwire.core.sync import run
from thinwire.core.wire.http1 import READ, WRITE
from thinwire.cpython.clock import now_ms
from thinwire.cpython.lookup import Resolver
from thinwire.cpython.sockets.blocking import BlockingLine, BlockingWaits

_ROOM = 2
_LONG = 10_000


@pytest.fixture(params=["poll", "select"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "select":
        monkeypatch.delattr(select, "poll")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other:
        yield one, other


def took_ms(begun: int) -> int:
    return now_ms() - begun


def later(does: object) -> threading.Thread:
    thread = threading.Timer(0.05, does)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_a_wait_ends_with_what_it_waits_for(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    line, begun = BlockingLine(one), now_ms()
    line.wait(WRITE, begun + _LONG)  # there is room
    other.send(b"x")
    for _ in range(2):  # it stays so until it is read
        line.wait(READ, begun + _LONG)
    one.recv(1)
    thread = later(lambda: other.send(b"y"))
    line.wait(READ, None)
    assert one.recv(1) == b"y"
    thread.join()
    assert took_ms(begun) < _LONG / 2


def test_a_wait_ends_at_its_deadline_and_says_nothing(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    line, begun = BlockingLine(pair[0]), now_ms()
    for late, least in ((-5, 0), (0, 0), (30, 29)):
        begun = now_ms()
        line.wait(READ, begun + late)
        assert least <= took_ms(begun) < 1000


@pytest.mark.parametrize("how", ["wake", "the server closes"])
def test_a_wait_ends_from_another_thread(
    how: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    line, begun, busy = BlockingLine(one), now_ms(), []

    def end() -> None:
        busy.append(line.busy())
        (line.wake if how == "wake" else other.close)()

    thread = later(end)
    line.wait(READ, begun + _LONG)
    thread.join()
    assert one.recv(1) == b""
    assert (busy, line.busy()) == ([True], False)
    assert took_ms(begun) < _LONG / 2


def test_nobody_waits_for_a_closed_line(pair: tuple[socket.socket, socket.socket]) -> None:
    for closed in ("line", "socket"):
        line, begun = BlockingLine(pair[0]), now_ms()
        (line if closed == "line" else pair[0]).close()
        line.wait(READ, begun + _LONG)
        line.wake()
        assert took_ms(begun) < _LONG / 2


def test_the_first_of_several_that_has_room() -> None:
    waits, begun = BlockingWaits(), now_ms()
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as one:
        one.setblocking(False)
        one.connect_ex(server.getsockname())
        run(waits.any_writable([one], begun + _LONG, Abortable()))
        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        place = server.getsockname()
    with socket.socket() as two:  # nobody listens there any more
        two.setblocking(False)
        two.connect_ex(place)
        run(waits.any_writable([two], begun + _LONG, Abortable()))
        assert two.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    assert took_ms(begun) < _LONG / 2


def test_waiting_for_room_has_an_end(pair: tuple[socket.socket, socket.socket]) -> None:
    waits, until, one = BlockingWaits(), Abortable(), pair[0]
    while True:
        try:
            one.send(bytes(65536))
        except BlockingIOError:
            break
    begun = now_ms()
    run(waits.any_writable([one], begun + 50, until))
    assert 49 <= took_ms(begun) < 1000
    thread = later(until.abort)
    run(waits.any_writable([one], None, until))
    thread.join()


def test_a_lookup_ends_at_its_deadline_or_when_it_is_called_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, resolver, going_on = BlockingWaits(), Resolver(), threading.Event()
    found = run(waits.look_up(resolver, "127.0.0.1", 80, now_ms() + _LONG, Abortable()))
    assert [one[4] for one in found] == [("127.0.0.1", 80)]  # type: ignore[attr-defined]

    def slow(*_: object, flags: int = 0, **__: object) -> list[object]:
        assert flags or going_on.wait(10)  # flags: only what is an address itself is asked for
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with pytest.raises(TransportTimeout):
        run(waits.look_up(resolver, "slow.test", 80, now_ms() + 30, Abortable()))
    until = Abortable()
    thread = later(until.abort)
    with pytest.raises(ReadError) as error:
        run(waits.look_up(resolver, "slow.test", 80, None, until))
    assert error.value.closed
    thread.join()
    going_on.set()
    with pytest.raises(ConnectError):
        run(waits.look_up(resolver, "slow.test", 80, None, Abortable()))


def test_a_sleep_ends_when_it_is_called_off() -> None:
    waits, until, begun = BlockingWaits(), Abortable(), time.monotonic()
    run(waits.sleep_ms(20))
    thread = later(until.abort)
    run(waits.sleep_ms(_LONG, until))
    thread.join()
    run(waits.sleep_ms(_LONG, until))  # it was before
    assert 0.02 <= time.monotonic() - begun < 5


def test_what_is_over_may_be_awaited_again_and_again() -> None:
    async def ends() -> int:
        waits = BlockingWaits()
        for _ in range(3):
            await waits.turn()
        return 5

    assert run(ends()) == 5
