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
            allow_private: None: link-local addresses and metadata services are refused. True: they
                are not. False, where others give the URL: only addresses of the public internet
                are connected to; see docs/security.md.
            allow_insecure_http: http is taken to anywhere, and with a key.
            hygiene: False: messages and tools are sent as they are, tool results without a call
                and calls without a result as well.
        """

        provider: str
        allow_private: bool | None
        allow_insecure_http: bool
        hygiene: bool


class Options:
    """What a deployment's `**more` said.

    Args:
        given: the options by name.

    Raises:
        TypeError: an option that there is not, or of a kind that it cannot have.
    """

    provider = ""
    allow_private: "bool | None" = None
    allow_insecure_http = False
    hygiene = True

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
