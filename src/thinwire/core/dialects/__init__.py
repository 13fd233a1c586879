"""What a server speaks: each module here is a dialect. A deployment names one, and it is loaded
with the first attempt there; the pump knows none of them.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Protocol

    from thinwire.core.answer.answer import Answer
    from thinwire.core.request.call import Call
    from thinwire.core.request.http_request import Request
    from thinwire.core.routing.deployment import Deployment
    from thinwire.core.wire.reserve import Reserve

    class Dialect(Protocol):
        """What a module of this room has; openai.py says what its arguments are."""

        def request(
            self,
            deployment: Deployment,
            name: str,
            call: Call,
            key: str | None = None,
            first_provider: str = "",
        ) -> Request:
            """The request, with the key where this dialect sends it. Nothing waits here: what has
            to be waited for is the key, and the pump has done that."""

        def answer(
            self, deployment: Deployment, call: Call, buffers: Reserve, buffer: bytearray
        ) -> Answer:
            """What reads the answer: an Answer, or a subclass that makes chunks of its events."""
