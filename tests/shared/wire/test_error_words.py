"""What servers really wrote, each with the place where somebody showed it (numbers, names and
model ids as there, the ends of long texts left out), then the kind that it is."""

from thinwire.core.wire.error_words import kind_of


def check(kind, table):
    for status, code, message, place in table:
        got = kind_of(status, code, message)
        assert got == kind, (got, status, code, message, place)


CONTEXT = [
    (
        400,
        "context_length_exceeded",
        "This model's maximum context length is 4097 tokens. However, your messages resulted in"
        " 6988 tokens. Please reduce the length of the messages.",
        "OpenAI: rahul2002m/ChatPDF#6",
    ),
    (
        400,
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and try"
        " again.",
        "OpenAI: VectorlyApp/bluebox#66",
    ),
    (
        200,
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and try"
        " again.",
        "OpenAI in a stream: anomalyco/opencode#6071",
    ),
    (
        400,
        "",
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in"
        " 509178 tokens. Please reduce the length of the messages.",
        "Azure: BerriAI/litellm#15968",
    ),
    (
        400,
        "",
        "This endpoint's maximum context length is 131072 tokens. However, you requested about"
        " 141607 tokens (10535 of text input, 131072 in the output). Please reduce the length of"
        ' either one, or use the "middle-out" transform to compress your prompt automatically.',
        "OpenRouter: Aider-AI/aider#3721",
    ),
    (
        502,
        "",
        'ConnectionError: { "object": "error", "message": "This model\'s maximum context length is'
        " 16000 tokens. However, you requested 17165 tokens (13069 in the messages, 4096 in the"
        " completion).",
        "OpenRouter, of DeepInfra: ai-christianson/RA.Aid#41",
    ),
    (
        400,
        "invalid_request_error",
        "This model's maximum context length is 131072 tokens. However, you requested 131134"
        " tokens (122942 in the messages, 8192 in the completion).",
        "DeepSeek: evalstate/fast-agent#621",
    ),
    (
        400,
        "BadRequestError",
        "This model's maximum context length is 6048 tokens. However, you requested 6616 tokens"
        " (568 in the messages, 6048 in the completion).",
        "vLLM: ogx-ai/ogx#4534",
    ),
    (
        400,
        "BadRequestError",
        "You passed 1015 input tokens and requested 10 output tokens. However, the model's context"
        " length is only 1024 tokens, resulting in a maximum input length of 1014 tokens. Please"
        " reduce the length of the input prompt. (parameter=input_tokens, value=1015)",
        "vLLM 0.16: harbor-framework/harbor#996",
    ),
    (
        400,
        "",
        "The decoder prompt (length 2136) is longer than the maximum model length of 2048.",
        "vLLM: OpenBMB/MiniCPM-V#1048",
    ),
    (
        400,
        "",
        "The prompt (total length 25938) is too long to fit into the model (context length 4096)."
        " Make sure that `max_model_len` is no smaller than the number of text tokens plus"
        " multimodal tokens.",
        "vLLM: vllm-project/vllm#12165",
    ),
    (
        400,
        "",
        "'max_tokens' or 'max_completion_tokens' is too large: 64000. This model's maximum context"
        " length is 64001 tokens and your request has 24235 input tokens",
        "vLLM: claude-code-best/claude-code#272",
    ),
    (
        500,
        "",
        "[address=0.0.0.0:43769, pid=1065] The decoder prompt (length 66501) is longer than the"
        " maximum model length of 65536.",
        "Xinference over vLLM: langchain-ai/deepagents#468",
    ),
    (
        400,
        "exceed_context_size_error",
        "request (4390 tokens) exceeds the available context size (4096 tokens), try increasing"
        " it",
        "llama.cpp: ggml-org/llama.cpp#19774",
    ),
    (
        500,
        "exceed_context_size_error",
        "the request exceeds the available context size. try increasing the context size or enable"
        " context shift",
        "llama.cpp: ggml-org/llama.cpp#15780",
    ),
    (
        500,
        "server_error",
        "Context size has been exceeded.",
        "llama.cpp: ggml-org/llama.cpp#19774",
    ),
    (
        400,
        "",
        "Requested tokens (2285) exceed context window of 2048",
        "llama-cpp-python: fedora-copr/logdetective-website#193",
    ),
    (400, "", "the input length exceeds the context length", "Ollama: nano-step/nano-brain#208"),
    (400, "", "prompt too long; exceeded max context length by 2054 tokens", "Ollama"),
    (
        400,
        "invalid_request_error",
        "prompt is too long: 208310 tokens > 200000 maximum",
        "Anthropic: anthropics/claude-code#12186",
    ),
    (
        400,
        "invalid_request_error",
        "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease"
        " input length or `max_tokens` and try again",
        "Anthropic: docker/docker-agent#569",
    ),
    (
        400,
        "",
        "The model returned the following errors: Input is too long for requested model.",
        "Bedrock: continuedev/continue#9592",
    ),
    (
        400,
        "",
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        "Gemini: google-gemini/gemini-cli#6678",
    ),
    (
        400,
        "",
        "The input token count exceeds the maximum number of tokens allowed (1048576).",
        "Gemini 2.5: BerriAI/litellm#18282",
    ),
    (
        400,
        "",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum"
        " context length",
        "Mistral",
    ),
    (
        400,
        "context_length_exceeded",
        "Please reduce the length of the messages or completion.",
        "Groq: thepersonalaicompany/amurex-backend#51",
    ),
    (
        400,
        "",
        "Please reduce the length of the messages or completion. Current length is 42328 while"
        " limit is 40000",
        "Cerebras: cline/cline#5140",
    ),
    (
        400,
        "",
        "This model's maximum prompt length is 131072 but the request contains 136973 tokens.",
        "xAI: cline/cline#3120",
    ),
    (
        422,
        "",
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2019"
        " `inputs` tokens and 30 `max_new_tokens`",
        "Together, TGI: stanford-crfm/helm#2079",
    ),
    (
        400,
        "",
        "Trying to keep the first 10136 tokens when context the overflows. However, the model is"
        " loaded with context length of only 7866 tokens, which is not enough.",
        "LM Studio: cline/cline#3664",
    ),
    (
        400,
        "",
        "The number of tokens to keep from the initial prompt is greater than the context length"
        " (n_keep: 13055>= n_ctx: 4096).",
        "LM Studio: Gitlawb/openclaude#353",
    ),
    (
        200,
        "",
        "Context size has been exceeded.",
        "LM Studio: lmstudio-ai/lmstudio-bug-tracker#2339",
    ),
    (
        400,
        "400",
        "litellm.BadRequestError: litellm.ContextWindowExceededError: AnthropicError - prompt",
        "LiteLLM: entropy-research/Devon#88",
    ),
    (
        503,
        "503",
        "litellm.MidStreamFallbackError: litellm.ContextWindowExceededError: OpenAIException",
        "LiteLLM: BerriAI/litellm#22535",
    ),
    (
        413,
        "tokens_limit_reached",
        "Request body too large for gpt-4o model. Max size: 8000 tokens.",
        "GitHub Models: eslint/tsc-meetings#593",
    ),
    (400, "", "Prompt exceeds maximum context length", "MLX: ddalcu/mlx-serve#66"),
    (413, "", "exceeds the context window", "made up"),
    (400, "", "context size exceeded", "ggml-org/llama.cpp#12113"),
    (502, "", 'Provider returned error: {"code":"context_length_exceeded"}', "made up"),
]


def test_a_request_that_does_not_fit_into_the_model():
    check("context_length", CONTEXT)


RATE_LIMIT = [
    (
        429,
        "rate_limit_exceeded",
        "Rate limit reached for model `llama-3.3-70b-versatile` in organization `org_x` service"
        " tier `on_demand` on tokens per day (TPD): Limit 100000, Used 97050, Requested 3619."
        " Please try again in 9m38.016s. Need more tokens? Upgrade to Dev Tier today at"
        " https://console.groq.com/settings/billing",
        "Groq: continuedev/continue#10920",
    ),
    (
        413,
        "rate_limit_exceeded",
        "Request too large for model `llama-3.1-70b-versatile` in organization `org_x` on tokens"
        " per minute (TPM): Limit 6000, Requested 14368, please reduce your message size and try"
        " again.",
        "Groq: assafelovic/gpt-researcher#985",
    ),
    (
        413,
        "",
        "Request too large for model `llama-3.3-70b-versatile` in organization `org_x` service"
        " tier `on_demand` on tokens per minute (TPM): Limit 12000, Requested 14137",
        "Groq without its code: continuedev/continue#10218",
    ),
    (
        429,
        "",
        "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000,"
        " Requested 61337. The input or output tokens must be reduced in order to run"
        " successfully.",
        "OpenAI: continuedev/continue#10602",
    ),
    (
        429,
        "429",
        "Requests to the ChatCompletions_Create Operation under Azure OpenAI API version"
        " 2024-05-01-preview have exceeded token rate limit of your current OpenAI S0 pricing"
        " tier. Please retry after 86400 seconds. Please go here: https://aka.ms/oai/quotaincrease"
        " if you would like to further increase the default rate limit.",
        "Azure: alex-wolf-ps/dbchatprov2#2",
    ),
    (
        429,
        "",
        "You exceeded your current quota, please check your plan and billing details. For more"
        " information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
        "Gemini, per minute: google-gemini/gemini-cli#8437",
    ),
    (
        429,
        "",
        "Resource has been exhausted (e.g. check quota).",
        "Gemini: googleapis/python-genai#2065",
    ),
    (
        429,
        "rate_limit_error",
        "This request would exceed your account's rate limit. Please try again later.",
        "Anthropic: anthropics/claude-code#55789",
    ),
    (
        429,
        "",
        "Provider returned error: z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please"
        " retry shortly, or add your own key to accumulate your rate limits",
        "OpenRouter: open-webui/computer#293",
    ),
    (429, "", "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock", "OpenRouter"),
    (429, "", "Too many tokens, please wait before trying again.", "Bedrock"),
    (
        429,
        "429",
        "Rate limit is exceeded. Try again in 50 seconds.",
        "Azure: Azure-Samples/graphrag-accelerator#129",
    ),
    (200, "rate_limit_exceeded", "slow down", "in a stream"),
    (200, "rate_limit_error", "slow down", "in a stream"),
    (200, "RateLimitReached", "slow down", "in a stream"),
    (200, "", "Rate limit exceeded", "in a stream, as a string"),
    (200, "too_many_requests", "", "in a stream"),
    (200, "throttling_error", "", "in a stream"),
    (403, "", "You have exceeded a secondary rate limit", "GitHub"),
]


def test_limits_of_requests_and_tokens_by_time():
    check("rate_limit", RATE_LIMIT)


QUOTA = [
    (
        429,
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details. For more"
        " information on this error, read the docs:"
        " https://platform.openai.com/docs/guides/error-codes/api-errors.",
        "OpenAI",
    ),
    (429, "", "You exceeded your current quota, please check your plan", "OpenAI, no code"),
    (403, "insufficient_quota", "no", "made up"),
    (400, "billing_hard_limit_reached", "Billing hard limit has been reached", "OpenAI"),
    (
        400,
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing"
        " to upgrade or purchase credits.",
        "Anthropic: anthropics/claude-code#66314",
    ),
    (200, "billing_error", "no", "Anthropic, in a stream"),
    (
        402,
        "",
        "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
        "OpenRouter: open-assistant-org/open-assistant#80",
    ),
    (
        402,
        "",
        "This request requires more credits, or fewer max_tokens. You requested up to 16384"
        " tokens, but can only afford 3919.",
        "OpenRouter: Taewan-P/gpt_mobile#284",
    ),
    (
        402,
        "",
        "Prompt tokens limit exceeded: 230799 > 91442. To increase, visit"
        " https://openrouter.ai/settings/keys",
        "OpenRouter: anomalyco/opencode#12219",
    ),
    (200, "", "Insufficient credits. Add more", "OpenRouter, in a stream"),
    (
        403,
        "",
        "Key limit exceeded (monthly limit). Manage it using https://openrouter.ai/settings/keys",
        "OpenRouter: gptme/gptme#1449",
    ),
    (402, "", "Insufficient Balance", "DeepSeek: continuedev/continue#9942"),
    (200, "", "Insufficient Balance", "DeepSeek, in a stream"),
    (
        429,
        "exceeded_current_quota_error",
        "Your account org-x <ak-x> is suspended due to insufficient balance, please recharge your"
        " account or check your plan and billing details",
        "Kimi: continuedev/continue#11443",
    ),
    (
        429,
        "",
        "Your team x has either used all available credits or reached its monthly spending limit."
        " To continue making API requests, please purchase more credits or raise your spending"
        " limit.",
        "xAI: continuedev/continue#10373",
    ),
    (
        403,
        "",
        "Your team x has either used all available credits or reached its monthly spending limit.",
        "xAI: warpdotdev/warp#14867",
    ),
    (402, "", "rate limits apply", "made up: a 402 is about money whatever it says"),
]


def test_an_account_without_money():
    check("quota", QUOTA)


CONTENT_FILTER = [
    (
        400,
        "content_filter",
        "The response was filtered due to the prompt triggering Azure OpenAI's content management"
        " policy. Please modify your prompt and retry. To learn more about our content filtering"
        " policies please read our documentation",
        "Azure: compl-ai/compl-ai#20",
    ),
    (400, "ResponsibleAIPolicyViolation", "no", "Azure, its inner error"),
    (
        400,
        "400",
        "litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - The"
        " response was filtered",
        "LiteLLM: BerriAI/litellm#16231",
    ),
    (400, "content_policy_violation", "Your request was rejected", "OpenAI"),
    (500, "", "content_policy_violation", "made up"),
    (
        400,
        "invalid_prompt",
        "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please"
        " try again with a different prompt",
        "OpenAI: BeehiveInnovations/pal-mcp-server#178",
    ),
    (
        403,
        "",
        '"anthropic/claude-3" requires moderation on OpenRouter. Your input was flagged for'
        ' "violence". No credits were charged.',
        "OpenRouter",
    ),
    (
        400,
        "data_inspection_failed",
        "Input data may contain inappropriate content.",
        "Alibaba: camel-ai/owl#432",
    ),
    (
        400,
        "",
        "<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate"
        " content.",
        "Alibaba: QwenLM/qwen-code#2905",
    ),
    (400, "invalid_request_error", "Content Exists Risk", "DeepSeek: 666ghj/BettaFish#108"),
    (
        400,
        "invalid_request_error",
        "Output blocked by content filtering policy",
        "Anthropic: anthropics/claude-code#58367",
    ),
    (403, "", "Content violates usage guidelines. Failed check: SAFETY_CHECK", "xAI"),
    (200, "content_filter", "", "in a stream"),
    (200, "safety", "", "in a stream"),
    (200, "", "Blocked by the safety filter", "in a stream"),
    (200, "", "It violates our safety policy", "in a stream"),
    (200, "", "It violates our content policy", "in a stream"),
]


def test_content_that_was_refused():
    check("content_filter", CONTENT_FILTER)


MODEL_NOT_FOUND = [
    (
        404,
        "model_not_found",
        "The model `gpt-4o` does not exist or you do not have access to it.",
        "OpenAI: rd-1-2022/ai-openai-helloworld#9",
    ),
    (
        403,
        "model_not_found",
        "Project `proj_x` does not have access to model `gpt-4o`",
        "OpenAI",
    ),
    (
        404,
        "",
        "The model `llama3.1-405b` does not exist or you do not have access to it.",
        "Groq: continuedev/continue#10832",
    ),
    (404, "NotFoundError", "The model `x` does not exist.", "vLLM"),
    (400, "", "The model `x` does not exist.", "made up"),
    (
        404,
        "api_error",
        'model "ollama" not found, try pulling it first',
        "Ollama: netease-youdao/QAnything#555",
    ),
    (
        404,
        "",
        "model 'custom-phi3-32k-Q4_K_M' not found",
        "Ollama: TheBlewish/Automated-AI-Web-Researcher-Ollama#42",
    ),
    (
        400,
        "",
        "google/gemini-2.0-pro-exp-02-05:free is not a valid model ID",
        "OpenRouter: maxnowack/anthropic-proxy#4",
    ),
    (
        404,
        "",
        "No endpoints found for nousresearch/hermes-3-llama-3.1-405b:free.",
        "OpenRouter: vyancharuk/nodejs-api-boilerplate#16",
    ),
    (
        404,
        "",
        "No endpoints found that support tool use.",
        "OpenRouter: dnakov/anon-kode#2",
    ),
    (
        404,
        "DeploymentNotFound",
        "The API deployment for this resource does not exist. If you created the deployment within"
        " the last 5 minutes, please wait a moment and try again.",
        "Azure: chatboxai/chatbox#739",
    ),
    (404, "not_found_error", "model: claude-3-opus", "Anthropic"),
    (404, "", "models/gemini-1.0 is not found for API version v1main", "Gemini"),
    (400, "invalid_model", "Invalid model: mistral-huge", "Mistral"),
    (400, "invalid_request_error", "Model Not Exist", "DeepSeek"),
    (200, "model_not_found", "no", "in a stream"),
]


def test_a_model_that_the_server_does_not_have():
    check("model_not_found", MODEL_NOT_FOUND)


OTHERS = [
    (401, "invalid_api_key", "Incorrect API key provided: sk-x", "auth"),
    (
        400,
        "",
        "API key not valid. Please pass a valid API key.",
        "auth",
    ),  # openai-scala-client#109
    (400, "", "Incorrect API key provided: xa***. You can obtain an API key", "auth"),  # xAI
    (200, "invalid_api_key", "no", "auth"),
    (200, "authentication_error", "no", "auth"),
    (200, "permission_error", "no", "auth"),
    (200, "Unauthorized", "no", "auth"),
    (403, "", "You have insufficient permissions for this operation.", "auth"),
    (404, "", "404 page not found", "not_found"),  # ollama/ollama#3050
    (404, "", "Not Found", "not_found"),
    (404, "", "Invalid URL (POST /v1/chat/completion)", "not_found"),
    (200, "not_found_error", "no", "not_found"),
    (200, "timeout_error", "no", "timeout"),
    (200, "invalid_request_error", "no", "bad_request"),
    (200, "BadRequestError", "no", "bad_request"),
    (413, "request_too_large", "Request exceeds the maximum size", "too_large"),
    (413, "", "<html><head><title>413 Request Entity Too Large</title>", "too_large"),
    (529, "overloaded_error", "Overloaded", "overloaded"),  # Doriandarko/claude-engineer#161
    (200, "overloaded_error", "Overloaded", "overloaded"),
    (503, "", "The model is overloaded. Please try again later.", "overloaded"),
    (429, "engine_overloaded_error", "The engine is currently overloaded", "overloaded"),
    (200, "server_error", "Provider disconnected unexpectedly", "server"),
    (200, "", "boom", "server"),
    (200, "", "finish_reason is 'error'", "server"),
    (302, "rate_limit", "maximum context length is", "redirect"),
]


def test_all_other_kinds():
    for status, code, message, want in OTHERS:
        got = kind_of(status, code, message)
        assert got == want, (status, code, message, got)


# What looks like a context that is too small, and is none.
NO_OVERFLOW = [
    # NextChat#3195
    (400, "max_tokens is too large: 8192. This model supports at most 4096 completion tokens"),
    # charmbracelet/crush#946: the answer is too long, not the request
    (400, "The maximum tokens you requested exceeds the model limit of 32768"),
    # Gitlawb/openclaude#331
    (400, "The parameter `max_completion_tokens` specified: integer above maximum value"),
    (400, "Invalid 'tools[0].name': string too long. Expected a string with maximum length 64"),
    (400, "Unknown parameter: 'context_window'."),
    (400, "The long context beta is not yet available for this subscription."),
    (413, "Request exceeds the maximum size"),
    (429, "Number of request tokens has exceeded your per-minute rate limit"),
    (429, "Extra usage is required for long context requests."),
    (500, "context window"),
    (500, "Failed on the prompt 'how do I exceed the context window of a model?'"),
    (500, "internal error while answering 'what is a context length of only 4096 tokens?'"),
    (502, "context size"),
]


def test_what_is_no_overflow_of_the_context():
    for status, message in NO_OVERFLOW:
        got = kind_of(status, "", message)
        assert got == kind_of(status, "", ""), (status, message, got)


def test_a_500_may_quote_what_the_user_wrote_about_models():
    assert kind_of(500, "", "'which model does not exist?' failed") == "server"


def test_how_a_word_is_written_does_not_matter():
    for code in (
        "content_filter",
        "CONTENT-FILTER",
        "ContentFilter",
        "content filter",
        "`content_filter`",
    ):
        assert kind_of(400, code, "") == "content_filter", code
