"""What the exoclaw provider makes of messages: underscore keys, files in place of content."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from thinwire import AllAttemptsFailed, Deployment, EncodeError, OpenAIStreamingProvider
from thinwire.compat.exoclaw.content_file import ContentFile
from thinwire.compat.exoclaw.conversion import wire_message, wire_messages
from thinwire.testing import MockServer, status_reply

Message = dict[str, object]
CALL: Message = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "look"}}]}


def sent_for(server: MockServer, messages: Iterable[Message], *fallbacks: str) -> list[Any]:
    """Asks "m" and returns the messages as the server has read them, but for the calls whose
    results tool_message has."""
    if isinstance(messages, list):
        pairs = [
            [CALL, one] if isinstance(one, dict) and "tool_call_id" in one else [one]
            for one in messages
        ]
        messages = [one for pair in pairs for one in pair]

    async def main() -> None:
        deployments = {name: Deployment(server.base_url) for name in ("m", *fallbacks)}
        provider = OpenAIStreamingProvider("m", deployments, {"m": list(fallbacks)})
        try:
            await provider.chat(messages)
        finally:
            await provider.close()

    with structlog.testing.capture_logs():
        asyncio.run(main())
    sent: list[Any] = server.requests[-1].json()["messages"]
    return [one for one in sent if one != CALL]


def tool_message(path: object, preview: object = "the preview", **more: object) -> Message:
    message: Message = {"role": "tool", "tool_call_id": "1", "content": preview}
    return {**message, "_content_file": path, **more}


def test_underscore_keys_are_not_sent(mock_llm: MockServer) -> None:
    message: Message = {"role": "user", "content": {"_kept": 1}, "_turn": 7, "_x": object()}
    assert sent_for(mock_llm, [message]) == [{"role": "user", "content": {"_kept": 1}}]
    assert "_turn" in message


def test_a_message_that_needs_no_change_is_not_copied() -> None:
    message: Message = {"role": "user", "content": "hi"}
    assert wire_message(message) is message


# Text that needs care where it is cut: escapes, line ends, characters of 2 to 4 bytes.
TEXTS = ["", "short", 'a "quote" \\ and \r\n\tlines \u2028 \x00', "Grüße, 世界 🚀! " * 9_000]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_content_is_read_from_the_file(mock_llm: MockServer, tmp_path: Path, text: str) -> None:
    path = tmp_path / "result.txt"
    path.write_bytes(text.encode())
    (sent,) = sent_for(mock_llm, [tool_message(str(path), name="look")])
    assert sent == {"role": "tool", "tool_call_id": "1", "content": text, "name": "look"}


def test_a_file_of_many_blocks_among_other_messages(mock_llm: MockServer, tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    path.write_bytes(b"0123456789abcdef" * 200_000)
    hello: Message = {"role": "user", "content": "hello"}
    first, middle, last = sent_for(mock_llm, [hello, tool_message(path), hello])
    assert first == last == hello
    assert middle["content"] == "0123456789abcdef" * 200_000
    assert mock_llm.requests[0].block_count > 40


def test_without_the_file_the_preview_is_sent(mock_llm: MockServer, tmp_path: Path) -> None:
    (sent,) = sent_for(mock_llm, [tool_message(str(tmp_path / "gone.txt"))])
    assert sent == {"role": "tool", "tool_call_id": "1", "content": "the preview"}


@pytest.mark.parametrize("preview", [None, [{"type": "text", "text": "x"}]])
def test_a_preview_that_is_no_text_is_empty(
    mock_llm: MockServer, tmp_path: Path, preview: object
) -> None:
    assert sent_for(mock_llm, [tool_message(tmp_path / "gone", preview)])[0]["content"] == ""


def test_a_folder_is_no_file(mock_llm: MockServer, tmp_path: Path) -> None:
    assert sent_for(mock_llm, [tool_message(tmp_path)])[0]["content"] == "the preview"


def test_a_file_that_is_not_text_from_its_start(mock_llm: MockServer, tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe" + b"a" * 100_000)
    assert sent_for(mock_llm, [tool_message(path)])[0]["content"] == "the preview"


def test_file_and_preview_are_never_mixed(mock_llm: MockServer, tmp_path: Path) -> None:
    path = tmp_path / "later"
    path.write_bytes(b"a" * 500_000 + b"\xff")
    with pytest.raises(EncodeError, match=r"messages\[1\]\.content.*near byte 500000"):
        sent_for(mock_llm, [tool_message(path)])
    assert b"the preview" not in b"".join(request.body or b"" for request in mock_llm.requests)


def test_an_empty_path_is_none(mock_llm: MockServer) -> None:
    assert sent_for(mock_llm, [tool_message("")])[0]["content"] == "the preview"


def test_a_fallback_reads_the_file_anew(mock_llm: MockServer, tmp_path: Path) -> None:
    mock_llm.reply("m", status_reply(503))
    path = tmp_path / "result.txt"
    path.write_text("x" * 100_000)
    assert sent_for(mock_llm, [tool_message(path)], "other")[0]["content"] == "x" * 100_000
    assert [request.model for request in mock_llm.requests] == ["m", "other"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="lists open files as Linux does")
def test_files_are_closed(mock_llm: MockServer, tmp_path: Path) -> None:
    path = tmp_path / "later"
    path.write_bytes(b"a" * 500_000 + b"\xff")
    for _ in range(3):
        with pytest.raises(EncodeError):
            sent_for(mock_llm, [tool_message(path)])
    links = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    assert str(path) not in links


def test_the_repr_names_the_file() -> None:
    assert repr(ContentFile("a.txt", "preview")) == "ContentFile('a.txt')"


class Session:
    """Messages that are made at each walk, as from a file."""

    walks = 0

    def __iter__(self) -> Iterator[Message]:
        self.walks += 1
        return iter([{"role": "user", "content": f"walk {self.walks}", "_private": 1}])


def test_messages_made_while_they_are_sent(mock_llm: MockServer) -> None:
    mock_llm.reply("m", status_reply(503))
    sent = sent_for(mock_llm, Session(), "other")
    assert sent == [{"role": "user", "content": "walk 2"}]


def test_an_iterator_is_sent_once(mock_llm: MockServer) -> None:
    message: Message = {"role": "user", "content": "hi", "_private": 1}
    assert sent_for(mock_llm, iter([message])) == [{"role": "user", "content": "hi"}]
    mock_llm.reply("m", status_reply(503))
    with pytest.raises(Exception, match="503") as caught:
        sent_for(mock_llm, iter([message]), "other")
    assert not isinstance(caught.value, AllAttemptsFailed)


@pytest.mark.parametrize("messages", [{"role": "user"}, None, b"hi"])
def test_what_is_no_list_of_messages(messages: Any) -> None:
    assert wire_messages(messages) is messages
    provider = OpenAIStreamingProvider("m", {"m": Deployment("http://127.0.0.1:1/v1")})
    with pytest.raises(TypeError, match="list of dicts"):
        asyncio.run(provider.chat(messages))


def test_a_message_that_is_none_is_the_callers_business(mock_llm: MockServer) -> None:
    messages: Any = ["hi", {3: "no key"}]
    with pytest.raises(EncodeError, match=r"messages\[1\]: key 3"):
        sent_for(mock_llm, messages)
