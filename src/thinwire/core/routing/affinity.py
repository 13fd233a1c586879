"""Which of a gateway's providers holds the cached prompt of a session (a sticky session).

OpenRouter routes each request anew, and a prompt that another provider has cached is billed in
full; asking for the provider of the last answer first keeps it cached
(OpenRouterTeam/ai-sdk-provider#499). Loaded for deployments with `session_affinity`.
"""

from thinwire.core._compat import const

_MOST = const(64)


class SessionAffinity:
    """Remembers the provider of each session's last answer, the 64 latest sessions."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, str, str]] = []  # session, deployment, provider

    def get(self, session: str, deployment: str) -> str:
        """The provider to ask first, "" when none is known."""
        found = ""
        for one, place, provider in self._kept[:]:
            if one == session and place == deployment:
                found = provider
        return found

    def keep(self, session: str, deployment: str, provider: str) -> None:
        """Notes that `provider` answered; "" forgets. Without a session nothing is kept."""
        # Each change is one step: other threads may be keeping theirs.
        kept = self._kept
        for one in kept[:]:
            if one[0] == session and one[1] == deployment:
                try:
                    kept.remove(one)
                except ValueError:  # pragma: no cover (another thread has)
                    pass
        if provider and session:
            kept.append((session, deployment, provider))
            kept[:-_MOST] = []
