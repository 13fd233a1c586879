"""Why a model stopped, in OpenAI's words: other servers have words of their own for the same, and
a program should not have to know whose answer it holds. Loaded with the first such word.

Sources: the API references of Anthropic (stop_reason), Google (FinishReason), Mistral, Together,
Cohere, Amazon Bedrock (stopReason) and Zhipu.
"""

from thinwire.core._compat import const
from thinwire.core.answer.chunk import REASONS

TYPE_CHECKING = const(False)

_WORDS = (
    ("stop", "eos eos_token end_turn stop_sequence stop_token end_of_text complete completed"),
    (
        "length",
        "max_tokens max_output_tokens max_length model_length model_context_window_exceeded",
    ),
    ("tool_calls", "tool_use tool_call function_calls"),
    (
        "content_filter",
        "safety image_safety recitation blocklist prohibited_content image_prohibited_content spii"
        " sensitive refusal content_filtered guardrail_intervened error_toxic",
    ),
)


def normal(word: str) -> str:
    """OpenAI's word for a server's, which goes through as it is where there is none."""
    asked = word.lower().replace("-", "_")
    for known, words in _WORDS:
        if asked in words.split():
            return known
    return asked if asked in REASONS else word
