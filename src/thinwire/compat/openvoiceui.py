"""The gateway plugin "openai-compat" of OpenVoiceUI, over SyncConversation.

Its `plugins/openai-compat/gateway.py` becomes an import:

    from thinwire.compat.openvoiceui import Gateway

What it puts into the queue is what OpenVoiceUI's services/gateways/base.py asks for: a handshake,
deltas, actions, and one text_done or one error, last. It is called from a thread for each turn.
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Queue
from typing import Any

from thinwire import (
    Client,
    ConnectError,
    ContentDelta,
    Deployment,
    MemoryHistory,
    RefusalDelta,
    StatusError,
    StreamComplete,
    SyncConversation,
    SyncTurn,
    ThinwireError,
    Timeouts,
    ToolCallComplete,
    ToolResult,
    TransportTimeout,
)

__all__ = ["Gateway"]

_OPENAI = "https://api.openai.com/v1"
_PROMPT = "voice-system-prompt.md"
_MAX_HISTORY = 20
_MAX_SESSIONS = 1000
_MAX_BODY = 500
_CONNECT_S = 10.0
_log = logging.getLogger(__name__)

# OpenVoiceUI's manager takes subclasses of its own base only; it is there before any plugin is.
_theirs = sys.modules.get("services.gateways.base")
_Base: Any = getattr(_theirs, "GatewayBase", object)


class Gateway(_Base):  # type: ignore[misc]
    """Any server of chat completions as the gateway of a voice assistant.

    The environment says which, when the gateway is made: OPENAI_COMPAT_API_KEY,
    OPENAI_COMPAT_BASE_URL (https://api.openai.com/v1), OPENAI_COMPAT_MODEL (gpt-4o-mini),
    OPENAI_COMPAT_MAX_TOKENS (1024).

    Prompt and profiles are read anew for each turn: `prompts/voice-system-prompt.md` below `root`,
    without its comments (lines that begin with one `#`; `##` is a heading, and stays), and the
    profile's `system_prompt` behind it. Of a profile also count `llm.model`, `llm.parameters`
    (max_tokens, temperature), `context.max_history_messages` and `context.enable_history`.

    Args:
        root: the folder that has `prompts/` and `profiles/`; None for OpenVoiceUI's own, and where
            that is not running, for the working directory.
        profile: a profile as a dict, or the path of its JSON file; None for the one below
            `root`/profiles whose `adapter_config` names this gateway and the session's key, or
            for the only one that names this gateway.
        history: where the turns are kept, e.g. a JSONLHistory; None for memory, of the 1000
            sessions used last, 100 messages each.
        tools: what the model may call, see `SyncConversation`; None for none.
        timeout: longest silence of the server, in seconds; 10 at most for the connection.
        client: a Client of your own, with fallbacks, say; what the environment says of server,
            key and model is not used then. None: one attempt more after a failure that may pass.

    Raises:
        ValueError: OPENAI_COMPAT_MAX_TOKENS is no number above 0.
    """

    gateway_id = "openai-compat"
    persistent = False
    capabilities = frozenset({"streaming", "sessions", "steer", "reset", "tool-events"})

    def __init__(
        self,
        root: "str | os.PathLike[str] | None" = None,
        *,
        profile: "Mapping[str, Any] | str | os.PathLike[str] | None" = None,
        history: Any = None,
        tools: Any = None,
        timeout: float = 120,
        client: "Client | None" = None,
    ) -> None:
        self._key = os.environ.get("OPENAI_COMPAT_API_KEY", "").strip()
        self._url = os.environ.get("OPENAI_COMPAT_BASE_URL", "").strip().rstrip("/") or _OPENAI
        self._model = os.environ.get("OPENAI_COMPAT_MODEL", "").strip() or "gpt-4o-mini"
        tokens = os.environ.get("OPENAI_COMPAT_MAX_TOKENS", "").strip() or "1024"
        if not tokens.isdecimal() or not int(tokens):
            raise ValueError(f"OPENAI_COMPAT_MAX_TOKENS is {tokens!r}, not a number of tokens")
        self._max_tokens = int(tokens)
        if root is None:
            home = getattr(_theirs, "__file__", None)
            root = Path(home).parents[2] if home else Path()
        self._root = Path(root)
        self._profile = profile
        self._history = MemoryHistory(_MAX_SESSIONS, 100) if history is None else history
        self._tools = tools
        self._timeout = timeout
        self._client = client
        self._own_client = client is None
        self._lock = threading.Lock()
        self._talks: dict[int, SyncConversation] = {}  # by how many messages they send
        self._running: dict[str, list[_Running]] = {}  # by session, the one at work first

    def is_configured(self) -> bool:
        """Whether there is a key, or a server other than OpenAI's, which may not ask for one."""
        return bool(self._key) or self._url != _OPENAI or not self._own_client

    def is_healthy(self) -> bool:
        """As `is_configured`: nothing is connected between two turns."""
        return self.is_configured()

    def stream_to_queue(
        self,
        event_queue: "Queue[dict[str, Any]]",
        message: str,
        session_key: str,
        captured_actions: "list[Any] | None" = None,
        **kwargs: Any,
    ) -> None:
        """Says something, and puts the answer into a queue as it arrives; returns at its end.

        A turn that fails leaves the session as it was. Nothing is raised: the last event is
        text_done, or error.

        Args:
            event_queue: takes {"type": "handshake", "ms": int}, how long the server took to
                answer at all; {"type": "delta", "text": str}; {"type": "action", "action": dict}
                of tools; and at the end {"type": "text_done", "response": str or None, "actions":
                list, "timing": dict} or {"type": "error", "error": str}. The timing has total_ms,
                and handshake_ms and first_token_ms where there were any.
            message: what the user says.
            session_key: of the conversation.
            captured_actions: the actions are added to it.
            **kwargs: `profile`, in place of the gateway's; others are for other gateways.
        """
        actions = [] if captured_actions is None else captured_actions
        began = time.monotonic()
        try:
            if not self.is_configured():
                raise _Told(f"Gateway '{self.gateway_id}' is not configured (check env vars)")
            answer = _Answer(event_queue, actions)
            profile = self._profile_for(session_key, kwargs.get("profile"))
            self._answer(answer, message, session_key, profile)
        except Exception as error:
            said = self._words(error)
            _log.error("%s", said)
            event_queue.put({"type": "error", "error": said})
            return
        timing = dict(answer.timing, total_ms=int((time.monotonic() - began) * 1000))
        done: dict[str, Any] = {"type": "text_done", "response": answer.text or None}
        done.update(actions=actions, timing=timing)
        if answer.interrupted:
            done["interrupted"] = True
        event_queue.put(done)

    def interrupt(self, session_key: str, heard_chars: "int | None" = None) -> bool:
        """Ends the answer that a session is getting, from any thread; what was heard of it is
        kept, marked. `stream_to_queue` then ends with text_done, "interrupted": True.

        Args:
            session_key: of the session.
            heard_chars: how many characters of the answer were spoken; None: all that were put
                into the queue.

        Returns:
            Whether there was one.
        """
        return self._stop(session_key, heard_chars, None)

    def send_steer(self, message: str, session_key: str, heard_chars: "int | None" = None) -> bool:
        """Says something into the answer that a session is getting: that ends as far as it was
        heard, and the call that is at it goes on with the answer to this, in the same queue.

        Returns:
            Whether there was one.
        """
        return self._stop(session_key, heard_chars, message)

    def reset_session(self, session_key: str) -> None:
        """Forgets a session, once its turn is through."""
        self._talk(_MAX_HISTORY).reset(session_key)

    def shutdown(self) -> None:
        """Ends the turns that are open, and closes the client if it is the gateway's own."""
        with self._lock:
            talks, self._talks = list(self._talks.values()), {}
            client = self._client if self._own_client else None
            if client is not None:
                self._client = None
        for talk in talks:
            talk.close()
        if client is not None:
            client.close()

    def _stop(self, session: str, heard_chars: "int | None", following: "str | None") -> bool:
        with self._lock:
            running = next(iter(self._running.get(session, ())), None)
            if running is not None:
                running.following = following
        if running is None:
            return False
        running.turn.interrupt(heard_chars)
        return True

    def _answer(
        self, answer: "_Answer", message: str, session: str, profile: "Mapping[str, Any]"
    ) -> None:
        llm, context = _part(profile, "llm"), _part(profile, "context")
        params = {"max_tokens": self._max_tokens, **_part(llm, "parameters")}
        if llm.get("model"):
            params["model"] = llm["model"]
        most = context.get("max_history_messages", _MAX_HISTORY)
        if not context.get("enable_history", True):
            most = 0
        talk = self._talk(most)
        following: str | None = message
        while following is not None:
            system = "\n\n".join(filter(None, [self._prompt(), profile.get("system_prompt")]))
            turn = talk.stream(following, session=session, profile=system, **params)
            running = _Running(turn)
            with self._lock:
                self._running.setdefault(session, []).append(running)
            try:
                with turn:
                    answer.take(turn)
            except _Wordless:
                pass
            finally:
                with self._lock:
                    self._running[session].remove(running)
                    if not self._running[session]:
                        del self._running[session]
            answer.interrupted = turn.end == "interrupted"
            following = running.following

    def _talk(self, most: int) -> SyncConversation:
        # Of a client, one for each number of messages that profiles ask for.
        with self._lock:
            if self._client is None:
                limit = Timeouts(
                    connect=min(self._timeout, _CONNECT_S),
                    first_token=self._timeout,
                    progress=self._timeout,
                    liveness=self._timeout,
                    upload=self._timeout,
                )
                # A model of a profile's goes to the same server.
                place = Deployment(self._url, self._key)
                places = {self._model: place, "*": place}
                self._client = Client(self._model, places, timeouts=limit)
            talk = self._talks.get(most)
            if talk is None:
                talk = self._talks[most] = SyncConversation(
                    self._client,
                    history=self._history,
                    max_messages=most + 1,  # the new one
                    tools=self._tools,
                )
            return talk

    def _prompt(self) -> str:
        try:
            text = (self._root / "prompts" / _PROMPT).read_text("utf-8-sig")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            _log.warning("the system prompt cannot be read: %s", error)
            return ""
        return "\n".join(line for line in text.splitlines() if not _is_comment(line)).strip()

    def _profile_for(self, session: str, given: object) -> "Mapping[str, Any]":
        given = self._profile if given is None else given
        if isinstance(given, Mapping):
            return given
        if given is not None:
            return _read_profile(Path(given))  # type: ignore[arg-type]
        found: list[Mapping[str, Any]] = []
        for path in sorted((self._root / "profiles").glob("*.json")):
            try:
                profile = _read_profile(path)
            except (OSError, ValueError):
                continue  # OpenVoiceUI itself tells of it
            adapter = _part(profile, "adapter_config")
            if adapter.get("gateway_id") == self.gateway_id:
                if adapter.get("sessionKey") == session:
                    return profile
                found.append(profile)
        return found[0] if len(found) == 1 else {}

    def _words(self, error: Exception) -> str:
        # As the plugin had them. No error of thinwire's shows a key.
        last = getattr(error, "last", error)
        if isinstance(last, StatusError) and last.status != 200:
            message = str(last).removeprefix(f"status {last.status}: ")[:_MAX_BODY]
            return f"OpenAI-compat API error {last.status}: {message}"
        if isinstance(last, TransportTimeout) and last.phase != "connect":
            return f"OpenAI-compat request timed out after {self._timeout:g}s ({self._server()})"
        if isinstance(last, (ConnectError, TransportTimeout)):
            return f"Cannot connect to {self._server()}: {last}"
        if isinstance(last, _Told):
            return str(last)
        if isinstance(last, (ThinwireError, OSError, ValueError, RuntimeError)):
            return f"OpenAI-compat gateway error: {last}"
        return f"OpenAI-compat gateway error: {type(last).__name__}: {last}"

    def _server(self) -> str:
        # Without a user's name and password, and without what may be a key.
        scheme, mark, rest = self._url.partition("://")
        return scheme + mark + rest.partition("?")[0].rpartition("@")[2]

    def __repr__(self) -> str:
        state = "configured" if self.is_configured() else "not configured"
        return f"<{type(self).__name__} id={self.gateway_id!r} {state}>"


class _Told(Exception):
    """What is said to the user as it is."""


class _Wordless(Exception):
    """An answer without a word: it would be an empty message, which some servers refuse. What is
    raised out of a turn leaves the history as it was."""


class _Running:
    # A turn that is being answered, and what is to be asked after it.
    def __init__(self, turn: SyncTurn) -> None:
        self.turn = turn
        self.following: str | None = None


class _Answer:
    # What goes into the queue, and what is said of it at the end.
    def __init__(self, events: "Queue[dict[str, Any]]", actions: "list[Any]") -> None:
        self.text = ""
        self.timing: dict[str, int] = {}
        self.interrupted = False
        self._events = events
        self._actions = actions

    def take(self, turn: SyncTurn) -> None:
        """Puts what comes into the queue. Raises _Wordless: nothing was said or done."""
        said = False
        for event in turn:
            completion = turn.completion
            if completion is not None and "handshake_ms" not in self.timing:
                self._measured("handshake_ms", completion.timings.head_ms)
                if "handshake_ms" in self.timing:
                    ms = self.timing["handshake_ms"]
                    self._events.put({"type": "handshake", "ms": ms})
            if isinstance(event, (ContentDelta, RefusalDelta)):
                if completion is not None and "first_token_ms" not in self.timing:
                    self._measured("first_token_ms", completion.timings.ttft_ms)
                said = True
                self.text += event.text
                self._events.put({"type": "delta", "text": event.text})
            elif isinstance(event, ToolCallComplete):
                said = True
                self._act("start", event, input=event.arguments)
            elif isinstance(event, ToolResult):
                shown = event.content if isinstance(event.content, (str, list)) else ""
                self._act("result", event, result=event.error or shown)
            elif isinstance(event, StreamComplete) and not said:
                raise _Wordless

    def _measured(self, name: str, ms: "int | None") -> None:
        if ms is not None:
            self.timing[name] = ms

    def _act(self, phase: str, event: Any, **more: object) -> None:
        action = {"type": "tool", "phase": phase, "name": event.name, "toolCallId": event.id}
        action.update(more)
        self._actions.append(action)
        self._events.put({"type": "action", "action": action})


def _is_comment(line: str) -> bool:
    line = line.strip()
    return line.startswith("#") and not line.startswith("##")


def _read_profile(path: Path) -> "Mapping[str, Any]":
    profile = json.loads(path.read_text("utf-8"))
    if not isinstance(profile, dict):
        raise ValueError(f"the profile {path} is not an object")
    return profile


def _part(profile: "Mapping[str, Any]", name: str) -> "Mapping[str, Any]":
    part = profile.get(name)
    return part if isinstance(part, Mapping) else {}
