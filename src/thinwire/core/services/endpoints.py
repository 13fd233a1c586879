"""Calls of any endpoint: the pump of the chats carries them, for which their body is one more kind
of answer (dialects/endpoint.py).
"""

from thinwire.core._compat import const
from thinwire.core.request.endpoint_call import EndpointCall
from thinwire.core.routing.policy import Timeouts
from thinwire.core.services.reply import opened

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thinwire.core.client import BaseClient
    from thinwire.core.request.endpoint_call import Content
    from thinwire.core.routing.policy import RetryPolicy
    from thinwire.core.services.reply import Reply

    IsDelta = Callable[[memoryview], bool]

_PATIENCE = const(120)  # seconds; a recording of an hour takes a minute


async def call(
    client: "BaseClient",
    method: str,
    path: str,
    content: "Content | None",
    model: "str | None" = None,
    timeouts: "Timeouts | float | None" = None,
    retry: "RetryPolicy | int | None" = None,
    session: str = "",
    extra_headers: "Mapping[str, str] | None" = None,
    is_delta: "IsDelta | None" = None,
    patient: bool = True,
) -> "Reply":
    """Sends a request, and waits until a body begins to arrive; see Services.open.

    Args:
        patient: whether the answer begins only when all of the work is done: then a server may
            take its time, unless somebody has set a limit.
    """
    try:
        asked = EndpointCall(method, path, content, extra_headers, session, is_delta)
        # Bytes that were handed out cannot be taken back, and nobody could be told.
        policy = client._policy.for_call(timeouts, retry, None, "raise")  # noqa: SLF001 - the client's other half
        if patient:
            policy._usual = Timeouts(first_token=_PATIENCE, liveness=_PATIENCE)  # noqa: SLF001
        stream = client._open(asked, model, policy, False)  # noqa: SLF001
        plan = stream._plan  # noqa: SLF001
        if plan.keep_headers == "known":  # nobody has chosen, and here they are asked for
            plan.keep_headers = "all"
        coroutine = opened(stream)
    except MemoryError as error:
        raise client._reserve.out_of_memory(error)  # noqa: SLF001
    return await coroutine
