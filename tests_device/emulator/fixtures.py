"""Fixtures of the tests that run real firmware."""

from collections.abc import Iterator

import pytest
from firmware.emulated import firmware
from support.certificates import Authority, authority

from emulator.board import EmulatedBoard
from emulator.chip import NAME, Chip
from thinwire.testing import MockServer


@pytest.fixture(scope="session")
def emulated_board() -> Iterator[EmulatedBoard]:
    """An RP2040 that runs our firmware."""
    with EmulatedBoard(firmware()) as board:
        yield board


@pytest.fixture(scope="session")
def chip(emulated_board: EmulatedBoard, tmp_path_factory: pytest.TempPathFactory) -> Chip:
    """The same, ready to run scripts."""
    return Chip(emulated_board, tmp_path_factory.mktemp("scripts"))


@pytest.fixture(scope="session")
def trusted() -> Authority:
    """Who has signed the certificate of `tls_server`."""
    return authority()


@pytest.fixture
def plain_server() -> Iterator[MockServer]:
    """A server without TLS."""
    with MockServer() as server:
        yield server
        assert server.errors == []


@pytest.fixture
def tls_server(trusted: Authority) -> Iterator[MockServer]:
    """A server that calls itself NAME."""
    with MockServer(ssl_context=trusted.server(NAME)) as server:
        yield server
