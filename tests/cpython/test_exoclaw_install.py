"""`thinwire.compat.exoclaw.install()`, and names that exoclaw-provider-openai keeps to itself."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import thinwire
from thinwire.compat.exoclaw import provider as module
from thinwire.testing import MockServer

PROGRAM = """
import asyncio, sys
import thinwire.compat.exoclaw

thinwire.compat.exoclaw.install()
thinwire.compat.exoclaw.install()

import exoclaw_provider_openai.provider
from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider
from exoclaw_provider_openai.provider import Deployment as Same, _stream_body

async def main():
    place = Deployment(base_url=sys.argv[1], api_key="k")
    provider = OpenAIStreamingProvider("m", {"m": place})
    response = await provider.chat([{"role": "user", "content": "hi"}])
    await provider.close()
    return response.content

print(asyncio.run(main()), Same is Deployment, OpenAIStreamingProvider.__module__)
"""
OTHER = "raise ImportError('the other package was loaded')\n"


@pytest.mark.parametrize("is_there", [False, True])
def test_one_line_puts_it_in_the_place_of_the_package(
    mock_llm: MockServer, tmp_path: Path, is_there: bool
) -> None:
    if is_there:
        (tmp_path / "exoclaw_provider_openai").mkdir()
        (tmp_path / "exoclaw_provider_openai/__init__.py").write_text(OTHER)
    command = [sys.executable, "-W", "error", "-c", PROGRAM, mock_llm.base_url]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("hi True thinwire\n", "")


def test_the_package_has_the_same_deployment() -> None:
    from thinwire.compat import exoclaw

    assert exoclaw.Deployment is thinwire.Deployment
    assert module.Deployment is thinwire.Deployment
    assert exoclaw.OpenAIStreamingProvider is module.OpenAIStreamingProvider


def test_headers_where_a_model_id_stands_are_a_mistake() -> None:
    # There extra_headers is the third argument.
    headers: Any = {"X-Title": "t"}
    with pytest.raises(TypeError, match="model takes a str or None, not dict"):
        thinwire.Deployment("https://a.example/v1", "key", headers)


def test_any_other_name_is_none() -> None:
    with pytest.raises(AttributeError, match="_nonsense"):
        _ = module._nonsense  # type: ignore[attr-defined]  # noqa: SLF001


def test_ids_are_those_that_every_provider_takes() -> None:
    ids = {module._short_tool_id() for _ in range(100)}  # type: ignore[attr-defined]  # noqa: SLF001
    assert len(ids) == 100
    for one in ids:
        assert len(one) == 9
        assert set(one) <= set(module._ALNUM)  # type: ignore[attr-defined]  # noqa: SLF001


def body_of(head: dict[str, object], messages: Any) -> tuple[Any, int]:
    """The document that `_stream_body` gives in pieces, and the size of its largest piece."""

    async def main() -> list[bytes]:
        stream = module._stream_body(head, messages)  # type: ignore[attr-defined]  # noqa: SLF001
        return [block async for block in stream]

    blocks = asyncio.run(main())
    return json.loads(b"".join(blocks)), max(map(len, blocks))


def once() -> Iterator[dict[str, object]]:
    yield {"role": "user", "content": "hi", "_mark": 1}


@pytest.mark.parametrize("messages", [list(once()), once()])
def test_a_body_is_streamed(messages: Any) -> None:
    head = {"model": "m", "tools": [{"type": "function"}]}
    sent, _ = body_of(head, messages)  # type: ignore[arg-type]
    assert sent == {**head, "messages": [{"role": "user", "content": "hi"}]}
    assert "messages" not in head


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "result.txt"
    file.write_text('Grüße "🚀"\n' * 20_000)
    message = {"role": "tool", "content": "preview", "_content_file": str(file)}
    sent, largest = body_of({}, [message])
    assert sent == {"messages": [{"role": "tool", "content": file.read_text()}]}
    assert largest < 5000


def test_a_message_is_streamed() -> None:
    async def main() -> bytes:
        message = {"role": "user", "content": "hi", "_mark": 1}
        stream = module._emit_message(message)  # type: ignore[attr-defined]  # noqa: SLF001
        return b"".join([block async for block in stream])

    assert json.loads(asyncio.run(main())) == {"role": "user", "content": "hi"}
