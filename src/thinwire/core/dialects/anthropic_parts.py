"""Parts of a message as the content blocks of Anthropic's Messages API.

  text, refusal   a text block; without words it is left out, since the API refuses it
  image_url       an image: a link, or base64 from a data: URL or a source
  file            a document likewise, text from a file, or a file that the server has
  anything else   goes as it is, for whoever writes blocks of the API (search results, documents)

`cache_control` of a part stays with its block. A source is read while it is sent, without the head
of its data: URL, which stands in the block's `media_type`.
"""

from thinwire.core._compat import const, import_module
from thinwire.core.errors import EncodeError, ThinwireError

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

    from thinwire.core.request.sources import Source
    from thinwire.core.wire.json_encode import Readable

_KEPT = ("cache_control", "citations")
_REFUSED = ("input_audio", "audio", "video_url")
_IDS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


class _Bare:
    # A source without its prefix, which its readers give as a piece of its own.
    def __init__(self, source: "Source") -> None:
        self._source = source
        self.replayable = source.replayable
        self.stored = source.stored

    def open(self) -> "Readable":
        reader = self._source.open()
        reader.read_piece()
        return reader

    def __repr__(self) -> str:
        return repr(self._source)


def blocks(content: "Any") -> "list[Any]":
    """The blocks of a message's content, [] for none.

    Args:
        content: a text, a source, a list of parts, or None.

    Raises:
        EncodeError: an image or a file cannot be written so.
        ThinwireError: of kind "unsupported": the API has no such part.
    """
    if not isinstance(content, (list, tuple)):
        content = () if content is None else (content,)
    found = [_block(part) for part in content]
    return [block for block in found if block is not None]


def check(messages: "Any") -> None:
    """Raises what `blocks` would for parts that the API does not have, before anything is sent.

    Args:
        messages: a list or tuple.
    """
    for message in messages:
        content = message.get("content") if hasattr(message, "get") else None
        for part in content if isinstance(content, (list, tuple)) else ():
            if hasattr(part, "get"):
                _refuse(part.get("type"))


def _refuse(kind: object) -> None:
    if kind in _REFUSED:
        text = "a part of type %r is not possible in Anthropic's API: send its text, or name a"
        error = ThinwireError((text + " fallback that takes it") % (kind,))
        error.kind = "unsupported"
        raise error


def text_block(text: object) -> "dict[str, object] | None":
    """The block of a text or a source, None where it has no words."""
    if isinstance(text, str) and not text.strip():
        return None
    return {"type": "text", "text": text}


def _block(part: "Any") -> "Any":
    if not hasattr(part, "get"):
        return text_block(part)
    kind = part.get("type")
    _refuse(kind)
    if kind in ("text", "refusal"):
        result = text_block(part.get(kind) or "")
    elif kind == "image_url":
        image = part.get("image_url")
        result = _media(image.get("url") if hasattr(image, "get") else image, "image_url")
    elif kind == "file":
        result = _file(part.get("file") or {})
    else:
        return part
    if result is not None:
        for name in _KEPT:
            if part.get(name) is not None:
                result[name] = part[name]
    return result


def _file(file: "Any") -> "dict[str, object]":
    if file.get("file_id"):
        result: dict[str, object] = {"type": "document"}
        result["source"] = {"type": "file", "file_id": file["file_id"]}
    else:
        result = _media(file.get("file_data") or file.get("file_url"), "file")
    if file.get("filename") and result["type"] == "document":
        result["title"] = file["filename"]
    return result


def _media(value: "Any", what: str) -> "dict[str, object]":
    # The block of an image or a document: by its media type, or by what its part is.
    kind = "image" if what == "image_url" else "document"
    if isinstance(value, str) and value[:8].lower().partition("://")[0] in ("http", "https"):
        return {"type": kind, "source": {"type": "url", "url": value}}
    is_text = isinstance(value, str)
    head = value[:200] if is_text else getattr(value, "prefix", "")
    head = head.partition(",")[0]
    if not head.startswith("data:") or not head.endswith(";base64"):
        text = "%s takes a link, a data: URL with base64, or DataURL(path), not %s"
        shown = "another text" if is_text else type(value).__name__
        raise EncodeError(text % (what, shown), "")
    media_type = head[5:].partition(";")[0]
    if media_type.startswith("image/"):
        kind = "image"
    elif media_type.startswith("text/"):
        return {"type": kind, "source": _text_source(value)}
    data = value[len(head) + 1 :] if is_text else _Bare(value)
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}


def _text_source(value: "Any") -> "dict[str, object]":
    # The API takes text as text, not as base64.
    if not hasattr(value, "path"):
        raise EncodeError("a document of text is to be a text part, or DataURL(path)", "")
    data = import_module("thinwire.core.request.sources").TextFile(value.path)
    return {"type": "text", "media_type": "text/plain", "data": data}


def fitting_id(id: object) -> object:
    """The id of a call as the API takes it, the same for the same: others have dots in theirs."""
    if not isinstance(id, str) or not [one for one in id if one not in _IDS]:
        return id
    return "".join([one if one in _IDS else "_" for one in id])
