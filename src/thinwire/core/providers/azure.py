"""Where Azure's APIs are below a customer's resource: an address without a path is enough.

  /openai/v1                      today's API, chat completions and responses
  /openai/deployments/NAME        with `api_version`: its API of a date, whose query says which
  /openai                         the same for responses, where the body names the deployment
  /anthropic/v1                   messages, on a resource of Microsoft Foundry

A path that was given stays as it is.
"""

from thinwire.core._compat import const
from thinwire.core.routing.deployment import URL

TYPE_CHECKING = const(False)


def base_url(given: str, model: "str | None", api_version: str, dialect: "str | None") -> str:
    """The base URL of a deployment.

    Args:
        given: the resource's address, e.g. "https://me.openai.azure.com".
        model: the name that it was deployed under.
        api_version: the API's date, e.g. "2024-10-21", "" for today's API.
        dialect: what it is asked in, None for chat completions.

    Raises:
        ValueError: a name is needed and missing; two dates.
    """
    url = URL(given)
    start, _, query = given.partition("?")
    start = start.rstrip("/")
    if dialect == "anthropic":
        return given if url.path else start + "/anthropic/v1"
    if not api_version:
        return given if url.path else start + "/openai/v1" + ("?" + query if query else "")
    if "api-version=" in query:
        raise ValueError("api_version is given, and base_url has one: leave one of them out")
    if url.path in ("", "/openai"):
        start = start[: len(start) - len(url.path)] + "/openai"
        if dialect != "responses":
            if not model:
                said = "api_version means Azure's path of a deployment: model= has to name it"
                raise ValueError(said)
            start += "/deployments/" + model
    return start + "?" + ("%s&" % query if query else "") + "api-version=" + api_version
