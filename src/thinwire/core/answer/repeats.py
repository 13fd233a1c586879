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
    held, call.held = call.held, []
    pieces = held + [fragment]
    if not so_far.strip():
        return _behind_empty(call, pieces)
    value = parsed(so_far)
    if value is None:
        return _unfinished(call, so_far, pieces)
    again = "".join(pieces)
    if parsed(again) == value:
        return ""
    if not _squeezed(so_far).startswith(_squeezed(again)):
        return again
    call.held = pieces
    return ""


def rest(call: "GrowingCall") -> str:
    """Nothing follows: what of the held fragments belongs to the arguments."""
    held, call.held = call.held, []
    so_far = call.so_far() or ""
    text, last = "".join(held), held[-1]
    if not so_far.strip():
        return text
    if parsed(so_far) is not None:
        return ""  # the beginning of the same again
    once_more = len(held) > 1 or parsed(last) is not None
    if not once_more or parsed(so_far + text) is not None:
        return text
    if last.startswith(so_far):
        return last[len(so_far) :]
    call.whole = last  # written anew: no event can say what is to be added
    return ""


def _behind_empty(call: "GrowingCall", pieces: "list[str]") -> str:
    # The first fragment is an empty object: all there is, or in the place of what follows.
    last = pieces[-1]
    if last.strip() == "{}":
        call.held = [last]
        return ""
    return last if last.lstrip().startswith("{") else "".join(pieces)


def _unfinished(call: "GrowingCall", so_far: str, pieces: "list[str]") -> str:
    # The arguments are not whole yet, and a fragment may have all of them up to here.
    last = pieces[-1]
    before = pieces[-2] if len(pieces) > 1 else so_far
    if not _squeezed(last).startswith(_squeezed(before)):
        return "".join(pieces)
    grows = len(last) > len(before) > len(so_far)
    if grows and last.startswith(before) and before.startswith(so_far):
        call.cumulative = True  # twice is no coincidence
        return last[len(so_far) :]
    call.held = pieces
    return ""


def _squeezed(text: str) -> str:
    return "".join(text.split())
