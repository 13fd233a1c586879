"""Writes the table of docs/providers.md: what the presets say, read from their own data.

python tools/providers_page.py            checks that the page has the table of this code
python tools/providers_page.py --write    writes it there
"""

import sys
from pathlib import Path
from typing import Any

from thinwire.core.providers import presets

PAGE = Path(__file__).resolve().parent.parent / "docs" / "providers.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
HEAD = "| name | who | wire | base URL | key | what is special | documentation |\n"
WIRES = {"openai": "chat completions", "anthropic": "messages", "responses": "responses"}


def table() -> str:
    """The table as Markdown."""
    lines = [HEAD, "|---|---|---|---|---|---|---|\n"]
    for name in presets.names():
        preset = presets.named(name)
        base = preset.get("base_url") or preset["base_url_env"]
        cells = (
            f"`{name}`",
            preset["display"],
            WIRES[preset.get("dialect", "openai")],
            f"`{base}`",
            ", ".join(f"`{key}`" for key in preset["keys"]) or "-",
            "; ".join(special(preset)) or "-",
            f"[{'read ' + preset['read'] if 'read' in preset else 'page'}]({preset['docs']})",
        )
        lines.append("| %s |\n" % " | ".join(cells))
    return "".join(lines)


def special(preset: "dict[str, Any]") -> "list[str]":
    """What a preset has beside an address and a key, in words."""
    words = []
    if not preset["hosts"]:
        words.append(f"no key needed; {preset['first_token']} s for the first token")
    if "auth" in preset:
        words.append(f"key in the header `{preset['auth']}`, a token as `Bearer`")
    if preset.get("stream_usage") is False:
        words.append("`stream_options` is not sent: usage comes without")
    if preset.get("think_tags"):
        words.append("`<think>` in the content is reasoning")
    if "framing" in preset:
        words.append("requests with a Content-Length")
    if "reasoning" in preset:
        words.append(f'reasoning is spelled "{preset["reasoning"]}"')
    if "reasoning_models" in preset:
        shown = ", ".join(f"`{one}`" for one in preset["reasoning_models"])
        words.append(f"`max_completion_tokens`, no sampling parameters: {shown}")
    if "drop" in preset:
        words.append("not sent: " + ", ".join(f"`{one}`" for one in preset["drop"]))
    if "responses" in preset:
        shown = ", ".join(f"`{one}`" for one in preset["responses"])
        words.append(f"over Responses: {shown}")
    return words


def page(text: str) -> str:
    """The page with the table of this code."""
    start, _, rest = text.partition(BEGIN)
    return start + BEGIN + table() + END + rest.partition(END)[2]


def main(arguments: list[str]) -> int:
    """Checks or writes; returns the exit status."""
    text = PAGE.read_text("utf-8")
    wanted = page(text)
    if arguments == ["--write"]:
        PAGE.write_text(wanted, "utf-8")
    elif text != wanted:
        print("docs/providers.md is not up to date: python tools/providers_page.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
