"""What is written by a program into a page that people write."""


def replaced(text: str, begin: str, end: str, content: str) -> str:
    """`text` with `content` between the markers `begin` and `end`; ValueError without them."""
    before, found, rest = text.partition(begin)
    _, last, after = rest.partition(end)
    if not found or not last:
        raise ValueError("the page has lost its markers")
    return f"{before}{begin}\n{content}\n{end}{after}"
