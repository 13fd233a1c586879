"""What docstrings say, in each of their styles."""

import inspect

import pytest

from thinwire.cpython.docstrings import parted

STYLES = [
    """Finds.

    More of it: with a colon.

    Args:
        city (str, optional): where it is: a name,
            or a code

            after a blank line
        **days: how many
        none

    Returns:
        list: what: it found
    """,
    """Finds.

    More of it: with a colon.

    Parameters
    ----------
    city : str, optional
        where it is: a name,
        or a code

        after a blank line
    days
        how many

    Returns
    -------
    days : int
        what it found
    """,
    """Finds.

    More of it: with a colon.

    :param str city: where it is: a name,
        or a code
    :type city: str
    :param days: how many
    :returns: what it found
    :raises ValueError: never
    """,
]


@pytest.mark.parametrize("doc", STYLES, ids=["Google", "NumPy", "Sphinx"])
def test_each_style(doc: str) -> None:
    words, found = parted(inspect.cleandoc(doc))
    assert words == "Finds.\n\nMore of it: with a colon."
    assert set(found) == {"city", "days"}
    assert found["city"].startswith("where it is: a name, or a code")
    assert found["days"].startswith("how many")


def test_one_line_and_none() -> None:
    assert parted("Finds.") == ("Finds.", {})
    assert parted("") == ("", {})
    assert parted("Finds.\n\nRaises:\n    ValueError: never") == ("Finds.", {})
    assert parted("Args:\n    a: b") == ("", {"a": "b"})


def test_several_names_in_one_line() -> None:
    doc = (
        "Moves.\n\nParameters\n----------\nx, y : int\n    a place\n*more\n    others\n1 odd line"
    )
    assert parted(doc) == ("Moves.", {"x": "a place", "y": "a place", "more": "others"})
