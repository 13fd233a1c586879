"""Embeddings: texts in, vectors out.

Asked for as base64, of which an entry is four bytes a number in place of twenty, where the caller
says nothing else; a server that does not know the field sends lists, which are taken as well. What
a chip can receive at once, 32 KB, is five vectors of 1536 numbers.
"""

from thinwire.core._compat import const, from_base64, import_module, public
from thinwire.core.services.endpoints import call

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Mapping
    from typing import Any, TypedDict

    from thinwire.core.client import BaseClient
    from thinwire.core.services.reply import Reply

    class EmbeddingParams(TypedDict, total=False):
        """The fields that OpenAI's API has; what others add goes through `post`."""

        dimensions: int | None
        user: str | None


_LIMIT = const(1 << 30)


@public
class Embeddings:
    """Vectors of texts.

    Attributes:
        vectors: one array of floats (`array("f")`) for each input, in their order.
        model: what the server says that it is.
        usage: tokens, as the server says it.
        deployment: name of the deployment that answered.
    """

    def __init__(
        self,
        vectors: "list[array[float]]",
        model: str,
        usage: "dict[str, object]",
        deployment: str,
    ) -> None:
        self.vectors = vectors
        self.model = model
        self.usage = usage
        self.deployment = deployment

    def __repr__(self) -> str:
        size = len(self.vectors[0]) if self.vectors else 0
        return "Embeddings(%d of %d numbers, model=%r)" % (len(self.vectors), size, self.model)


async def embeddings(
    client: "BaseClient",
    input: object,
    model: "str | None",
    params: "Mapping[str, object]",
    options: "Mapping[str, object]",
) -> Embeddings:
    """See Services.embeddings."""
    document = {"input": input}
    document.update({name: value for name, value in params.items() if value is not None})
    reply = await call(client, "POST", "/embeddings", document, model, **options)  # type: ignore[arg-type]
    answer: Any = await reply.json(_LIMIT)
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or [one for one in entries if not isinstance(one, dict)]:
        raise reply.wrong("the answer has no embeddings", answer)
    # One for each text; of what else there is (tokens) at least one.
    each = isinstance(input, (list, tuple)) and not [one for one in input if isinstance(one, int)]
    if len(entries) != len(input) if each else not entries:  # type: ignore[arg-type]
        raise reply.wrong("the answer has %d embeddings, which is not all" % len(entries), answer)
    places = [one.get("index") for one in entries]
    if sorted([at for at in places if isinstance(at, int)]) == list(range(len(entries))):
        entries.sort(key=lambda one: one["index"])  # some servers answer as they get ready
    vectors = []
    while entries:  # the texts of a long answer are let go one by one
        vectors.append(_vector(entries.pop(0).get("embedding"), reply))
    usage = answer.get("usage")
    said = answer.get("model")
    if not isinstance(usage, dict):
        usage = {}
    return Embeddings(vectors, said if isinstance(said, str) else "", usage, reply.deployment)


def _vector(value: object, reply: "Reply") -> "array[float]":
    # No import of its own on top: core/ has none but json, and nobody else pays for this one.
    make: Callable[[str, object], array[float]] = import_module("array").array
    try:
        if isinstance(value, list) and value:
            return make("f", value)
        data = from_base64(value)  # type: ignore[arg-type]
        if data and len(data) % 4 == 0:
            return make("f", data)  # 32 bit, little endian, as on every runtime of ours
        raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise reply.wrong("an embedding is neither numbers nor base64", value)
