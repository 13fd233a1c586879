"""Speech to text and text to speech: a file goes up and comes down piece by piece."""

from thinwire.core._compat import const, is_awaitable, loads_whole, public, remove_file
from thinwire.core.request.multipart import Multipart
from thinwire.core.request.sources import media_type_of
from thinwire.core.services.endpoints import call

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike
    from typing import Any, BinaryIO, TypedDict

    from thinwire.core.client import BaseClient
    from thinwire.core.request.multipart import File
    from thinwire.core.services.reply import Reply
    from thinwire.core.transport import Transport

    class TranscribeParams(TypedDict, total=False):
        """The fields that OpenAI's API has."""

        chunking_strategy: str | None
        include: list[str] | None
        language: str | None
        prompt: str | None
        response_format: str | None
        temperature: float | None
        timestamp_granularities: list[str] | None

    class SpeakParams(TypedDict, total=False):
        """The fields that OpenAI's API has."""

        instructions: str | None
        response_format: str | None
        speed: float | None

    # What has `write` may say how much of the piece it took, plain or async.
    Sink = str | PathLike[str] | BinaryIO | Callable[[memoryview], object]

_BUSY_MS = const(5)  # before a sink that took nothing is asked again


@public
class Transcription:
    """What was said.

    Attributes:
        text: all of it; for response_format "srt" or "vtt" the subtitles as they are.
        document: what the server sent beside it (language, duration, segments, words, usage), {}
            where the format has nothing else.
        deployment: name of the deployment that answered.
    """

    def __init__(self, text: str, document: "dict[str, Any]", deployment: str) -> None:
        self.text = text
        self.document = document
        self.deployment = deployment

    def __repr__(self) -> str:
        return "Transcription(%r)" % self.text


async def transcribe(
    client: "BaseClient",
    file: "File",
    model: "str | None",
    path: str,
    filename: "str | None",
    params: "Mapping[str, object]",
    options: "Mapping[str, object]",
) -> Transcription:
    """See Services.transcribe."""
    if params.get("stream"):
        raise TypeError("transcribe waits for all of the text: stream= is for client.open")
    if filename is None:
        place = getattr(file, "path", None) or getattr(file, "name", None) or file
        known = isinstance(place, str) or hasattr(place, "__fspath__")
        filename = str(place).replace("\\", "/").split("/")[-1] if known else "audio.wav"
    try:
        media_type = media_type_of(filename)
    except ValueError:
        media_type = "application/octet-stream"  # the server looks at the name, or inside
    form = Multipart(params, file, filename, media_type)
    reply = await call(client, "POST", path, form, model, **options)  # type: ignore[arg-type]
    kind = reply.content_type
    body = await reply.read()
    try:
        # Some servers call JSON a text, others a text JSON: what it is, it tells.
        document = loads_whole(body) if body[:1] == b"{" or "json" in kind else str(body, "utf-8")
    except ValueError:
        raise reply.wrong("the answer is neither JSON nor UTF-8", body)
    if isinstance(document, str):  # "text", "srt", "vtt"
        return Transcription(document, {}, reply.deployment)
    text = document.get("text") if isinstance(document, dict) else None
    if not isinstance(text, str):
        raise reply.wrong("the answer has no text", document)
    return Transcription(text, document, reply.deployment)  # type: ignore[arg-type]


async def speak(
    client: "BaseClient",
    text: object,
    sink: "Sink",
    model: "str | None",
    params: "Mapping[str, object]",
    options: "Mapping[str, object]",
) -> int:
    """See Services.speak."""
    reply = await sound(client, text, model, params, options)
    own: Any = None
    taker: Any = sink
    total = 0
    try:
        if not callable(sink) and not hasattr(sink, "write"):
            taker = own = open(sink, "wb")  # noqa: ASYNC230, SIM115 - closed below
        piece = await reply.next_piece()
        while piece:
            total += len(piece)
            await written(taker, piece, client.transport)
            piece = await reply.next_piece()
        if not total:
            raise reply.wrong("the answer is empty, and no sound", "")
        if own is not None:
            own.close()  # now, since what was held back may find no room
    except BaseException:
        if own is not None:
            _discard(own, sink)
        raise
    finally:
        await reply.aclose()
    return total


async def sound(
    client: "BaseClient",
    text: object,
    model: "str | None",
    params: "Mapping[str, object]",
    options: "Mapping[str, object]",
) -> "Reply":
    """What a text sounds like, from when the first of it is there: to be read, or closed.

    Raises: see Services.speak.
    """
    document = {"input": text}
    document.update({name: value for name, value in params.items() if value is not None})
    reply = await call(client, "POST", "/audio/speech", document, model, **options)  # type: ignore[arg-type]
    if "json" in reply.content_type:
        body = await reply.read()
        raise reply.wrong("the answer is JSON, not sound", body)
    return reply


async def written(sink: "Any", piece: memoryview, transport: "Transport") -> None:
    """Hands all of a piece on. `write` may take a part of it and say how much (io.RawIOBase.write,
    machine.I2S), and has to be asked again then; None means all. `drain` is awaited where there
    is one (asyncio.StreamWriter)."""
    write = getattr(sink, "write", None)
    if write is None:
        taken = sink(piece)
        if is_awaitable(taken):
            await taken
        return
    while piece:
        taken = write(piece)
        if is_awaitable(taken):
            taken = await taken
        if taken is None or taken is True:
            break
        if not taken:
            await transport.sleep_ms(_BUSY_MS)
        piece = piece[taken:]
    drain = getattr(sink, "drain", None)
    if drain is not None:
        await drain()


def _discard(file: "BinaryIO", path: "Any") -> None:
    # Half a file looks like a file.
    try:
        file.close()
    except OSError:
        pass  # why it cannot be written is known
    remove_file(path)
