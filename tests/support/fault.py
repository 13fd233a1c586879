"""One fault, and short ways to write it down; the table is in faults.py."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from thinwire.testing import Cut, EndBody, MockCompletion, MockReply, Send, Wait, status_reply

LIMIT_S = 0.3  # clock of what stalls
_UPLOAD_S = 0.0001  # that a KiB of prompt adds to it: what stalls is to be the server
SAID = "Hello there"  # before a late fault


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that a server, or the way to it, does to a call.

    Args:
        name: of the fault.
        script: of the mock server; or where nobody answers: "refused", "full", ...
        kind: of the error; "read|write" where a transport may see either.
        error: class of that error; likewise.
        status: HTTP status of it.
        phase: of a timeout: the clock.
        retried: the same deployment is tried again.
        rescued: the fallback is tried.
        diverted: client option that names fallbacks for just this.
        late: it strikes after the first delta.
        slow: it takes a clock to find out, `limit_s` each time.
        paced: a pause of the server's decides what the client sees.
        impatient: a healthy fallback is better than a retry.
        free: attempts that do not count as one.
        timeouts: of the deployment, beside patient ones.
        upload: KiB of prompt.
        server: which of fault_servers.py.
        wait_ms: what the server asks for, and gets.
        settings: names of those it is played in, "" for all that suit it.
    """

    name: str
    script: Any
    kind: str
    error: str = "StatusError"
    status: int = 0
    phase: str = ""
    retried: bool = True
    rescued: bool = True
    diverted: str = ""
    late: bool = False
    slow: bool = False
    paced: bool = False
    impatient: bool = False
    free: int = 0
    timeouts: Mapping[str, float] = dataclasses.field(default_factory=dict)
    upload: int = 1
    server: str = "plain"
    wait_ms: int = 0
    settings: str = ""

    @property
    def limit_s(self) -> float:
        """Seconds of the clock that runs out."""
        return LIMIT_S + (self.upload - 1) * _UPLOAD_S

    @property
    def place(self) -> bool:
        """Whether nobody is there to answer, now or later."""
        return isinstance(self.script, str)


def busy(status: int, kind: str, name: str = "", **more: Any) -> Fault:
    """A refusal that time may mend; `headers` or `retry_after` say when."""
    wire = {key: more.pop(key) for key in ("headers", "retry_after") if key in more}
    title = f"{status} {name}".strip()
    return Fault(title, status_reply(status, **wire), kind, status=status, **more)


def refusal(status: int, kind: str, words: str = "", **more: Any) -> Fault:
    """A refusal that another attempt does not mend."""
    known = {"retried": False, "rescued": False, "status": status}
    script = status_reply(status, words or None, code=more.pop("code", None))
    name = f"{status} {more.pop('of', kind)}"
    return Fault(name, script, kind, **{**known, **more})


def behind_the_head(status: int, kind: str, server: str = "head", upload: int = 1) -> Fault:
    """A refusal without a look at the body, and a reset, as of a close with bytes unread."""
    words = b'{"error": {"message": "no"}}'
    steps = [Send(words), EndBody(), Cut(reset=True)]
    script = MockReply(status, steps, [("Content-Type", "application/json")], framing="length")
    known = {"retried": False, "rescued": False, "status": status}
    name = f"{status} behind the head, {server}, {upload} KiB"
    return Fault(name, script, kind, server=server, upload=upload, **known)


def too_long(of: str, words: str, code: str | None = None) -> Fault:
    """A prompt that does not fit, in the words of one provider."""
    more = {"error": "ContextWindowExceeded", "diverted": "context_fallbacks"}
    return refusal(400, "context_length", words, code=code, of=f"too long, {of}", **more)


def filtered(name: str, script: Any, status: int) -> Fault:
    """A prompt that a content filter refuses."""
    more: dict[str, Any] = {"diverted": "content_filter_fallbacks", "status": status}
    return Fault(name, script, "content_filter", retried=False, rescued=False, **more)


def clock(name: str, script: Any, phase: str = "first_token", **more: Any) -> Fault:
    """Nothing of use comes before a clock runs out."""
    known = {"error": "TransportTimeout", "phase": phase, "slow": True, "impatient": True}
    fault = Fault(name, script, "timeout", **{**known, **more})
    return dataclasses.replace(fault, timeouts={phase: fault.limit_s})


def broken(name: str, script: Any, error: str = "ReadError", **more: Any) -> Fault:
    """The exchange breaks before the first delta."""
    kinds = {"ReadError": "read", "WriteError": "write", "StreamError": "stream"}
    kind = "|".join(kinds[one] for one in error.split("|"))
    return Fault(name, script, kind, error, **more)


def nobody(name: str, place: str, kind: str = "connect", **more: Any) -> Fault:
    """No connection comes about."""
    return Fault(name, place, kind, "ConnectError", **more)


def late(name: str, script: Any, kind: str, **more: Any) -> Fault:
    """The answer breaks off after SAID."""
    return Fault(name, script, kind, "StreamInterrupted", late=True, **more)


def late_clock(name: str, script: Any, phase: str, **more: Any) -> Fault:
    """The answer stops after SAID."""
    known = {"phase": phase, "slow": True, "impatient": True}
    fault = late(name, script, "timeout", **{**known, **more})
    return dataclasses.replace(fault, timeouts={phase: fault.limit_s})


def stretched(script: Any, scale: int) -> Any:
    """A script whose pauses are so many times as long."""
    if isinstance(script, MockReply):
        return dataclasses.replace(script, steps=_longer(script.steps, scale))
    if isinstance(script, MockCompletion) and script.ending is not None:
        return dataclasses.replace(script, ending=_longer(script.ending, scale))
    return script


def _longer(steps: Any, scale: int) -> list[Any]:
    return [Wait(step.ms * scale) if isinstance(step, Wait) else step for step in steps]
