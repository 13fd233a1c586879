# One answer, cut in different ways: where bytes are cut is nobody's promise.

import random
from collections.abc import Sequence
from dataclasses import replace

from thinwire.testing.replies.reply import Reply, Script
from thinwire.testing.server.request import RecordedRequest

_CUTS = 50  # sizes in a random list, used in turn
_LARGEST = 40  # bytes: about a field of an event


def split(script: Script, how: str, seed: str) -> Script:
    """The script, cut in another way.

    Args:
        script: of the mock server.
        how: "whole": in as few writes as its pauses allow; "bytes": byte by byte; "random".
        seed: of the random sizes: the same name gives the same cuts.

    Returns:
        A script that answers the same bytes.
    """
    pieces = _pieces(how, seed)

    def cut(request: RecordedRequest) -> Reply:
        reply = script if isinstance(script, Reply) else script(request)
        if reply.pieces is not None:  # it has cuts of its own
            return reply
        return replace(reply, joined=True, pieces=pieces)

    return cut


def _pieces(how: str, seed: str) -> Sequence[int] | None:
    if how == "whole":
        return None
    if how == "bytes":
        return (1,)
    return random.Random(seed).choices(range(1, _LARGEST + 1), k=_CUTS)
