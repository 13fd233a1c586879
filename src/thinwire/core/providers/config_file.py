"""Where a configuration comes from, and the error that says what is wrong with it."""

from thinwire.core._compat import MICROPYTHON, const, loads_whole, public, toml_document

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any

    Document = dict[str, Any]
    Source = str | PathLike[str] | Mapping[str, object]


@public
class ConfigError(ValueError):
    """What is wrong with a configuration: all of it at once, each with its path.

    Attributes:
        problems: (path, words) of each, sorted; never with the value of a key.
    """

    problems: "list[tuple[str, str]]" = []


def error_of(source: str, problems: "list[tuple[str, str]]") -> ConfigError:
    """The error that tells these problems of `source`, each once."""
    problems = sorted(set(problems))
    lines = [path + ": " + words if path else words for path, words in problems]
    if len(lines) == 1:
        said = source + ": " + lines[0]
    else:
        said = "%s has %d problems:\n  %s" % (source, len(lines), "\n  ".join(lines))
    error = ConfigError(said)
    error.problems = problems
    return error


def read(source: "Source") -> "tuple[str, str, Document]":
    """What to call a configuration, the folder that paths in it are relative to (with its "/", ""
    for the one of the process), and what it says.

    Args:
        source: path of a file of JSON, or of TOML where its name ends in .toml (CPython); or a
            dict.

    Raises:
        ConfigError: it cannot be read.
        TypeError: it is neither.
    """
    if hasattr(source, "keys"):
        return "the configuration", "", dict(source)  # type: ignore[arg-type]
    if not isinstance(source, str) and not hasattr(source, "__fspath__"):
        raise TypeError("a configuration is a path or a dict, not %s" % type(source).__name__)
    path: str = source if isinstance(source, str) else source.__fspath__()
    folder = path[: len(path) - len(path.replace("\\", "/").rpartition("/")[2])]
    problem = ""
    try:
        document = _document(path)
    except OSError as error:
        problem = "cannot be read: %s" % error
    except ValueError as error:
        problem = _place(error) or str(error) or "is no JSON"
    if problem:
        raise error_of(path, [("", problem)])  # out here: an error has one story
    if not isinstance(document, dict):
        raise error_of(path, [("", "holds no object: it begins with '{'")])
    return path, folder, document


def _document(path: str) -> object:
    with open(path, "rb") as file:
        data = file.read()
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]  # a byte order mark, which editors of Windows write
    if path.endswith(".toml"):
        if MICROPYTHON:  # pragma: no cover (MicroPython)
            raise ValueError("TOML needs CPython: write it as JSON")
        return toml_document(data)
    return loads_whole(data)


def _place(error: ValueError) -> str:
    line = getattr(error, "lineno", None)
    if line is None:
        return ""
    return "line %d, column %d: %s" % (line, error.colno, error.msg)  # type: ignore[attr-defined]
