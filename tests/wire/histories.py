"""Histories on a chip's flash, sent from where they are."""

from thinwire import AsyncClient, Deployment, JSONLHistory, TextFile


async def large_file_kept(base_url, folder, path):
    """A file goes into a history, and three turns later out again."""
    history = JSONLHistory(folder)
    asked = {"role": "user", "content": [{"type": "text", "text": TextFile(path)}]}
    history.append("s", [asked, {"role": "assistant", "content": "Read."}])
    async with AsyncClient("tokens-5", Deployment(base_url, "key", "tokens-5")) as client:
        for number in range(3):
            question = {"role": "user", "content": str(number)}
            messages = Joined(history.read("s"), question)
            answer = await client.chat(messages)
            history.append("s", [question, answer.to_message()])
        history.replace("s", history.read("s"))
        answer = await client.chat(history.read("s"))
    return answer.content


class Joined:
    def __init__(self, messages, question):
        self.messages = messages
        self.question = question

    def __iter__(self):
        yield from self.messages
        yield self.question
