"""Writes what is made of the table of configurations (core/providers/schema.py): the JSON Schema
docs/config.schema.json, for editors, and the tables of docs/configuration.md.

python tools/config_schema.py            checks that both are those of this code
python tools/config_schema.py --write    writes them
"""

import json
import sys
from pathlib import Path
from typing import Any

from thinwire.core.providers import schema

DOCS = Path(__file__).resolve().parent.parent / "docs"
SCHEMA, PAGE = DOCS / "config.schema.json", DOCS / "configuration.md"
BEGIN, END = "<!-- table of {}: begin -->\n", "<!-- table of {}: end -->\n"

# In a file each may also be a text with a variable of the environment in it.
_VARIABLE = {"type": "string", "pattern": r"\$\{[^}]+\}"}
_WORDS = {"key": "text", "count": "whole number", "whole": "whole number"}
_PLAIN: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "key": {"type": "string"},
    "any": {},
    "null": {"type": "null"},
    "bool": {"type": "boolean"},
    "count": {"type": "integer", "minimum": 1},
    "whole": {"type": "integer", "minimum": 0},
    "seconds": {"type": "number", "exclusiveMinimum": 0},
    "number": {"type": "number", "minimum": 0},
}

_WRITTEN_AS_TEXT = ("integer", "number", "boolean")


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a configuration."""
    sections = {name: _section(name) for name in schema.SECTIONS}
    top = sections.pop("config")
    for name in schema.PASSED_OVER.split(" "):
        top["properties"][name] = {"description": "NEXUS3's own; thinwire passes it over."}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of thinwire",
    }
    return {**head, **top, "$defs": sections}


def _section(name: str) -> dict[str, Any]:
    properties = {
        field: {**_kinds(kinds), "description": words}
        for field, kinds, words in schema.fields(name)
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _kinds(kinds: str) -> dict[str, Any]:
    found = [_kind(kind) for kind in kinds.split("|")]
    plain = [one for one in found if one.get("type") in _WRITTEN_AS_TEXT or "enum" in one]
    if plain and {"type": "string"} not in found:
        found.append(_VARIABLE)
    return found[0] if len(found) == 1 else {"anyOf": found}


def _kind(kind: str) -> dict[str, Any]:
    inner = kind[1:-1].replace("/", "|")
    if kind[0] == "=":
        return {"enum": kind[1:].split(",")}
    if kind[0] == "[":
        return {"type": "array", "items": _kinds(inner)}
    if kind[0] == "{":
        return {"type": "object", "additionalProperties": _kinds(inner)}
    return dict(_PLAIN[kind]) if kind in _PLAIN else {"$ref": f"#/$defs/{kind}"}


def table(section: str) -> str:
    """The fields of a section as a table of Markdown."""
    lines = ["| field | takes | what |\n", "|---|---|---|\n"]
    for field, kinds, words in schema.fields(section):
        lines.append(f"| `{field}` | {_takes(kinds)} | {words} |\n")
    return "".join(lines)


def _takes(kinds: str) -> str:
    found = []
    for kind in kinds.split("|"):
        inner = kind[1:-1].replace("/", "|")
        if kind[0] == "=":
            found += [f"`{choice}`" for choice in kind[1:].split(",")]
        elif kind[0] == "[":
            found.append("list" if inner == "text" else f"list of ({_takes(inner)})")
        elif kind[0] == "{":
            found.append("object" if inner in ("text", "any") else f"object of ({_takes(inner)})")
        elif kind in schema.SECTIONS:
            found.append(f"[{kind}](#{kind})")
        else:
            found.append(
                {"key": "text", "count": "whole number", "whole": "whole number"}.get(kind, kind)
            )
    return ", ".join(found)


def page(text: str) -> str:
    """The page with the tables of this code."""
    for section in schema.SECTIONS:
        start, mark, rest = text.partition(BEGIN.format(section))
        if not mark:
            raise SystemExit(f"docs/configuration.md has no table of {section}")
        _, end, rest = rest.partition(END.format(section))
        text = start + mark + table(section) + end + rest
    return text


def main(arguments: list[str]) -> int:
    """Checks or writes; returns the exit status."""
    wanted = {
        SCHEMA: json.dumps(json_schema(), indent=1) + "\n",
        PAGE: page(PAGE.read_text("utf-8")),
    }
    for path, text in wanted.items():
        if arguments == ["--write"]:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            print(f"docs/{path.name} is not up to date: python tools/config_schema.py --write")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
