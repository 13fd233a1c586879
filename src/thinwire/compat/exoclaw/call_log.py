"""The log of the provider for exoclaw: the events and fields that dashboards for it know.

Warnings always; with LLM_LOGGING=true each request, the text of its messages, and its answer's
counts. No secret of a deployment is in it, whatever the text, but a key that a callable gives.
"""

from thinwire.core import adapters, observer
from thinwire.core._compat import const, getenv, import_module
from thinwire.core.error_kinds import without

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from thinwire.core.routing.deployment import Deployment


class CallLog:
    """Writes what happens to the calls of one provider.

    Args:
        logs_calls: whether requests and answers are written, or only warnings.
        limit: characters of each message; all of it if negative.
        deployments: whose secrets are not to be told.
    """

    def __init__(
        self, logs_calls: bool, limit: int, deployments: "Mapping[str, Deployment]"
    ) -> None:
        self._logs_calls = logs_calls
        self._limit = limit
        self._secrets: list[str] = []
        if logs_calls:
            for one in deployments.values():
                self._secrets.extend(_secrets(one))
        self._tell = observer.log_hook(self.write)

    def write(self, level: str, event: str, fields: "dict[str, Any]") -> None:
        """Writes one event.

        Args:
            level: "info" or "warning".
            event: its name.
            fields: what it says.
        """
        if self._logs_calls or level == "warning":
            adapters.default_log()(level, event, fields)

    def hear(self, event: str, fields: "dict[str, Any]") -> None:
        """The client's `on_event`. The first attempt of a call `requested` has told of."""
        if event != "attempt_started" or fields["attempt"] > 1:
            self._tell(event, fields)

    def requested(self, model: str, messages: "Any", tools: "Any") -> "Iterable[Any]":
        """Writes a request, and the text of its messages.

        Args:
            messages: what can be read only once is written while it is sent.

        Returns:
            The messages, to be sent.
        """
        if not self._logs_calls:
            return messages  # type: ignore[no-any-return]
        count = len(messages) if hasattr(messages, "__len__") else -1
        fields = {"llm.model": model, "llm.message.count": count}
        fields["llm.tool.count"] = len(tools) if tools else 0
        self.write("info", "llm_request", fields)
        try:
            walk = iter(messages)
        except TypeError:
            return messages  # type: ignore[no-any-return]  # the client says what is wrong with it
        if walk is messages:
            return self._passing(walk)
        for message in walk:
            self._message(message)
        return messages  # type: ignore[no-any-return]

    def _passing(self, messages: "Iterable[Any]") -> "Iterator[Any]":
        for message in messages:
            self._message(message)
            yield message

    def _message(self, message: "Any") -> None:
        if hasattr(message, "to_message"):
            message = message.to_message()
        if not hasattr(message, "get"):
            return  # the client says what is wrong with it
        text = message.get("content") or ""
        if isinstance(text, (list, tuple)):
            parts = [str(part.get("text", "")) for part in text if hasattr(part, "get")]
            text = " ".join(parts)
        text = str(text).replace("\n", "\\n")
        for secret in self._secrets:
            text = without(text, secret)
        if self._limit >= 0:
            text = text[: self._limit]
        role = message.get("role", "?")
        self.write("info", "llm_request_msg", {"message.role": role, "message.text": text})


def _secrets(deployment: "Any") -> "list[str]":
    # Of what is no deployment, which the client refuses, none.
    if not hasattr(deployment, "options"):
        return []
    secrets = import_module("thinwire.core.wire.redaction").secrets
    headers, query = list(deployment.extra_headers.items()), deployment.url.query
    found = secrets(headers, query, deployment.api_key)
    names = () if deployment.options is None else deployment.options.variables
    for name in names:
        found = found + secrets([], "", getenv(name))
    return found  # type: ignore[no-any-return]
