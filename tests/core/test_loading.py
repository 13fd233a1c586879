"""What is loaded when: on a chip each module costs RAM, and a good call needs half of them."""

import json
import subprocess
import sys

# A client with a transport of its own, whose answers are good; prints the modules of core that are
# loaded once it is made, and once it has been asked.
PROGRAM = """
import asyncio, json, sys

ANSWER = (
    b'data: {"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}\\n\\n'
    b"data: [DONE]\\n\\n"
)

class Response:
    status = 200
    offset = 0
    def __init__(self):
        self.left = ANSWER
    def header(self, name):
        return "text/event-stream" if name == "content-type" else None
    def receive(self, buffer):
        count, self.left = len(self.left), b""
        buffer[:count] = ANSWER[:count]
        return count
    async def aclose(self):
        pass

class Transport:
    concurrent = False
    async def send(self, request):
        while request.body.readinto(bytearray(1024)):
            pass
        return Response()
    def now_ms(self):
        return 0
    async def aclose(self):
        pass

def loaded():
    start = "thinwire.core."
    return [name[len(start):] for name in sys.modules if name.startswith(start)]

from thinwire import AsyncClient, Deployment
client = AsyncClient("m", {"m": Deployment("https://a.test/v1", "sk-key")}, transport=Transport())
made = loaded()
done = asyncio.run(client.chat([{"role": "user", "content": "Hi"}], on_delta=len))
assert done.content == "Hello" and done.end == "finish", done
print(json.dumps([made, loaded()]))
"""

# Loaded with the first call.
CALLING = {"answer.answer", "request.call", "answer.completion", "exchange", "wire.json_encode"}
CALLING |= {"routing.plan", "wire.sse", "stream", "errors", "answer.events", "answer.assembler"}
# Loaded when something fails.
FAILING = {"routing.recovery", "answer.error_response", "answer.error_object"}
FAILING |= {"wire.error_words", "wire.redaction"}
# Loaded when they are asked for, or when an answer holds what they are for.
SPECIAL = {"hedge", "request.jsonl", "observer", "routing.affinity"}
SPECIAL |= {"request.sources", "routing.store", "sync", "answer.tool_calls"}


def test_a_module_is_loaded_when_it_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    made, asked = (set(names) for names in json.loads(done.stdout))
    assert made >= {"client", "routing.deployment", "routing.router"}
    assert not made & (CALLING | FAILING | SPECIAL)
    assert asked >= CALLING
    assert not asked & (FAILING | SPECIAL)
