"""What the mock server speaks: each module here is one wire, chosen by how a request's path ends.

A module checks a request as strictly as the real service does, and writes a scripted answer as the
service would. Scripts (`text_reply` and so on) and the built-in models know nothing of it: the
same script answers on each wire.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from thinwire.testing.replies.completion import MockCompletion
    from thinwire.testing.replies.reply import MockReply
    from thinwire.testing.server.request import RecordedRequest

# How a path ends, and the module that speaks there.
WIRES: tuple[tuple[str, str], ...] = (
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
    ("/messages", "anthropic"),
    ("/audio/transcriptions", "transcriptions"),
    ("/audio/translations", "transcriptions"),
    ("/audio/speech", "speech"),
)


class Problem(ValueError):
    """A request that the real service refuses.

    Args:
        message: what is wrong, in the words of the service as far as they are known.
        param: the field that it is about, e.g. "input[2].call_id".
        code: of the error.
        status: HTTP status.
    """

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.status = status


class MockWire(Protocol):
    """What a module of this package has."""

    def check(self, payload: Mapping[str, Any], request: "RecordedRequest") -> None:
        """Raises Problem for a request that the real service refuses."""

    def as_chat(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """`messages` and `tools` of a request as chat completions have them, as far as a mock
        model looks at them."""

    def reply(self, completion: "MockCompletion", request: "RecordedRequest") -> "MockReply":
        """The reply of this wire that a scripted answer makes."""

    def refusal(self, problem: Problem) -> object:
        """The body of an error of this wire."""


def name_of(path: str) -> str:
    """The wire that is spoken at a path (without its query); "" for any other path."""
    return next((name for end, name in WIRES if path.endswith(end)), "")


def wire_of(name: str) -> MockWire:
    """The module of a wire."""
    return cast(MockWire, import_module(f"{__name__}.{name}"))
