"""What openai.types.chat has for reading answers, and names for writing requests.

What is sent is plain dicts, there as well as here: the names of requests (`...Param`) are
`dict[str, Any]`, which can be called and annotated with.
"""

from typing import Any

from thinwire.compat.openai.types.chat.chat_completion import ChatCompletion as ChatCompletion
from thinwire.compat.openai.types.chat.chat_completion import (
    ChatCompletionDeleted as ChatCompletionDeleted,
)
from thinwire.compat.openai.types.chat.chat_completion import (
    ChatCompletionTokenLogprob as ChatCompletionTokenLogprob,
)
from thinwire.compat.openai.types.chat.chat_completion import (
    ParsedChatCompletion as ParsedChatCompletion,
)
from thinwire.compat.openai.types.chat.chat_completion import ParsedChoice as ParsedChoice
from thinwire.compat.openai.types.chat.chat_completion_chunk import (
    ChatCompletionChunk as ChatCompletionChunk,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionAudio as ChatCompletionAudio,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessage as ChatCompletionMessage,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessageCustomToolCall as ChatCompletionMessageCustomToolCall,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessageFunctionToolCall as ChatCompletionMessageFunctionToolCall,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessageToolCall as ChatCompletionMessageToolCall,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ChatCompletionMessageToolCallUnion as ChatCompletionMessageToolCallUnion,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ParsedChatCompletionMessage as ParsedChatCompletionMessage,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ParsedFunction as ParsedFunction,
)
from thinwire.compat.openai.types.chat.chat_completion_message import (
    ParsedFunctionToolCall as ParsedFunctionToolCall,
)

_WORDS = ("ChatCompletionRole", "ChatCompletionModality", "ChatCompletionReasoningEffort")


def __getattr__(name: str) -> Any:
    if name.endswith(("Param", "Params")) and name[:1].isupper():
        return dict[str, Any]
    if name in _WORDS:
        return str
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
