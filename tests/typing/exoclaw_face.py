"""The exoclaw face as exoclaw's own protocols see it. Checked by mypy --strict, never run."""

from typing import assert_type

import httpx
from exoclaw.http import HTTPClient
from exoclaw.providers.protocol import LLMProvider, StreamingLLMProvider
from exoclaw.providers.types import LLMResponse, ResponseFormat

from thinwire import Deployment, OpenAIStreamingProvider

deployments = {"m": Deployment(base_url="https://a.example/v1", api_key="k")}
provider: LLMProvider = OpenAIStreamingProvider("m", deployments)
streaming: StreamingLLMProvider = OpenAIStreamingProvider("m", deployments, client=HTTPClient())


async def answers(response_format: ResponseFormat) -> None:
    own = OpenAIStreamingProvider("m", deployments, client=httpx.AsyncClient())
    response = await own.chat([], response_format=response_format, max_tokens=None)
    assert_type(response, LLMResponse)
    assert_type(response.tool_calls[0].arguments, dict[str, object])
