"""What an answer holds besides text and tool calls: images, audio, annotations (docs/wire.md C57).

Image models send `images` beside the content, or parts of it: a list of {"image_url": {"url":
"data:image/png;base64,..."}}, each mostly in one piece, of megabytes. Audio comes as base64 in
many pieces, with its transcript. Annotations are small: citations, in whatever form.

Where nothing is kept in memory an image needs no more of it than the receive buffer:
its base64 is handed out and cut from the event that is still arriving (`cut`). A "!" is left in
its place, which base64 does not have, so that the event's JSON says later whose data that was.
"""

from thinwire.core._compat import const, decode, public
from thinwire.core.answer import chunk
from thinwire.core.answer.completion import DeltaText
from thinwire.core.answer.events import BaseEvent
from thinwire.core.errors import StreamError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.completion import Choice
    from thinwire.core.answer.events import Event
    from thinwire.core.wire.sse import SSEParser

_MARK = const(b";base64,")
_CUT = const(33)  # "!"
_LEAST = const(64)  # characters that are worth it
_HEAD = const(128)  # bytes before the mark in which the name of the field must stand


@public
class ImageDelta(BaseEvent):
    """A piece of an image, or one that is a link.

    Attributes:
        index: position of the image in `completion.images`.
        data: base64, which continues that of the image's events before; each piece but the last
            can be decoded by itself. "" for a link.
        media_type: as the server says it, e.g. "image/png"; "" for a link.
        url: the link, else "".
    """

    __match_args__ = ("index", "data", "media_type", "url", "choice")

    def __init__(
        self, index: int, data: str, media_type: str, url: str = "", choice: int = 0
    ) -> None:
        self.index = index
        self.data = data
        self.media_type = media_type
        self.url = url
        self.choice = choice


@public
class AudioDelta(BaseEvent):
    """A piece of a spoken answer.

    Attributes:
        data: base64 of the next samples, "" when only words came.
        transcript: the next words, "" when only samples came.
    """

    __match_args__ = ("data", "transcript", "choice")

    def __init__(self, data: str, transcript: str, choice: int = 0) -> None:
        self.data = data
        self.transcript = transcript
        self.choice = choice


class _Image:
    # An image that is arriving: its entry as it came, and the data of its URL apart from it.
    def __init__(self, position: int, head: str, data: DeltaText) -> None:
        self.position = position
        self.entry: dict[str, object] = {"type": "image_url"}
        self.fields: dict[str, object] = {}  # of its image_url
        self.head = head  # data:image/png;base64, or a link
        self.data = data


class MediaAssembler:
    """Collects what one choice holds of it.

    Args:
        choice: index of the choice, for the events.
        keep: whether images and audio are kept in memory.
    """

    def __init__(self, choice: int = 0, keep: bool = True) -> None:
        self._choice = choice
        self._keep = keep
        self._images: list[_Image] = []
        self._open: list[_Image] = []  # in the event that is arriving, handed out in part
        self._audio: dict[str, object] = {}
        self._samples = DeltaText(keep)
        self._words = DeltaText(keep)
        self._annotations: list[object] = []

    def receive(self, delta: "dict[str, object]", events: "list[Event | str]") -> None:
        """Takes a delta; appends the events it causes."""
        for part in chunk.objects(delta.get("content")):
            if isinstance(part, dict) and "text" not in part and "thinking" not in part:
                self._see(part, events)
        for entry in _listed(delta.get("images")):
            self._see(entry, events)
        audio = delta.get("audio")
        if isinstance(audio, dict):
            self._hear(audio, events)
        elif audio:
            raise StreamError("the audio of an answer is no object")
        if self._keep:
            self._annotations.extend(_listed(delta.get("annotations")))

    def cut(self, parser: "SSEParser", events: "list[Event | str]") -> bool:
        """Hands out what has come of images, and takes it out of the event that is arriving.

        Returns:
            Whether there was any.
        """
        buffer, start = parser.buffer, parser.line_start()
        if buffer.find(b"data:", start, parser.line_end()) != start:
            return False
        said, number = len(events), 0
        at = buffer.find(_MARK, start, parser.line_end())
        while at >= 0:
            data = at + len(_MARK)
            end = buffer.find(b'"', data, parser.line_end())
            self._cut_one(parser, at, parser.line_end() if end < 0 else end, number, events)
            number += data < parser.line_end() and buffer[data] == _CUT
            at = buffer.find(_MARK, data, parser.line_end())
        return len(events) > said

    def _cut_one(
        self, parser: "SSEParser", at: int, end: int, number: int, events: "list[Event | str]"
    ) -> None:
        # at: of the mark; end: of the data that follows it; number: of images cut before it.
        buffer, data = parser.buffer, at + len(_MARK)
        goes_on = data < end and buffer[data] == _CUT
        data += goes_on
        size = (end - data) // 4 * 4
        # What an escape stands for only the JSON parser knows.
        if size < _LEAST or buffer.find(b"\\", data, end) >= 0:
            return
        if goes_on:
            if number >= len(self._open):
                return
            image = self._open[number]
        else:
            head = _head(bytes(buffer[max(at - _HEAD, parser.line_start()) : data]))
            if not head:
                return
            image = self._new(head)
            self._open[number:] = [image]  # what stood there was in an event that showed no image
        piece = decode(buffer, data, data + size)
        if not goes_on:
            buffer[data] = _CUT
            data += 1
            size -= 1
        parser.cut(data, size)
        self._add(image, piece, events)

    def fill(self, choice: "Choice") -> None:
        """Gives `choice` all that has come so far."""
        choice.annotations = list(self._annotations)
        for image in self._images:
            entry, fields = dict(image.entry), dict(image.fields)
            fields["url"] = image.head + image.data.value()
            entry["image_url"] = fields
            choice.images.append(entry)
        if self._audio:
            choice.audio = dict(self._audio)
            choice.audio["data"] = self._samples.value()
            choice.audio["transcript"] = self._words.value()

    def is_empty(self) -> bool:
        """Whether there is neither an image nor audio."""
        return not self._images and not self._audio

    def citations(self, found: "list[object]") -> "list[object]":
        """Annotations in OpenAI's form from what Perplexity sends beside the choices.

        Args:
            found: links, or objects with `url` and `title`.
        """
        result: list[object] = []
        for one in found:
            fields = chunk.mapping(one) or {"url": one}
            result.append({"type": "url_citation", "url_citation": fields})
        return result

    def _see(self, came: object, events: "list[Event | str]") -> None:
        # An image, or a link to one; what else it may be is kept as it came.
        entry: dict[str, object] = {"image_url": came}
        if isinstance(came, dict):
            entry = came
        found = entry.get("image_url")
        url = chunk.text(chunk.mapping(found).get("url")) or chunk.text(found)
        if not url:
            if came and self._keep:
                self._annotations.append(came)
            return
        size = url.find(";base64,") + len(_MARK)
        is_link = not url.startswith("data:") or size < len(_MARK)
        if is_link:
            image = self._new(url)
            events.append(ImageDelta(image.position, "", "", url, self._choice))
        elif url[size : size + 1] == "!" and self._open:
            image = self._open.pop(0)
            self._add(image, url[size + 1 :], events)
        else:
            image = self._new(url[:size])
            self._add(image, url[size:], events)
        image.entry = dict(entry)
        image.fields = dict(chunk.mapping(found))
        image.fields["url"] = image.entry["image_url"] = None  # the data is kept apart from it

    def _new(self, head: str) -> _Image:
        position = len(self._images)
        image = _Image(position, head, DeltaText(self._keep))
        self._images.append(image)
        return image

    def _add(self, image: _Image, data: str, events: "list[Event | str]") -> None:
        if data:
            media_type = image.head[len("data:") :].split(";")[0]
            image.data.add_whole(data)
            events.append(ImageDelta(image.position, data, media_type, "", self._choice))

    def _hear(self, audio: "dict[str, object]", events: "list[Event | str]") -> None:
        samples, words = chunk.word(audio.get("data")), chunk.word(audio.get("transcript"))
        for name, value in audio.items():
            if value is not None and name not in ("data", "transcript"):
                self._audio[name] = value
        self._audio["data"] = ""
        self._samples.add(samples)
        self._words.add(words)
        if samples or words:
            events.append(AudioDelta(samples, words, self._choice))


def _listed(value: object) -> "list[object]":
    # A list of what may also come alone.
    if isinstance(value, list):
        return value
    return [value] if value else []


def _head(before: bytes) -> str:
    # "data:image/png;base64," where `before` ends with it and it begins the text of a "url".
    start = before.rfind(b'"')
    name = before[: max(start, 0)].rstrip()
    head = before[start + 1 :]
    if (
        not head.startswith(b"data:image/")
        or name[-1:] != b":"
        or name[:-1].rstrip()[-5:] != b'"url"'
    ):
        return ""
    return str(head, "utf-8")
