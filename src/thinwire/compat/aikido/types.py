"""What programs of aikido hold in their hands: requests, messages, events, answers, errors.

Names are Go's in Python's spelling: `HTTPReferer` is `http_referer`, `ToolCallID` is
`tool_call_id`. Where a dict does in place of a class, its keys may be either.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from thinwire._public import public

DEFAULT_BASE_URL = "https://openrouter.ai/api/v1"
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def python_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same with each of Go's names in Python's spelling."""
    return {_WORDS.sub("_", name).lower(): value for name, value in given.items()}


class _Struct:
    # What may be given as a dict.
    @classmethod
    def of(cls, given: Any) -> Self:
        """`given` itself, or what a dict of its fields says.

        Raises:
            TypeError: it is neither, or has a field that there is not.
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise TypeError(f"{cls.__name__} or a dict is needed, not {type(given).__name__}")
        return cls(**python_names(given))


@public
@dataclass(frozen=True)
class Options(_Struct):
    """How a client is made.

    Args:
        api_key: is needed.
        base_url: where to ask, "" for OpenRouter.
        http_client: an httpx.AsyncClient of one's own, which is not closed here.
        http_referer, x_title: who asks, for OpenRouter's rankings.
        provider_order: the providers behind OpenRouter to ask, in this order; one alone locks.
    """

    api_key: str = field(default="", repr=False)
    base_url: str = ""
    http_client: Any = None
    http_referer: str = ""
    x_title: str = ""
    provider_order: Sequence[str] = ()


@public
@dataclass(frozen=True)
class ImagePart(_Struct):
    """An image: of a message, or of an answer.

    Args:
        url: a link; of an answer "" where the image itself came.
        content_type: e.g. "image/png", "" where nobody says.
        data: its bytes.
    """

    url: str = ""
    content_type: str = ""
    data: bytes = field(default=b"", repr=False)


@public
@dataclass(frozen=True)
class ToolCall(_Struct):
    """A call that the model asks for, whole.

    Args:
        id: the server's, or one made for it where it gave none.
        name: of the tool.
        arguments: JSON text, "{}" where the server gave none.
        extra: further fields of the call, which its server wants back.
    """

    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@public
@dataclass(frozen=True)
class CacheBreakpoint(_Struct):
    """Where a prompt may be cached up to.

    Args:
        ttl: "5m", or "1h".
    """

    ttl: str = "5m"


@public
@dataclass(frozen=True)
class Message(_Struct):
    """A message of a conversation.

    Args:
        role: "system", "user", "assistant" or "tool".
        content: its text.
        images: what it shows.
        tool_calls: of an answer, the calls that it asks for.
        tool_call_id: of a result, the call that it is of.
        cache: the prompt may be cached up to here.
        extra: fields of an answer that its server wants back (reasoning, signatures).
    """

    role: str
    content: str = ""
    images: Sequence[ImagePart | Mapping[str, Any]] = ()
    tool_calls: Sequence[ToolCall | Mapping[str, Any]] = ()
    tool_call_id: str = ""
    cache: CacheBreakpoint | Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@public
@dataclass(frozen=True)
class ToolDef(_Struct):
    """A tool that the model may call.

    Args:
        name, description: what the model knows it by.
        parameters: JSON Schema of its arguments.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None


@public
@dataclass(frozen=True)
class ThinkingConfig(_Struct):
    """How much the model is to think.

    Args:
        effort: "low", "medium" or "high".
        budget: in tokens, of which that is made: below 2048 low, below 16384 medium.
    """

    effort: str = ""
    budget: int = 0

    def word(self) -> str | None:
        """The effort, None where nothing is said."""
        if self.effort or not self.budget:
            return self.effort or None
        return "low" if self.budget < 2048 else "medium" if self.budget < 16384 else "high"


@public
@dataclass(frozen=True)
class ImageConfig(_Struct):
    """What an image of an answer is to be like.

    Args:
        aspect_ratio: e.g. "16:9".
        image_size: e.g. "2K".
    """

    aspect_ratio: str = ""
    image_size: str = ""


@public
@dataclass(frozen=True)
class Request(_Struct):
    """What a model is asked; what is left as it is here is not sent.

    Args:
        model: id of the model, sent as it is.
        messages: Message objects, or dicts of their fields or in OpenAI's form.
        tools: ToolDef objects, or dicts likewise.
        max_tokens, temperature, stop_sequences, modalities: as the API has them.
        thinking: see ThinkingConfig.
        image_config: see ImageConfig.
    """

    model: str = ""
    messages: Sequence[Message | Mapping[str, Any]] = ()
    tools: Sequence[ToolDef | Mapping[str, Any]] = ()
    max_tokens: int = 0
    temperature: float | None = None
    thinking: ThinkingConfig | Mapping[str, Any] | None = None
    stop_sequences: Sequence[str] = ()
    modalities: Sequence[str] = ()
    image_config: ImageConfig | Mapping[str, Any] | None = None


@public
@dataclass(frozen=True)
class Usage:
    """Tokens and cost.

    Args:
        prompt_tokens, completion_tokens: what was read and written.
        cache_read_tokens, cache_write_tokens: of the prompt, from and into the cache.
        cost_usd: as the server says it, else 0.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float = 0.0


@public
class EventKind(StrEnum):
    """What an event is."""

    TEXT_DELTA = "text_delta"
    TOOL_CALL = "tool_call"
    THINKING = "thinking"
    IMAGE = "image"
    USAGE = "usage"
    ERROR = "error"
    END = "end"


@public
@dataclass(frozen=True)
class Event:
    """What came of an answer; END is the last one, always, and once.

    Args:
        kind: says which of the others is set.
        text: of TEXT_DELTA and THINKING.
        tool: of TOOL_CALL, once for each call, when it is whole.
        image: of IMAGE.
        usage: of USAGE, once.
        err: of ERROR, once, before END.
        finish_reason: of END: why the model stopped; "error" and "content_filter" where it did
            not, "" where it was called off.
        message: of END, the answer to append to the messages, as far as it came.
    """

    kind: EventKind
    text: str = ""
    tool: ToolCall | None = None
    image: ImagePart | None = None
    usage: Usage | None = None
    err: "AikidoError | None" = None
    finish_reason: str = ""
    message: Message | None = None


@public
@dataclass
class Response:
    """A whole answer.

    Args:
        text: its text, without what was thought.
        tool_calls, images: what else it has.
        usage: None where the server said nothing.
        finish_reason: as in Event.
        message: the answer to append to the messages.
    """

    text: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    images: list[ImagePart] = field(default_factory=list)
    usage: Usage | None = None
    finish_reason: str = ""
    message: Message = field(default_factory=lambda: Message("assistant"))


@public
class AikidoError(Exception):
    """Base of what goes wrong. `__cause__` is thinwire's error, with its kind and attempts.

    Attributes:
        response: of `collect` and `complete`, what had come.
    """

    response: Response | None = None


@public
class ErrAuth(AikidoError):
    """The key is not accepted, may not do this, or has no credit (401, 403, 402)."""


@public
class ErrRateLimited(AikidoError):
    """Too many requests (429)."""


@public
class ErrServerError(AikidoError):
    """The server failed, could not be reached, or broke off; asking again may help."""


@public
class ErrInvalidRequest(AikidoError):
    """The request cannot be answered as it is."""


@public
class ErrContentFiltered(AikidoError):
    """A content filter ended the answer; asking again does not help."""


@public
class ErrCanceled(AikidoError):
    """The stream was called off by the caller."""
