"""Arguments of a tool call that a server sends more than once (docs/wire.md C65 and C12):

  once more    all of them behind their fragments, as they came or written anew, in one piece or
               in several
  cumulative   in each fragment all that came so far
  {} in front  an empty object, and then the arguments

What a caller has been told cannot be taken back, and an object that holds one like itself looks
the same at first: '{"not": ' and then '{"not": 1}' are the beginning of {"not": {"not": 1}}, or of
{"not": 1} for the second time. So a fragment that begins like the arguments do is held until the
next one or the end shows what it was. Behind a whole object nothing else can follow but the same
again; whatever does is handed out as it came, and is then no JSON, which is honest.

Loaded with the first fragment that looks like it.
"""

from thinwire.core._compat import const
from thinwire.core.answer.tool_calls import parsed

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from thinwire.core.answer.tool_calls import GrowingCall

_WHOLE = const(16)  # characters from which on a free text said again is no coincidence
_TRIES = const(8)  # how often a short fragment is compared with the arguments


def news(call: "GrowingCall", fragment: str) -> str:
    """What of a fragment goes on with the arguments, together with what was held before it.

    Args:
        call: whose arguments they are; it holds the fragment where that is not clear.
        fragment: it begins like an object does, or follows one that is held.
    """
    if not call.held and 2 * len(fragment) < call.arguments.chars:
        # Too short for all of them. It may begin to say them again, or be code within a text.
        if call.tries == _TRIES:
            return fragment
        call.tries += 1
    so_far = call.so_far()
    if so_far is None:
        return fragment
    if call.type == "custom":
        return "" if fragment == so_far and len(fragment) >= _WHOLE else fragment
    if call.cumulative and fragment.startswith(so_far):
        return fragment[len(so_far) :]
    call.held.append(fragment)
    if call.mirror:
        return _said_again(call, so_far)
    return _compared(call, so_far)


def rest(call: "GrowingCall") -> str:
    """Nothing follows: what of the held fragments belongs to the arguments."""
    count, last, text = len(call.held), call.held[-1], _let_go(call)
    so_far = call.so_far() or ""
    if not so_far.strip():
        return text
    if parsed(so_far) is not None:
        return ""  # the beginning of the same again
    once_more = count > 1 or parsed(last) is not None
    if not once_more or parsed(so_far + text) is not None:
        return text
    if last.startswith(so_far):
        return last[len(so_far) :]
    call.whole = last  # written anew: no event can say what is to be added
    return ""


def _compared(call: "GrowingCall", so_far: str) -> str:
    # The last of the held fragments is new.
    last = call.held[-1]
    if not so_far.strip():
        # An empty object came first: it is all there is, or in the place of what follows.
        if last.strip() == "{}":
            call.held = [last]
            return ""
        text = _let_go(call)
        return last if last.lstrip().startswith("{") else text
    value = parsed(so_far)
    if value is None:
        return _unfinished(call, so_far, last)
    if parsed(last) == value:
        call.held = []
        return ""
    call.mirror = _squeezed(so_far)
    return _said_again(call, so_far)


def _said_again(call: "GrowingCall", so_far: str) -> str:
    # The arguments are whole, and what is held says them again, but for blanks, or it is none of
    # them. Each fragment is looked at once.
    said = _squeezed(call.held[-1])
    if not call.mirror.startswith(said, call.matched):
        return _let_go(call)
    call.matched += len(said)
    if call.matched < len(call.mirror):
        return ""
    text = _let_go(call)
    return "" if parsed(text) == parsed(so_far) else text


def _unfinished(call: "GrowingCall", so_far: str, last: str) -> str:
    # The arguments are not whole yet, and a fragment may have all of them up to here.
    before = call.held[-2] if len(call.held) > 1 else so_far
    if not _squeezed(last).startswith(_squeezed(before)):
        # What was held went on, and so may this one; or it says again what is whole by now.
        call.held.pop()
        text = _let_go(call)
        if text and last.lstrip().startswith("{"):
            call.held = [last]
            return text + _compared(call, so_far + text)
        return text + last
    grows = len(last) > len(before) > len(so_far)
    if grows and last.startswith(before) and before.startswith(so_far):
        call.cumulative = True  # twice is no coincidence
        call.held = []
        return last[len(so_far) :]
    return ""


def _let_go(call: "GrowingCall") -> str:
    # What is held, which is no longer.
    text = "".join(call.held)
    call.held, call.mirror, call.matched = [], "", 0
    return text


def _squeezed(text: str) -> str:
    return "".join(text.split())
