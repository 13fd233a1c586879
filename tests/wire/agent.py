# An agent with ten tools whose conversation is in a file: many turns, and what they leave of the
# heap. Runs alone, with thinwire frozen or on the path; tests/micropython/test_agent_heap.py and
# tests_device/test_agent_heap.py call `agent`.

import asyncio
import gc
import os

from thinwire import AsyncClient, Client, Deployment, JSONLMessages, TextFile, Tool

_LOG = "agent.jsonl"
_NOTES = "notes.txt"
_NAMES = ("clock", "sensor", "switch", "note", "notes", "sum", "weather", "broken", "slow", "list")
_SYSTEM = "You look after a house. Use its tools, and say in a word what you did."
_WARM = 20  # turns after which memory is watched


def _definition(name):
    parameters = {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "Where it is, e.g. kitchen"},
            "value": {"type": "number", "description": "What to take, or to set it to"},
        },
        "required": ["place"],
    }
    words = "The tool %s of the house; it acts on one place at a time." % name
    function = {"name": name, "description": words, "parameters": parameters}
    return {"type": "function", "function": function}


class House:
    """What the tools act on; `calls` counts them by name."""

    def __init__(self):
        self.calls = dict.fromkeys(_NAMES, 0)

    def tools(self, blocking):
        """Ten, of each kind."""
        functions = {name: self._plain(name) for name in _NAMES}
        functions["notes"] = self._file
        functions["broken"] = self._broken
        if not blocking:
            functions["slow"] = self._slow
            functions["weather"] = self._late
        found = []
        for name in _NAMES:
            if name == "weather" and not blocking:
                found.append(Tool(functions[name], _definition(name), timeout=0.02))
            else:
                found.append((_definition(name), functions[name]))
        return found

    def _plain(self, name):
        def function(place, value=0):
            self.calls[name] += 1
            return {"place": place, "value": value, "done": name}

        return function

    def _file(self, place, value=0):
        self.calls["notes"] += 1
        return TextFile(_NOTES)  # longer than what is free

    def _broken(self, place, value=0):
        self.calls["broken"] += 1
        raise OSError("nothing is wired to the %s" % place)

    async def _slow(self, place, value=0):
        self.calls["slow"] += 1
        await asyncio.sleep(0.001)
        return place

    async def _late(self, place, value=0):
        self.calls["weather"] += 1
        await asyncio.sleep(60)


def agent(url, turns, blocking=False, notes=0, kept="file"):
    """Runs so many turns.

    Args:
        notes: bytes of the file that one of the tools hands back.
        kept: "file": in a JSONLMessages of the program's own, where a file that a tool handed back
            is only named; "conversation": in a Conversation with a JSONLHistory, which has all of
            it.

    Returns:
        The answers that were wrong, calls by name, marks of memory: bytes used, and the largest
        that could be had in one piece, and bytes of the conversation.
    """
    wrong, marks, house = [], [], House()
    _begin(notes)
    run = _blocking if blocking else _on_asyncio
    made = run(url, turns, house.tools(blocking), kept, wrong, marks)
    if hasattr(made, "send"):
        asyncio.run(made)
    return _result(wrong, house, marks, kept)


def _blocking(url, turns, tools, kept, wrong, marks):
    log = JSONLMessages(_LOG)
    with Client("m", Deployment(url, "k")) as client:
        talk = None
        if kept != "file":
            from thinwire import JSONLHistory, SyncConversation

            kept = JSONLHistory("chats")
            talk = SyncConversation(client, system=_SYSTEM, history=kept, tools=tools)
        for turn in range(turns):
            if talk is not None:
                _check(talk.send(_question(turn), session="agent"), turn, wrong)
            else:
                log.append({"role": "user", "content": _question(turn)})
                _keep(log, client.run_tools(log, tools=tools), turn, wrong)
            _mark(turn, marks)


async def _on_asyncio(url, turns, tools, kept, wrong, marks):
    log = JSONLMessages(_LOG)
    async with AsyncClient("m", Deployment(url, "k")) as client:
        talk = None
        if kept != "file":
            from thinwire import Conversation, JSONLHistory

            kept = JSONLHistory("chats")
            talk = Conversation(client, system=_SYSTEM, history=kept, tools=tools)
        for turn in range(turns):
            if talk is not None:
                _check(await talk.send(_question(turn), session="agent"), turn, wrong)
            else:
                log.append({"role": "user", "content": _question(turn)})
                _keep(log, await client.run_tools(log, tools=tools), turn, wrong)
            _mark(turn, marks)


def _begin(notes):
    with open(_NOTES, "w") as file:
        for _ in range(notes // 10):
            file.write("some note\n")
    with open(_LOG, "w"):
        pass
    JSONLMessages(_LOG).append({"role": "system", "content": _SYSTEM})


def _question(turn):
    return "This is turn %d: look after the kitchen." % turn


def _check(completion, turn, wrong):
    if completion.content != "Turn %d is done." % turn or len(completion.messages) < 3:
        wrong.append([turn, completion.content])


def _keep(log, completion, turn, wrong):
    _check(completion, turn, wrong)
    for message in completion.messages:
        # What is read from a file may be long: the conversation has where it is.
        if isinstance(message["content"], TextFile):
            message = dict(message)
            message["content"] = "read from %s" % _NOTES
        log.append(message)


def _mark(turn, marks):
    if turn >= _WARM and turn % 10 == 0:
        gc.collect()
        marks.append([gc.mem_alloc(), _largest()])


def _largest():
    low, high = 0, gc.mem_free()
    while high - low > 256:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
    gc.collect()
    return low


def _result(wrong, house, marks, kept):
    size = os.stat(_LOG)[6]
    os.remove(_LOG)
    os.remove(_NOTES)
    if kept != "file":
        (name,) = os.listdir("chats")  # which is the history's own affair
        size = os.stat("chats/" + name)[6]
        os.remove("chats/" + name)
    return {"wrong": wrong, "calls": house.calls, "marks": marks, "size": size}
