"""A scenario: what a server does, what it is asked, and what a client should make of it.

A file of them scripts the mock server; thinwire.conformance runs them against clients.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

from thinwire._public import public
from thinwire.testing.replies.from_json import Parts, script_from
from thinwire.testing.replies.reply import Script

SPLITS = ("whole", "bytes", "random")
_FIELDS = ("title", "source", "request", "expect")
_KEYS = "name title source reply replies others request expect splits needs".split()


@public
@dataclass(frozen=True)
class Scenario:
    """One of a server's behaviours, and what to expect of a client that meets it.

    Args:
        name: unique; also the name of the model that behaves so.
        replies: what the server does, once per request, the last again and again.
        title: one sentence.
        source: the specification's section or the issue it comes from.
        request: what the client is to send: messages, tools, params, timeout_s; and turns, see
            docs/testing.md.
        expect: see thinwire.conformance.
        splits: how it is cut: "whole", "bytes" (byte by byte), "random".
        needs: what a client may lack on purpose: "memory" or "compression" on a chip, "turns".
        others: what another server does, and another model of the same, once per request.
    """

    name: str
    replies: tuple[Script, ...]
    title: str = ""
    source: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)
    splits: tuple[str, ...] = SPLITS
    needs: tuple[str, ...] = ()
    others: tuple[Script, ...] = ()


@public
def load_scenarios(path: str | PathLike[str]) -> list[Scenario]:
    """Scenarios of a file.

    Args:
        path: of the JSON file: {"scenarios": [...], "parts": {name: steps}, "requests": {...}}.

    Returns:
        The scenarios, in order.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON, or a scenario in it is not right; the message says which.
    """
    document = json.loads(Path(path).read_text("utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("scenarios"), list):
        raise ValueError(f'{path}: not a file of scenarios: {{"scenarios": [...]}} is missing')
    return scenarios_from(document)


def scenarios_from(document: Mapping[str, Any]) -> list[Scenario]:
    """Scenarios of a parsed file; ValueError as `load_scenarios`."""
    parts, requests = document.get("parts", {}), document.get("requests", {})
    return [_scenario(value, parts, requests) for value in document["scenarios"]]


def _scenario(value: Any, parts: Parts, requests: Mapping[str, Any]) -> Scenario:
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError(f"a scenario has no name: {value!r:.60}")
    try:
        unknown = [key for key in value if key not in _KEYS]
        if unknown:
            raise ValueError(f"unknown: {unknown}; known are {_KEYS}")
        replies = value["replies"] if "replies" in value else [value["reply"]]
        given: dict[str, Any] = {key: value[key] for key in _FIELDS if key in value}
        request = given.get("request", {})
        given["request"] = expanded(requests[request] if isinstance(request, str) else request)
        given |= {key: tuple(value[key]) for key in ("splits", "needs") if key in value}
        given["others"] = tuple(script_from(reply, parts) for reply in value.get("others", ()))
        return Scenario(name, tuple(script_from(reply, parts) for reply in replies), **given)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"scenario {name!r}: {error!r}") from error


def expanded(value: Any) -> Any:
    """A request in which {"repeat": R, "times": N} is R that often, be it text or a list.

    "prefix" and "then" may stand beside them, for what comes before and after.
    """
    if isinstance(value, list):
        return [expanded(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "repeat" not in value or "times" not in value:
        return {key: expanded(item) for key, item in value.items()}
    middle = value["repeat"] * value["times"]
    empty = middle[:0]
    return value.get("prefix", empty) + middle + value.get("then", empty)
