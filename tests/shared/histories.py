"""What the tests of histories have in common; runs on both runtimes."""

import json

from helpers import read_all

from thinwire.core.wire.json_encode import Items, JSONEncoder

TURN = [{"role": "user", "content": "é?"}, {"role": "assistant", "content": "Yes."}]
NEXT = [{"role": "user", "content": "And now?"}, {"role": "assistant", "content": None}]


def check_history(history):
    """What a Conversation relies on."""
    assert list(history.read("a")) == []
    history.append("a", TURN)
    history.append("b", NEXT[:1])
    messages = history.read("a")
    for _ in range(2):
        assert list(messages) == TURN
    sent = read_all(JSONEncoder({"m": Items(history.read("a"))}))
    assert json.loads(str(sent, "utf-8")) == {"m": TURN}
    history.append("a", [])
    history.append("a", NEXT)
    assert list(history.read("a")) == TURN + NEXT
    assert list(history.read("b")) == NEXT[:1]
    # From what is read while it is replaced.
    history.replace("a", (message for message in history.read("a") if message["content"]))
    assert list(history.read("a")) == TURN + NEXT[:1]
    history.replace("a", [])
    assert list(history.read("a")) == []
    history.replace("new", TURN)
    assert list(history.read("new")) == TURN
    history.append("new", NEXT)
    for _ in range(2):
        history.delete("new")
        assert list(history.read("new")) == []
    assert list(history.read("b")) == NEXT[:1]
