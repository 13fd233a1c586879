# As chat.py, for exoclaw-provider-openai: exoclaw_chat.py BASE_URL MODEL [PROMPT]

import asyncio
import sys

from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider


async def main(base_url, model, prompt=""):
    deployment = Deployment(base_url=base_url, api_key="a key")
    provider = OpenAIStreamingProvider(default_model=model, deployments={model: deployment})
    message = {"role": "user", "content": "Hi"}
    if prompt:
        message["_content_file"] = prompt
    answer = await provider.chat([message])
    print(len(answer.content.split()), answer.finish_reason)


asyncio.run(main(*sys.argv[1:]))
