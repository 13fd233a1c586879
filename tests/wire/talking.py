# Conversations against a server that says what it was told (tests/cpython/test_conversations.py).
# Runs on CPython and on MicroPython.

import asyncio

from thinwire import (
    AsyncClient,
    Client,
    ContentDelta,
    Conversation,
    Deployment,
    JSONLHistory,
    RetryPolicy,
    SyncConversation,
    ThinwireError,
    Timeouts,
)

MOST = 9  # messages of a request
TOOL = {"name": "who", "description": "Who is asking?", "parameters": {"type": "object"}}


class Dice:
    # The same on both runtimes.
    def __init__(self, seed):
        self._state = seed * 7919 + 1

    def roll(self, sides):
        self._state = (self._state * 1103515245 + 12345) % 2147483648
        return self._state // 65536 % sides


def deployment(base_url):
    return {"m": Deployment(base_url, "k")}


class Session:
    # One session, what is to be in its history, and what was wrong with it.
    def __init__(self, talk, name, seed):
        self.talk = talk
        self.name = name
        self.dice = Dice(seed)
        self.want = []
        self.wrong = []
        self.number = 0

    def ask(self, how):
        self.number += 1
        return "%s.%d %s" % (self.name, self.number, how)

    def kept(self, *texts):
        self.want.extend(texts)

    async def turns(self, count):
        kinds = (
            self.whole,
            self.streamed,
            self.refused,
            self.cut,
            self.interrupted,
            self.interrupted_by_another,
            self.left,
            self.cancelled,
            self.failed,
            self.tools,
            self.two,
        )
        for _ in range(count):
            kind = kinds[self.dice.roll(len(kinds))]
            await kind()
            messages = await self.talk.messages(self.name)
            found = [message["content"] for message in messages]
            if found != self.want:
                self.wrong.append([self.name, str(kind), found[-3:], self.want[-3:]])
                return
            problem = illegal(messages, self.name)
            if problem:
                self.wrong.append([self.name, problem])

    async def whole(self):
        text = self.ask("ok")
        completion = await self.talk.send(text, session=self.name)
        self.kept(text, completion.content)

    async def streamed(self):
        text = self.ask("ok")
        told = []
        async with self.talk.stream(text, session=self.name) as turn:
            await self.read(turn, told)
        self.kept(text, "".join(told))

    async def refused(self):
        try:
            await self.talk.send(self.ask("refuse"), session=self.name)
            self.wrong.append("no error")
        except ThinwireError:
            pass

    async def cut(self):
        try:
            async with self.talk.stream(self.ask("cut"), session=self.name) as turn:
                await self.read(turn, [])
            self.wrong.append("no error")
        except ThinwireError:
            pass

    async def interrupted(self):
        text, told, heard = self.ask("ok"), [], self.heard()
        async with self.talk.stream(text, session=self.name) as turn:
            await self.read(turn, told, self.dice.roll(8))
            await turn.interrupt(heard)
        self.kept_as_heard(text, told, heard)

    async def interrupted_by_another(self):
        text, told, heard = self.ask("slow"), [], self.heard()
        turn = self.talk.stream(text, session=self.name)
        task = asyncio.create_task(self.read_in(turn, told))
        await self.until(told)
        await turn.interrupt(heard)
        await task
        self.kept_as_heard(text, told, heard)

    async def left(self):
        text, told = self.ask("ok"), []
        async with self.talk.stream(text, session=self.name) as turn:
            await self.read(turn, told, self.dice.roll(8))
        self.kept_as_heard(text, told, None)

    async def cancelled(self):
        text, told = self.ask("slow"), []
        task = asyncio.create_task(self.read_in(self.talk.stream(text, session=self.name), told))
        await self.until(told)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        self.kept_as_heard(text, told, None)

    async def failed(self):
        try:
            async with self.talk.stream(self.ask("ok"), session=self.name) as turn:
                await self.read(turn, [], 2)
                raise KeyError("of the caller's own")
        except KeyError:
            pass

    async def tools(self):
        def who():
            return self.name

        definition = {"type": "function", "function": TOOL}
        text = self.ask("tool")
        completion = await self.talk.send(text, session=self.name, tools=[(definition, who)])
        self.kept(text, completion.messages[0]["content"], self.name, completion.content)

    async def two(self):
        texts = [self.ask("ok"), self.ask("ok")]
        tasks = [asyncio.create_task(self.talk.send(text, session=self.name)) for text in texts]
        for text, task in zip(texts, tasks):
            self.kept(text, (await task).content)

    def heard(self):
        # How many characters; often all of them, sometimes none.
        roll = self.dice.roll(40)
        return None if roll > 30 else roll

    async def until(self, told):
        # Until so many pieces were told.
        count = self.dice.roll(4)
        for _ in range(10000):
            if len(told) >= count:
                return
            await asyncio.sleep(0.002)

    async def read(self, turn, told, most=1000):
        if not most:
            return
        async for event in turn:
            if isinstance(event, ContentDelta):
                told.append(event.text)
                if len(told) >= most:
                    return

    async def read_in(self, turn, told):
        async with turn:
            await self.read(turn, told)

    def kept_as_heard(self, text, told, heard):
        said = "".join(told)
        said = said if heard is None else said[:heard]
        if said:
            self.kept(text, said)


def illegal(messages, name):
    # What is wrong with the messages of a session, "" for nothing.
    before, calls = "", 0
    for message in messages:
        role, content = message["role"], message["content"]
        if role == "user" and (before == "user" or calls):
            return "a user's message after %s" % before
        if role == "assistant" and before not in ("user", "tool"):
            return "an answer after %s" % before
        if role == "tool":
            if not calls:
                return "a result without its call"
            calls -= 1
        elif calls:
            return "a call without its result"
        if content and content[: len(name)] != name[: len(content)]:
            return "%s in session %s" % (content, name)
        calls += len(message.get("tool_calls", ()))
        before = role
    return "" if before in ("", "assistant") else "it ends with %s" % before


async def at_once(base_url, sessions, turns, seed, folder):
    """Many sessions at once, in each turns of all kinds.

    Returns:
        What was wrong; the number of messages kept; the sessions that are still at work.
    """
    limits = Timeouts(total=120)
    async with AsyncClient(
        "m", deployment(base_url), timeouts=limits, retry=RetryPolicy(1)
    ) as client:
        history = JSONLHistory(folder) if folder else None
        async with Conversation(
            client, system="system", history=history, max_messages=MOST
        ) as talk:
            found = [Session(talk, "s%03d" % n, seed + n) for n in range(sessions)]
            tasks = [asyncio.create_task(session.turns(turns)) for session in found]
            for task in tasks:
                await task
            wrong = []
            for session in found:
                wrong.extend(session.wrong)
            return [wrong, sum([len(one.want) for one in found]), len(talk.sessions)]


async def interrupted_while_it_waits(base_url):
    """An answer that stalls is interrupted from another task: what is kept of it, twice."""
    async with AsyncClient("m", deployment(base_url)) as client:
        talk = Conversation(client)
        told = []

        async def read(turn):
            async with turn:
                async for event in turn:
                    told.append(event.text)

        for heard in (None, 3):
            turn = talk.stream("hi", session=str(heard))
            task = asyncio.create_task(read(turn))
            for _ in range(5000):
                if told:
                    break
                await asyncio.sleep(0.002)
            await turn.interrupt(heard)
            await task
            told.clear()
        return [await talk.messages("None"), await talk.messages("3")]


def without_a_loop(base_url):
    """Turns of a SyncConversation: what it has kept."""
    with Client("m", deployment(base_url)) as client, SyncConversation(client) as talk:
        talk.send("s000.1 ok", session="s000")
        with talk.stream("s000.2 ok", session="s000") as turn:
            for _ in turn:
                turn.interrupt(2)
        try:
            talk.send("s000.3 refuse", session="s000")
        except ThinwireError:
            pass
        talk.send("s000.4 ok", session="s000")
        return [message["content"] for message in talk.messages("s000")]
