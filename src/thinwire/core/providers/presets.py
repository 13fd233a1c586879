"""What is known of who serves models: one line a preset, as text, which is read when one is looked
for. A chip forgets the module then, and keeps what was found (`look_up`).

Each line is the preset's name, the hosts that are its own (with all below them), "-" for none, and
a JSON object:

  display    how it writes its own name
  base_url   where its API is; Azure has none, since each of its customers has a host of its own
  base_url_env  variable that names it then
  keys       variables that hold a key, the first that is set counts; a preset with hosts needs one
  docs, read the page that says so, and when it was read for this table, if it was
  dialect    what it speaks, if not chat completions
  responses  ids of models (see wire/patterns.py) that only speak OpenAI's Responses API
  auth       in which header the key goes, if not in its dialect's own

What else there is are arguments of a Deployment (and limits for the first token of what runs on
the user's own machine, where a model may have to be loaded first); each can be given otherwise.
"""

import json

from thinwire.core._compat import const, forget_module

TYPE_CHECKING = const(False)
if TYPE_CHECKING:
    from typing import Any

_TEXT = """
openai api.openai.com {"display":"OpenAI","base_url":"https://api.openai.com/v1",\
"keys":["OPENAI_API_KEY"],\
"responses":["o1-pro*","o3-pro*","gpt-5*-pro*","gpt-5*-codex*","codex-mini*",\
"computer-use-preview*","*-deep-research*"],\
"reasoning_models":["!gpt-5-chat*","!gpt-5.*-chat*","o1*","o3*","o4-mini*","gpt-5*",\
"codex-mini*"],"docs":"https://platform.openai.com/docs/api-reference"}
openrouter openrouter.ai {"display":"OpenRouter","base_url":"https://openrouter.ai/api/v1",\
"keys":["OPENROUTER_API_KEY"],"reasoning":"openrouter",\
"docs":"https://openrouter.ai/docs/api-reference/overview"}
groq api.groq.com {"display":"Groq","base_url":"https://api.groq.com/openai/v1",\
"keys":["GROQ_API_KEY"],"think_tags":true,"docs":"https://console.groq.com/docs/openai"}
together api.together.xyz,api.together.ai {"display":"Together AI",\
"base_url":"https://api.together.ai/v1","keys":["TOGETHER_API_KEY"],"reasoning":"together",\
"docs":"https://docs.together.ai/docs/inference/openai-compatibility","read":"2026-11-29"}
fireworks api.fireworks.ai {"display":"Fireworks AI",\
"base_url":"https://api.fireworks.ai/inference/v1","keys":["FIREWORKS_API_KEY"],\
"docs":"https://docs.fireworks.ai/tools-sdks/openai-compatibility","read":"2026-11-29"}
deepseek api.deepseek.com {"display":"DeepSeek","base_url":"https://api.deepseek.com/v1",\
"keys":["DEEPSEEK_API_KEY"],"reasoning":"thinking_effort",\
"docs":"https://api-docs.deepseek.com/"}
mistral api.mistral.ai {"display":"Mistral AI","base_url":"https://api.mistral.ai/v1",\
"keys":["MISTRAL_API_KEY"],"stream_usage":false,"docs":"https://docs.mistral.ai/api/"}
xai api.x.ai {"display":"xAI","base_url":"https://api.x.ai/v1","keys":["XAI_API_KEY"],\
"docs":"https://docs.x.ai/docs/api-reference"}
gemini generativelanguage.googleapis.com {"display":"Google Gemini",\
"base_url":"https://generativelanguage.googleapis.com/v1beta/openai",\
"keys":["GEMINI_API_KEY","GOOGLE_API_KEY"],"reasoning":"gemini",\
"docs":"https://ai.google.dev/gemini-api/docs/openai","read":"2026-11-29"}
zai api.z.ai,open.bigmodel.cn {"display":"Z.AI","base_url":"https://api.z.ai/api/paas/v4",\
"keys":["ZAI_API_KEY","ZHIPUAI_API_KEY"],"reasoning":"thinking_effort",\
"docs":"https://docs.z.ai/guides/develop/openai/python","read":"2026-11-29"}
dashscope dashscope.aliyuncs.com,dashscope-intl.aliyuncs.com,dashscope-us.aliyuncs.com {\
"display":"Alibaba DashScope",\
"base_url":"https://dashscope-intl.aliyuncs.com/compatible-mode/v1","keys":["DASHSCOPE_API_KEY"],\
"reasoning":"enable_thinking",\
"docs":"https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",\
"read":"2026-11-29"}
minimax api.minimax.io,api.minimaxi.com {"display":"MiniMax",\
"base_url":"https://api.minimax.io/v1","keys":["MINIMAX_API_KEY"],"think_tags":true,\
"reasoning":"none","docs":"https://platform.minimax.io/docs/api-reference/text-openai-api",\
"read":"2026-11-29"}
moonshot api.moonshot.ai,api.moonshot.cn {"display":"Moonshot AI (Kimi)",\
"base_url":"https://api.moonshot.ai/v1","keys":["MOONSHOT_API_KEY"],\
"reasoning":"thinking_effort","reasoning_models":["kimi-k*"],\
"docs":"https://platform.moonshot.ai/docs/api/chat"}
cerebras api.cerebras.ai {"display":"Cerebras","base_url":"https://api.cerebras.ai/v1",\
"keys":["CEREBRAS_API_KEY"],"drop":["frequency_penalty","presence_penalty","logit_bias"],\
"docs":"https://inference-docs.cerebras.ai/resources/openai"}
nvidia integrate.api.nvidia.com {"display":"NVIDIA NIM",\
"base_url":"https://integrate.api.nvidia.com/v1","keys":["NVIDIA_API_KEY"],\
"reasoning":"template","docs":"https://docs.api.nvidia.com/nim/reference/llm-apis"}
huggingface router.huggingface.co {"display":"Hugging Face",\
"base_url":"https://router.huggingface.co/v1",\
"keys":["HF_TOKEN","HUGGINGFACE_HUB_TOKEN","HUGGINGFACE_API_KEY"],\
"docs":"https://huggingface.co/changelog/inference-providers-openai-compatible",\
"read":"2026-11-29"}
perplexity api.perplexity.ai {"display":"Perplexity","base_url":"https://api.perplexity.ai",\
"keys":["PERPLEXITY_API_KEY","PPLX_API_KEY"],"stream_usage":false,"think_tags":true,\
"docs":"https://docs.perplexity.ai/docs/grounded-llm/openai-compatibility","read":"2026-11-29"}
azure openai.azure.com,services.ai.azure.com,cognitiveservices.azure.com {\
"display":"Azure OpenAI","base_url_env":"AZURE_OPENAI_ENDPOINT",\
"keys":["AZURE_OPENAI_API_KEY","AZURE_API_KEY"],"auth":"api-key",\
"responses":["o1-pro*","o3-pro*","gpt-5*-pro*","gpt-5*-codex*","codex-mini*",\
"computer-use-preview*","*-deep-research*"],\
"reasoning_models":["!gpt-5-chat*","!gpt-5.*-chat*","o1*","o3*","o4-mini*","gpt-5*",\
"codex-mini*"],"docs":"https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle",\
"read":"2026-11-29"}
anthropic api.anthropic.com {"display":"Anthropic","base_url":"https://api.anthropic.com/v1",\
"keys":["ANTHROPIC_API_KEY"],"dialect":"anthropic",\
"docs":"https://docs.anthropic.com/en/api/messages"}
vllm - {"display":"vLLM","base_url":"http://127.0.0.1:8000/v1","keys":["VLLM_API_KEY"],\
"first_token":120,"reasoning":"template",\
"docs":"https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"}
sglang - {"display":"SGLang","base_url":"http://127.0.0.1:30000/v1","keys":["SGLANG_API_KEY"],\
"first_token":120,"reasoning":"template",\
"docs":"https://docs.sglang.ai/basic_usage/openai_api.html"}
litellm - {"display":"LiteLLM proxy","base_url":"http://127.0.0.1:4000/v1",\
"keys":["LITELLM_API_KEY","LITELLM_PROXY_API_KEY"],"first_token":120,\
"docs":"https://docs.litellm.ai/docs/simple_proxy"}
ollama - {"display":"Ollama","base_url":"http://127.0.0.1:11434/v1","keys":["OLLAMA_API_KEY"],\
"first_token":120,"docs":"https://docs.ollama.com/api/openai-compatibility","read":"2026-11-29"}
llamacpp - {"display":"llama.cpp server","base_url":"http://127.0.0.1:8080/v1",\
"keys":["LLAMA_API_KEY"],"first_token":120,"reasoning":"template",\
"docs":"https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"}
lmstudio - {"display":"LM Studio","base_url":"http://127.0.0.1:1234/v1",\
"keys":["LMSTUDIO_API_KEY"],"first_token":120,"think_tags":true,\
"docs":"https://lmstudio.ai/docs/api/openai-api","read":"2026-11-29"}
mlx - {"display":"MLX LM server","base_url":"http://127.0.0.1:8080/v1","keys":[],\
"first_token":120,"framing":"length","reasoning":"template","think_tags":true,\
"docs":"https://github.com/ml-explore/mlx-examples/blob/main/llms/mlx_lm/SERVER.md",\
"read":"2026-11-29"}
"""


def names() -> "list[str]":
    """Names of all presets, as they stand here."""
    return [line.partition(" ")[0] for line in _TEXT.split("\n") if line]


def named(name: str) -> "dict[str, Any]":
    """The preset of that name, {} for none; see the head of this file.

    Keys beside: name, hosts (list).
    """
    # Looked for as text: nothing but the one line is copied or parsed.
    start = _TEXT.find("\n" + name + " ")
    if not name or " " in name or "\n" in name or start < 0:
        return {}
    end = _TEXT.find("\n", start + 1)
    return _read(_TEXT[start + 1 : end])


def of_host(host: str) -> "dict[str, Any]":
    """The preset whose host it is, or is below of; {} for none."""
    host = host.lower()
    if host.endswith("."):
        host = host[:-1]  # the root's dot (RFC 1034 §3.1)
    # From the host itself upwards: no part of a name is taken for one, and nothing is parsed that
    # does not have it.
    while "." in host:
        at = _TEXT.find(host)
        while at >= 0:
            start, end = _TEXT.rfind("\n", 0, at) + 1, _TEXT.find("\n", at)
            words = _TEXT[start:end].split(" ", 2)
            if host in words[1].split(","):
                return _read(_TEXT[start:end])
            at = _TEXT.find(host, at + 1)
        host = host.partition(".")[2]
    return {}


def _read(line: str) -> "dict[str, Any]":
    name, hosts, rest = line.split(" ", 2)
    preset: dict[str, Any] = json.loads(rest)
    preset["name"] = name
    preset["hosts"] = [] if hosts == "-" else hosts.split(",")
    return preset


def look_up(name: str = "", host: str = "") -> "dict[str, Any]":
    """`named` or else `of_host`, for a single time: a chip gives back what the table takes."""
    found = named(name) or of_host(host)
    forget_module(__name__)
    return found
