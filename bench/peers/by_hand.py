"""What those write by hand who have no library: a dict, json, and lines."""

import json
from typing import Any

from bench.peers import KEY, MODEL, Answer, Messages, Note, Tools

HEADERS = {"Authorization": f"Bearer {KEY}"}
_PREFIX = "data: "


def body(messages: Messages, tools: Tools) -> dict[str, Any]:
    """The request."""
    fixed = {"model": MODEL, "messages": messages, "stream": True}
    options = {"stream_options": {"include_usage": True}}
    return {**fixed, **options, **({"tools": tools} if tools else {})}


class Collector:
    """Takes the lines of an answer."""

    def __init__(self, note: Note) -> None:
        self.usage: dict[str, Any] | None = None
        self.finish_reason: str | None = None
        self._note, self._texts, self._arguments = note, list[str](), list[str]()

    def line(self, line: str) -> None:
        """Takes one."""
        if line.startswith(_PREFIX) and line != "data: [DONE]":
            self.chunk(json.loads(line[len(_PREFIX) :]))

    def chunk(self, chunk: dict[str, Any]) -> None:
        """Takes a chunk, parsed."""
        self.usage = chunk.get("usage") or self.usage
        for choice in chunk["choices"]:
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            delta = choice["delta"]
            text = delta.get("content")
            if text:
                self._texts.append(text)
                self._note(text)
            for call in delta.get("tool_calls") or ():
                self._arguments.append(call["function"].get("arguments") or "")

    def answer(self) -> Answer:
        """What has come together."""
        if self.finish_reason is None or self.usage is None:
            raise ValueError("the answer has no end")
        return Answer("".join(self._texts), "".join(self._arguments) or None)
