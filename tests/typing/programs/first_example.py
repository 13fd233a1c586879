"""Sync: the first thing that is tried, with the parameters and options that people use."""

from pathlib import Path
from typing import Any

from thinwire import Client, Completion, Deployment, FileStore, RetryPolicy, TextFile, Timeouts

local = Deployment(
    "http://localhost:8000/v1", extra_body={"top_k": 20}, extra_headers={"X-A": "b"}
)
fallbacks = {"m": ["n"]}
messages = [{"role": "user", "content": "hi"}]
schema = {"type": "object", "properties": {"a": {"type": "string"}}}
response_format = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
client = Client(
    "m",
    {"m": local, "n": local},
    fallbacks,
    timeouts=Timeouts(first_token=5),
    retry=RetryPolicy(attempts=2),
    fallback_on=("rate_limit", "server"),
    on_interrupt="restart",
    store=FileStore(Path("state.json")),
    log=True,
)


def main() -> None:
    with client as opened:
        completion: Completion = opened.chat(
            messages,
            temperature=0.2,
            max_tokens=100,
            stop=["\n"],
            tools=tools,
            tool_choice="auto",
            response_format=response_format,
            extra_body={"min_p": 0.1},
            keep="text",
        )
        print((completion.content or "").upper(), completion.usage.get("prompt_tokens", 0) + 1)
        answer: dict[str, Any] = completion.to_message()
        print(answer["content"].upper())
        opened.chat([{"role": "user", "content": TextFile(Path("notes.txt"))}], keep="none")
        opened.chat(messages, stop="\n", seed=7, top_p=0.9, n=2, reasoning_effort="low", user="me")
        with Path("answer.txt").open("w") as file:
            opened.chat(messages, on_delta=file.write, keep="none")


def misspelt() -> None:
    client.chat(messages, temprature=0.2)  # type: ignore[call-overload]
    client.chat(messages, temperature="warm")  # type: ignore[call-overload]
    client.chat(messages, keep="nothing")  # type: ignore[call-overload]
    client.chat(messages, on_interrupt="retry")  # type: ignore[call-overload]
    client.chat(b"hi")  # type: ignore[arg-type]
    Client("m", {"m": local}, {"m": "n"})  # type: ignore[dict-item]
    Client("m", {"m": local}, fallback_on=("rate-limit",))  # type: ignore[arg-type]
