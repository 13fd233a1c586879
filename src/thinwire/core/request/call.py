"""What a caller asks for: plain data. A dialect makes a request of it, once for each deployment
that is tried.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.wire.http1_request import check_headers

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal, TypedDict

    from thinwire.core.request.http_request import Body
    from thinwire.core.request.reasoning import Reasoning
    from thinwire.core.routing.policy import OnInterrupt, RetryPolicy, Timeouts

    Object = Mapping[str, object]
    Keep = Literal["text", "none"]

    class ChatParams(TypedDict, total=False):
        """The fields that OpenAI's chat API has; what a server adds to them is `extra_body`'s."""

        audio: Object | None
        frequency_penalty: float | None
        function_call: str | Object | None
        functions: Sequence[Object] | None
        logit_bias: Mapping[str, float] | None
        logprobs: bool | None
        max_completion_tokens: int | None
        max_tokens: int | None
        metadata: Mapping[str, str] | None
        modalities: Sequence[str] | None
        n: int | None
        parallel_tool_calls: bool | None
        prediction: Object | None
        presence_penalty: float | None
        prompt_cache_key: str | None
        prompt_cache_retention: str | None
        reasoning_budget: int | None
        reasoning_effort: str | Literal[False] | None
        response_format: Object | None
        safety_identifier: str | None
        seed: int | None
        service_tier: str | None
        stop: str | Sequence[str] | None
        store: bool | None
        stream_options: Object | None
        temperature: float | None
        tool_choice: str | Object | None
        top_logprobs: int | None
        top_p: float | None
        user: str | None
        verbosity: str | None
        web_search_options: Object | None

    class StreamOptions(ChatParams, total=False):
        """All that may be said of a call beside its messages; see AsyncClient.stream."""

        tools: Sequence[Object] | None
        model: str | None
        timeouts: Timeouts | float | None
        retry: RetryPolicy | int | None
        hedge_after: float | None
        on_interrupt: OnInterrupt | None
        session: str
        keep: Keep
        extra_body: Object | None
        extra_headers: Mapping[str, str] | None

    class ChatOptions(StreamOptions, total=False):
        """Likewise; see AsyncClient.chat."""

        on_delta: Callable[[str], object] | None
        on_restart: Callable[[Any], object] | None

    class ParsedParams(ChatParams, total=False):
        """The fields, and what becomes of the answer."""

        into: Any


# Options of other clients' calls; keywords.py has what they are here.
_OTHERS = (
    " timeout request_timeout max_retries num_retries api_key base_url api_base api_version"
    " organization extra_query stream default_headers fallbacks mock_response drop_params"
    " custom_llm_provider caching "
)


class Call:
    """What a caller asks for.

    Args:
        messages: list of message dicts, which is copied, or any re-iterable of them, which is read
            while it is sent; a str is one message, the user's.
        tools: list of tool definitions, or None.
        params: further fields of the request; those that are None are left out.
        extra_body: fields that replace all others, None included.
        extra_headers: headers of this call.
        session: name of the conversation, for deployments with `session_affinity`; sent only where
            one has a `session_field`.
        keep: what becomes of the answer's text; see AsyncClient.stream.

    Raises:
        TypeError: messages is one message, or no iterable; an option of other clients, a
            class as response_format, a function as tool, reasoning that is neither a word nor a
            number; says what to write.
        ValueError: a header that cannot be sent; its value is not repeated.

    Attributes:
        portable: whether the request can be built for another deployment.
        keep: whether the answer's text is kept in memory.
        sizes: sizes of its files, the same for each attempt; see JSONEncoder.
        reasoning: how much the model shall reason: None (nothing is said of it), False (not at
            all), a word, or a budget in tokens; `params` has nothing of it.
        tell: called with an event's name and fields, of what happens to the request of the
            attempt that is being made; None where nobody listens.
        dialect: which one it is made in and read by, "" for each deployment's own.
    """

    portable = True
    dialect = ""
    reasoning: "Reasoning | None" = None
    tell: "Callable[[str, dict[str, object]], object] | None" = None
    body: "Body | None" = None  # the dialect makes it

    def __init__(
        self,
        messages: object,
        tools: object = None,
        params: "Mapping[str, object] | None" = None,
        extra_body: "Mapping[str, object] | None" = None,
        extra_headers: "Mapping[str, str] | None" = None,
        session: str = "",
        keep: "Keep" = "text",
    ) -> None:
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        # A list may grow before its request is sent, with the answer to it for instance.
        if isinstance(messages, (list, tuple)):
            messages = list(messages)
        elif not _is_iterable(messages):
            raise TypeError('messages must be a list of dicts, e.g. [{"role": "user", ...}]')
        self.messages = messages
        self.tools = tools
        self.params: dict[str, object] = {}
        if params or tools:
            _check(params or {}, tools)
        if params:
            self.params = {key: value for key, value in params.items() if value is not None}
        if "reasoning_effort" in self.params or "reasoning_budget" in self.params:
            taken = import_module("thinwire.core.request.reasoning").taken
            self.reasoning = taken(self.params)
        self.extra_body = extra_body or {}
        self.extra_headers = dict(extra_headers or {})
        self.session = session
        if keep not in ("text", "none"):
            raise _refused("keep", keep)
        self.keep = keep == "text"
        self.sizes: dict[str, int] = {}
        if self.extra_headers:
            check_headers(list(self.extra_headers.items()))

    def choices(self, defaults: "dict[str, object]") -> int:
        """Number of answers that are asked for, 1 or more.

        Args:
            defaults: fields that a deployment adds.
        """
        number = self.extra_body.get("n", self.params.get("n", defaults.get("n")))
        return number if isinstance(number, int) and number > 0 else 1

    def counts(self) -> "tuple[int, int]":
        """Number of messages and tools for the log, -1 where only sending would tell."""
        return _length(self.messages), _length(self.tools or ())


def _check(params: "Mapping[str, object]", tools: object) -> None:
    # Refuses what would do nothing in a request, or tell a key.
    for name in params:
        if " %s " % name in _OTHERS:
            raise _refused("option", name)
    shape = params.get("response_format")
    if isinstance(shape, type) or hasattr(shape, "model_json_schema"):
        raise _refused("shape", shape)
    if isinstance(tools, (list, tuple)):
        for index, tool in enumerate(tools):
            if callable(tool):
                raise _refused("tool", tool, index)


def _refused(what: str, value: object, index: int = 0) -> TypeError:
    from thinwire.core.request import keywords  # words that few calls need

    return TypeError(getattr(keywords, what)(value, index))


def _is_iterable(messages: object) -> bool:
    if isinstance(messages, (str, bytes, bytearray, dict)):
        return False
    if hasattr(messages, "__iter__"):
        return True  # not called here: it may open a file
    try:
        iter(messages)  # type: ignore[call-overload]
    except TypeError:
        return False
    return True  # MicroPython's own types, which show no __iter__, and what has __getitem__


def _length(value: object) -> int:
    try:
        return len(value)  # type: ignore[arg-type]
    except TypeError:
        return -1
