# As ram.py, for exoclaw-provider-openai.

import gc
import json

gc.collect()
import asyncio  # noqa: E402

asyncio.get_event_loop()
gc.collect()
before = gc.mem_alloc()

from exoclaw_provider_openai import Deployment, OpenAIStreamingProvider  # noqa: E402

gc.collect()
imported = gc.mem_alloc() - before
deployment = Deployment(base_url="http://127.0.0.1:1/v1", api_key="a key")
provider = OpenAIStreamingProvider(default_model="m", deployments={"m": deployment})
gc.collect()
print(json.dumps({"import": imported, "client": gc.mem_alloc() - before}))
