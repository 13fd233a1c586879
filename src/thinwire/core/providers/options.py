"""What few deployments need beyond a URL, a key and a model: checked here, and kept in one object,
`Deployment.options`, which is None for all others. Loaded with the first deployment that has any.
"""

from thinwire.core._compat import const

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypedDict

    class MoreOptions(TypedDict, total=False):
        """Further arguments of Deployment.

        Keys:
            provider: name of the company or program whose API it is.
        """

        provider: str


class Options:
    """What a deployment's `**more` said.

    Args:
        given: the options by name.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
    """

    provider = ""

    def __init__(self, given: "Mapping[str, object]") -> None:
        for name, value in given.items():
            if name.startswith("_") or not hasattr(Options, name):
                raise TypeError("Deployment has no option %s=" % name)
            setattr(self, name, value)


def settle(base_url: "str | None", given: "Mapping[str, object]") -> "tuple[str, Options]":
    """The base URL, and what a deployment's `**more` said.

    Raises:
        TypeError, ValueError: see Deployment.
    """
    if base_url is None:
        raise TypeError("Deployment needs a base_url, e.g. 'https://api.openai.com/v1'")
    return base_url, Options(given)
