"""What says that an argument was not given, and the constants of openai's client."""

from typing import Any, Final, Literal

import httpx
from httpx import Timeout as Timeout

DEFAULT_MAX_RETRIES: Final = 2
DEFAULT_TIMEOUT: Final = Timeout(timeout=600, connect=5.0)
DEFAULT_CONNECTION_LIMITS: Final = httpx.Limits(
    max_connections=1000, max_keepalive_connections=100
)


class NotGiven:
    """An option that was not given, where None is a value of its own."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "NOT_GIVEN"


class Omit:
    """A field or header that shall not be sent, though it is by default."""

    def __bool__(self) -> Literal[False]:
        return False


NOT_GIVEN = not_given = NotGiven()
omit = Omit()
NoneType = type(None)


def is_given(value: object) -> bool:
    """Whether somebody gave it."""
    return not isinstance(value, (NotGiven, Omit))


def given(values: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments that somebody gave."""
    return {name: value for name, value in values.items() if is_given(value)}
