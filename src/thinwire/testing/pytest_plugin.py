"""The pytest plugin, loaded early in every test run of whoever has thinwire installed.

So it imports pytest and nothing else until the fixture is used.
"""

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from thinwire.testing.server.mock_server import MockServer


@pytest.fixture
def mock_llm() -> "Iterator[MockServer]":
    """A running `MockServer`, stopped when the test ends."""
    from thinwire.testing.server.mock_server import MockServer

    with MockServer() as server:
        yield server
