"""Events of chats, by the path that openai has for them."""

from thinwire.compat.openai._stream_helper import (
    AsyncChatCompletionStream as AsyncChatCompletionStream,
)
from thinwire.compat.openai._stream_helper import (
    AsyncChatCompletionStreamManager as AsyncChatCompletionStreamManager,
)
from thinwire.compat.openai._stream_helper import ChatCompletionStream as ChatCompletionStream
from thinwire.compat.openai._stream_helper import (
    ChatCompletionStreamManager as ChatCompletionStreamManager,
)
from thinwire.compat.openai._stream_helper import (
    ChatCompletionStreamState as ChatCompletionStreamState,
)
from thinwire.compat.openai._stream_helper import ChunkEvent as ChunkEvent
from thinwire.compat.openai._stream_helper import ContentDeltaEvent as ContentDeltaEvent
from thinwire.compat.openai._stream_helper import ContentDoneEvent as ContentDoneEvent
from thinwire.compat.openai._stream_helper import (
    FunctionToolCallArgumentsDeltaEvent as FunctionToolCallArgumentsDeltaEvent,
)
from thinwire.compat.openai._stream_helper import (
    FunctionToolCallArgumentsDoneEvent as FunctionToolCallArgumentsDoneEvent,
)
from thinwire.compat.openai._stream_helper import (
    LogprobsContentDeltaEvent as LogprobsContentDeltaEvent,
)
from thinwire.compat.openai._stream_helper import (
    LogprobsContentDoneEvent as LogprobsContentDoneEvent,
)
from thinwire.compat.openai._stream_helper import (
    LogprobsRefusalDeltaEvent as LogprobsRefusalDeltaEvent,
)
from thinwire.compat.openai._stream_helper import (
    LogprobsRefusalDoneEvent as LogprobsRefusalDoneEvent,
)
from thinwire.compat.openai._stream_helper import RefusalDeltaEvent as RefusalDeltaEvent
from thinwire.compat.openai._stream_helper import RefusalDoneEvent as RefusalDoneEvent
from thinwire.compat.openai._stream_helper import StreamEvent as ChatCompletionStreamEvent
from thinwire.compat.openai.types.chat import (
    ParsedChatCompletion as ParsedChatCompletionSnapshot,
)
from thinwire.compat.openai.types.chat import (
    ParsedChatCompletionMessage as ParsedChatCompletionMessageSnapshot,
)
from thinwire.compat.openai.types.chat import ParsedChoice as ParsedChoiceSnapshot

__all__ = [
    "ChatCompletionStreamEvent",
    "ParsedChatCompletionMessageSnapshot",
    "ParsedChatCompletionSnapshot",
    "ParsedChoiceSnapshot",
]
