"""Hooks and callables: plain and async, with the fields that a dashboard wants."""

from collections import Counter
from typing import Any

from thinwire import AsyncClient, Client, Deployment, StreamRestarted

counts: Counter[str] = Counter()
deployments = {"m": Deployment("http://localhost:8000/v1")}


def on_event(name: str, fields: dict[str, Any]) -> None:
    counts[name] += 1
    if name == "attempt_failed":
        counts[fields["kind"]] += 1
        counts["ms"] += fields["ms"]


def log(level: str, event: str, fields: dict[str, Any]) -> None:
    print(level.upper(), event.upper(), fields.get("llm.model"))


async def show(text: str) -> None:
    print(text, end="")


async def restarted(event: StreamRestarted) -> None:
    print(event.void_chars + 1)


async def main() -> None:
    client = AsyncClient("m", deployments, on_event=on_event, log=log, hedge_after=2)
    messages = [{"role": "user", "content": "hi"}]
    await client.chat(messages, on_delta=show, on_restart=restarted, on_interrupt="restart")
    await client.chat(messages, on_delta=lambda text: counts.update([text]), keep="none")
    await client.aclose()
    Client("m", deployments, on_event=lambda name, fields: print(name, fields["model"])).close()
