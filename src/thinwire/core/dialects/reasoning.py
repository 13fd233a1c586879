"""How servers of the OpenAI wire want to be told how much to reason: each has its own fields for
what the caller says in one argument (request/reasoning.py). A deployment's `reasoning` names a
spelling, and presets know which.
"""

from thinwire.core._compat import const
from thinwire.core.request.reasoning import effort_of

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.request.reasoning import Reasoning

# Models of OpenAI's that cannot stop reasoning, and the least that each takes in its place; the
# first that the name begins with. All later ones know "none".
_LEAST = (
    ("gpt-5.", "none"),
    ("gpt-5", "minimal"),
    ("gpt-oss", "low"),
    ("o1", "low"),
    ("o3", "low"),
    ("o4", "low"),
)


def spelled(reasoning: "Reasoning", spelling: str, model: str) -> "dict[str, object]":
    """The fields of a request; {} where the server has none for it.

    Args:
        reasoning: see request/reasoning.py.
        spelling: one of options.SPELLINGS.
        model: id of the model, as the server knows it.
    """
    on, word = reasoning is not False, effort_of(reasoning)
    if spelling == "openrouter":
        tokens = isinstance(reasoning, int) and on
        return {"reasoning": {"max_tokens": reasoning} if tokens else {"effort": word}}
    if spelling in ("thinking", "thinking_effort"):
        fields: dict[str, object] = {"thinking": {"type": "enabled" if on else "disabled"}}
        if on and spelling == "thinking_effort":
            fields["reasoning_effort"] = word
        return fields
    if spelling == "enable_thinking":
        fields = {"enable_thinking": on}
        if on and isinstance(reasoning, int):
            fields["thinking_budget"] = reasoning
        return fields
    if spelling == "template":
        said: dict[str, object] = {"enable_thinking": on}
        fields = {"chat_template_kwargs": said}
        if on:  # a template has the word from here, harmony's models from the field
            fields["reasoning_effort"] = said["reasoning_effort"] = word
        return fields
    if spelling == "together" and not on:
        return {"reasoning": {"enabled": False}}
    if spelling == "gemini" and on and isinstance(reasoning, int):
        return {"extra_body": {"google": {"thinking_config": {"thinking_budget": reasoning}}}}
    if spelling == "none":
        return {}
    return {"reasoning_effort": word if on else _least(model)}


def _least(model: str) -> str:
    name = model.rpartition("/")[2].lower()
    for start, word in _LEAST:
        if name.startswith(start):
            return word
    return "none"
