# A turn of exoclaw's agent loop with a call of a tool, by whatever `exoclaw_provider_openai` is on
# the search path: exoclaw_agent.py BASE_URL

import asyncio
import sys

from exoclaw.agent.loop import AgentLoop
from exoclaw.bus.queue import MessageBus
from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider


class Memory:
    def __init__(self):
        self.messages = [{"role": "system", "content": "be brief"}]

    async def build_prompt(self, session_id, message, **more):
        prompt = list(self.messages)
        prompt.append({"role": "user", "content": message})
        return prompt

    async def append(self, session_id, message):
        self.messages.append(message)

    async def post_turn(self, session_id):
        pass

    async def record(self, session_id, new_messages):
        pass

    async def clear(self, session_id):
        return True

    def list_sessions(self):
        return []

    def active_tools(self):
        return set()


class Add:
    name = "add"
    description = "Adds two numbers."

    def __init__(self):
        self.parameters = {"type": "object", "properties": {"a": {"type": "integer"}}}

    async def execute(self, **kwargs):
        return str(kwargs["a"] + kwargs["b"])


async def main(base_url):
    deployment = Deployment(base_url=base_url, api_key="a key")
    provider = OpenAIStreamingProvider(default_model="agent", deployments={"agent": deployment})
    loop = AgentLoop(MessageBus(), provider, Memory(), tools=[Add()])
    print("end:", await loop.process_direct("go"))


asyncio.run(main(*sys.argv[1:]))
