"""Errors as servers really sent them, each with the place where somebody showed it: the words that
a person reads, the kind that a program decides on, and the wait. Ids, names and the ends of long
texts are left out."""

import json

from streams import json_reply, play, sse

from thinwire.core.answer import chunk, error_object
from thinwire.testing.scripted import ScriptedReply

PAGE = {"content-type": "text/html"}
# Zhipu's words: a rate limit, no balance, too many visitors.
LIMITED = "\u60a8\u7684\u8d26\u6237\u5df2\u8fbe\u5230\u901f\u7387\u9650\u5236"
BROKE = "\u4f59\u989d\u4e0d\u8db3\u6216\u65e0\u53ef\u7528\u8d44\u6e90\u5305"
CROWDED = "\u8be5\u6a21\u578b\u5f53\u524d\u8bbf\u95ee\u91cf\u8fc7\u5927"


def fields(message, type=None, code=None, **more):
    error = {"message": message, "type": type, "param": None, "code": code}
    error.update(more)
    return {"error": error}


# Whose, where it was read, status, body, a part of the words, kind, wait in milliseconds.
SERVERS = [
    (
        "OpenAI",
        "OthersideAI/self-operating-computer#29",
        429,
        fields(
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
        "exceeded your current quota",
        "quota",
        None,
    ),
    (
        "OpenAI",
        "bytedance/deer-flow#310",
        400,
        fields(
            "This model's maximum context length is 128000 tokens. However, your messages resulted"
            " in 202868 tokens (202767 in the messages, 101 in the functions).",
            "invalid_request_error",
            "context_length_exceeded",
        ),
        "202868 tokens",
        "context_length",
        None,
    ),
    (
        "Azure",
        "chatboxai/chatbox#861",
        404,
        {
            "error": {
                "code": "DeploymentNotFound",
                "message": "The API deployment for this resource does not exist. If you created"
                " the deployment within the last 5 minutes, please wait a moment and try again.",
            }
        },
        "API deployment for this resource",
        "model_not_found",
        None,
    ),
    (
        "OpenRouter",
        "open-webui/computer#293",
        429,
        {
            "error": {
                "message": "Provider returned error",
                "code": 429,
                "metadata": {
                    "raw": "z-ai/glm-5.3-flash is temporarily rate-limited upstream. Please retry"
                    " shortly",
                    "provider_name": "BaseTen",
                    "limit_source": "upstream_provider_shared_pool",
                },
            }
        },
        "(BaseTen): z-ai/glm-5.3-flash is temporarily rate-limited",
        "rate_limit",
        None,
    ),
    (
        "Anthropic",
        "getappmap/appmap-js#2091",
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "prompt is too long: 200679 tokens > 199999 maximum",
            },
        },
        "prompt is too long",
        "context_length",
        None,
    ),
    (
        "Gemini, in a list",
        "google-gemini/gemini-cli#6678",
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "The input token count (1200293) exceeds the maximum number of"
                    " tokens allowed (1048576).",
                    "errors": [{"message": "no", "domain": "global", "reason": "badRequest"}],
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
        "input token count (1200293)",
        "context_length",
        None,
    ),
    (
        "Gemini, the error as a text in an error",
        "RooCodeInc/Roo-Code#3883",
        429,
        fields(
            json.dumps(
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota, please check your plan and"
                        " billing details. For more information on this error, head to:"
                        " https://ai.google.dev/gemini-api/docs/rate-limits.",
                        "status": "RESOURCE_EXHAUSTED",
                        "details": [
                            {
                                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                                "violations": [{"quotaValue": "250000"}],
                            },
                            {
                                "@type": "type.googleapis.com/google.rpc.RetryInfo",
                                "retryDelay": "26s",
                            },
                        ],
                    }
                }
            ),
            status="Too Many Requests",
        ),
        "You exceeded your current quota",
        "rate_limit",
        26000,
    ),
    (
        "Gemini, the wait in words",
        "browserbase/mcp-server-browserbase#129",
        429,
        {
            "error": {
                "code": 429,
                "message": "You exceeded your current quota, head to:"
                " https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for"
                " metric: generate_content_paid_tier_input_token_count, limit: 4000000\nPlease"
                " retry in 47.434392449s.",
                "status": "RESOURCE_EXHAUSTED",
            }
        },
        "Quota exceeded for metric",
        "rate_limit",
        47434,
    ),
    (
        "Mistral",
        "editor-code-assistant/eca#231",
        422,
        {
            "object": "error",
            "message": {
                "detail": [
                    {
                        "type": "extra_forbidden",
                        "loc": ["body", "max_completion_tokens"],
                        "msg": "Extra inputs are not permitted",
                        "input": 32000,
                    }
                ]
            },
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        },
        "body.max_completion_tokens: Extra inputs are not permitted",
        "bad_request",
        None,
    ),
    (
        "Mistral, as a text",
        "mistralai/platform-docs-public#7",
        422,
        {
            "object": "error",
            "message": '{"detail":[{"type":"extra_forbidden","loc":["body","frequency_penalty"],'
            '"msg":"Extra inputs are not permitted","input":0.0}]}',
            "type": "internal_error_proxy",
            "param": None,
            "code": "1000",
        },
        "body.frequency_penalty: Extra inputs are not permitted",
        "bad_request",
        None,
    ),
    (
        "DeepSeek",
        "evalstate/fast-agent#621",
        400,
        fields(
            "This model's maximum context length is 131072 tokens. However, you requested 131134"
            " tokens (122942 in the messages, 8192 in the completion).",
            "invalid_request_error",
            "invalid_request_error",
        ),
        "131134 tokens",
        "context_length",
        None,
    ),
    (
        "Moonshot",
        "MoonshotAI/Kimi-K2#5",
        403,
        {
            "error": {
                "message": "Your account org-x is not active, organization org-x exceeded current"
                " quota, please check your plan and billing details",
                "type": "exceeded_current_quota_error",
            }
        },
        "is not active",
        "quota",
        None,
    ),
    (
        "Zhipu, a limit",
        "zhukunpenglinyutong/jetbrains-cc-gui#897",
        429,
        {"error": {"code": "1302", "message": LIMITED}, "request_id": "2026"},
        LIMITED,
        "rate_limit",
        None,
    ),
    (
        "Zhipu, many users",
        "zhukunpenglinyutong/jetbrains-cc-gui#897",
        429,
        {"error": {"code": "1305", "message": CROWDED}, "request_id": "2026"},
        CROWDED,
        "overloaded",
        None,
    ),
    (
        "Zhipu, no money",
        "zhayujie/CowAgent#2910",
        429,
        {"error": {"code": "1113", "message": BROKE}},
        BROKE,
        "quota",
        None,
    ),
    (
        "DashScope",
        "dinoanderson/qwen_cli_coder#1",
        401,
        {"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "0141"},
        "Invalid API-key provided.",
        "auth",
        None,
    ),
    (
        "DashScope, compatible",
        "agentscope-ai/QwenPaw#6255",
        400,
        fields(
            "<400> InternalError.Algo.InvalidParameter: Range of input length should be"
            " [1, 983616]",
            "invalid_request_error",
            "invalid_parameter_error",
        ),
        "Range of input length",
        "context_length",
        None,
    ),
    (
        "MiniMax, no money",
        "MiniMax-AI/MiniMax-M2#62",
        500,
        {
            "type": "error",
            "error": {"type": "api_error", "message": "insufficient balance (1008)"},
            "request_id": "0599",
        },
        "insufficient balance (1008)",
        "quota",
        None,
    ),
    (
        "MiniMax, no key",
        "nearai/ironclaw#1742",
        401,
        {
            "type": "error",
            "error": {
                "type": "authorized_error",
                "message": "login fail: Please carry the API secret key in the 'Authorization'"
                " field of the request header (1004)",
            },
        },
        "login fail",
        "auth",
        None,
    ),
    (
        "Cloudflare",
        "anomalyco/opencode#18552",
        404,
        {
            "result": None,
            "success": False,
            "errors": [
                {
                    "code": 7003,
                    "message": "Could not route to /client/v4/accounts/x/ai/v1/chat/completions,"
                    " perhaps your object identifier is invalid?",
                }
            ],
            "messages": [],
        },
        "perhaps your object identifier is invalid?",
        "not_found",
        None,
    ),
    (
        "Cloudflare, a wrong key",
        "cloudflare/workers-sdk#4522",
        403,
        {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]},
        "Authentication error",
        "auth",
        None,
    ),
    (
        "Groq",
        "mindcraft-bots/mindcraft#188",
        429,
        {
            "error": {
                "message": "Rate limit reached for model `llama3-70b-8192` in organization `x` on"
                " tokens per minute (TPM): Limit 6000, Used 5914, Requested 1822. Please try"
                " again in 17.359s. Visit https://console.groq.com/docs/rate-limits for more.",
                "type": "tokens",
                "code": "rate_limit_exceeded",
            }
        },
        "Rate limit reached",
        "rate_limit",
        17359,
    ),
    (
        "Together",
        "HeyPuter/puter#3168",
        400,
        {
            "id": "okkMWqL",
            "error": {
                "message": "Unable to access non-serverless model mistralai/x. Please visit"
                " https://api.together.ai/models/mistralai/x to create and start a new dedicated"
                " endpoint for the model.",
                "type": "invalid_request_error",
                "param": None,
                "code": "model_not_available",
            },
        },
        "Unable to access non-serverless model",
        "model_not_found",
        None,
    ),
    (
        "Perplexity",
        "perplexityai/api-discussion#265",
        400,
        {
            "error": {
                "message": "After the (optional) system message(s), user and assistant roles"
                " should be alternating.",
                "type": "invalid_message",
                "code": 400,
            }
        },
        "should be alternating",
        "bad_request",
        None,
    ),
    (
        "vLLM",
        "QwenLM/Qwen3-VL#988",
        400,
        {
            "object": "error",
            "message": "The model does not support Chat Completions API",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        "does not support Chat Completions API",
        "bad_request",
        None,
    ),
    (
        "SGLang",
        "QwenLM/Qwen3#1321",
        400,
        {
            "object": "error",
            "message": "The input (61709 tokens) is longer than the model's context length (40960"
            " tokens).",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        "61709 tokens",
        "context_length",
        None,
    ),
    (
        "TGI",
        "https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json",
        422,
        {"error": "Input validation error", "error_type": "validation"},
        "Input validation error",
        "bad_request",
        None,
    ),
    (
        "TGI, many users",
        "https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json",
        429,
        {"error": "Model is overloaded", "error_type": "overloaded"},
        "Model is overloaded",
        "overloaded",
        None,
    ),
    (
        "llama.cpp",
        "ggml-org/llama.cpp#19774",
        400,
        {
            "error": {
                "code": 400,
                "message": "request (4390 tokens) exceeds the available context size (4096"
                " tokens), try increasing it",
                "type": "exceed_context_size_error",
                "n_ctx": 4096,
            }
        },
        "request (4390 tokens)",
        "context_length",
        None,
    ),
    (
        "llama.cpp, loading",
        "measured, xllamacpp 2026.10",
        503,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        "Loading model",
        "server",
        None,
    ),
    (
        "Ollama",
        "netease-youdao/QAnything#555",
        404,
        fields('model "ollama" not found, try pulling it first', "api_error"),
        "try pulling it first",
        "model_not_found",
        None,
    ),
    (
        "Ollama, as a text",
        "stackblitz-labs/bolt.diy#434",
        404,
        {"error": 'model "claude-3-5-sonnet-latest" not found, try pulling it first'},
        "try pulling it first",
        "model_not_found",
        None,
    ),
    (
        "LM Studio",
        "Gitlawb/openclaude#353",
        400,
        {
            "error": "The number of tokens to keep from the initial prompt is greater than the"
            " context length (n_keep: 13055>= n_ctx: 4096). Try to load the model with a larger"
            " context length, or provide a shorter input."
        },
        "n_keep: 13055",
        "context_length",
        None,
    ),
    ("mlx-lm", "ml-explore/mlx-lm#233", 404, b"Not Found", "Not Found", "not_found", None),
    (
        "litellm without a database, to a wrong key",
        "measured, litellm 1.108.7",
        400,
        fields("No connected db.", "no_db_connection", "400"),
        "No connected db.",
        "auth",
        None,
    ),
    (
        "Portkey",
        "mlflow/mlflow#24391",
        400,
        {
            "status": "failure",
            "message": "Either x-portkey-config or x-portkey-provider header is required",
        },
        "Either x-portkey-config",
        "bad_request",
        None,
    ),
    (
        "Express",
        "measured, mock-llm 0.1.29",
        404,
        {"error": "Not Found", "message": "Cannot POST /v9/chat/completions", "status": 404},
        "Cannot POST /v9/chat/completions",
        "not_found",
        None,
    ),
    (
        "Express' own page",
        "shown by curl in a write-up of AmateursCTF 2024, 'denied'",
        404,
        b'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        b"<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST /</pre>\n</body>\n</html>\n",
        "Error Cannot POST /",
        "not_found",
        None,
    ),
    (
        "Fastify",
        "rybbit-io/rybbit#582",
        413,
        {
            "statusCode": 413,
            "code": "FST_ERR_CTP_BODY_TOO_LARGE",
            "error": "Payload Too Large",
            "message": "Request body is too large",
        },
        "Request body is too large",
        "too_large",
        None,
    ),
    (
        "NestJS",
        "https://github.com/nestjs/docs.nestjs.com/blob/master/content/techniques/validation.md",
        400,
        {
            "statusCode": 400,
            "error": "Bad Request",
            "message": [
                {
                    "target": {},
                    "property": "email",
                    "children": [],
                    "constraints": {"isEmail": "email must be an email"},
                }
            ],
        },
        "email must be an email",
        "bad_request",
        None,
    ),
    (
        "Spring",
        "eclipse-dirigible/dirigible#6994",
        404,
        {
            "timestamp": "2026",
            "status": 404,
            "error": "Not Found",
            "path": "/services/ide/messaging-monitoring/queues/no-such-queue/messages",
        },
        "Not Found",
        "not_found",
        None,
    ),
    (
        "Spring with an empty message",
        "spring-projects/spring-boot#24048",
        401,
        {
            "timestamp": "2020-11-05T09:44:45.497+0000",
            "status": 401,
            "error": "Unauthorized",
            "message": "",
            "path": "/bad",
        },
        "Unauthorized",
        "auth",
        None,
    ),
    (
        "Django REST framework",
        "https://github.com/encode/django-rest-framework/blob/main/docs/api-guide/exceptions.md",
        405,
        {"detail": "Method 'DELETE' not allowed."},
        "Method 'DELETE' not allowed.",
        "bad_request",
        None,
    ),
    (
        "Django REST framework, fields",
        "https://github.com/encode/django-rest-framework/blob/main/docs/api-guide/exceptions.md",
        400,
        {
            "amount": ["A valid integer is required."],
            "description": ["This field may not be blank."],
        },
        "A valid integer is required.",
        "bad_request",
        None,
    ),
    (
        "FastAPI",
        "Alishahryar1/free-claude-code#1041",
        422,
        {
            "detail": [
                {
                    "type": "literal_error",
                    "loc": ["body", "messages", 1, "role"],
                    "msg": "Input should be 'user' or 'assistant'",
                    "input": "system",
                    "ctx": {"expected": "'user' or 'assistant'"},
                }
            ]
        },
        "body.messages.1.role: Input should be 'user' or 'assistant'",
        "bad_request",
        None,
    ),
    (
        "nginx",
        "measured, nginx 1.22.1",
        413,
        b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center>"
        b"<h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n"
        b"</body>\r\n</html>\r\n",
        "status 413: Request Entity Too Large",
        "too_large",
        None,
    ),
    (
        "haproxy",
        "https://github.com/haproxy/haproxy/blob/master/examples/errorfiles/503.http",
        503,
        b"<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this"
        b" request.\n</body></html>\n\n",
        "status 503: Service Unavailable No server is available to handle this request.",
        "server",
        None,
    ),
    ("caddy", "measured, caddy 2.6.2", 502, b"", "the response has no body", "server", None),
]


def refused(body, status, headers=None):
    if not isinstance(body, bytes):
        return play([json_reply(body, status)]).error
    return play([ScriptedReply([body], status, headers or PAGE)]).error


def test_what_each_server_says():
    for name, place, status, body, words, kind, wait in SERVERS:
        error = refused(body, status)
        assert words in str(error), (name, place, str(error))
        assert "{" not in str(error) or "amount" in body, (name, str(error))
        assert (error.status, error.kind) == (status, kind), (name, place, error.kind)
        assert error.retry_after_ms == wait, (name, place, error.retry_after_ms)


def test_the_same_inside_of_a_stream():
    # Where it is no page. A status of 200 says nothing: words and codes decide, or "server".
    for name, place, status, body, words, kind, _wait in SERVERS:
        told = isinstance(body, dict) and not ("detail" in body or "amount" in body)
        if told and body.get("status") != "failure":  # these are errors by their status alone
            error = play([ScriptedReply([sse(body)])]).error
            assert words in str(error), (name, place, str(error))
            assert type(error).__name__ in ("StatusError", "ContextWindowExceeded"), (name, error)
            sure = kind in ("quota", "rate_limit", "context_length", "overloaded")
            assert not sure or error.kind == kind, (name, place, error.kind)
            if status in (401, 403) and kind == "auth":
                assert not error.retryable, (name, error.kind)


# Shapes, made up: what is an error in a stream, by its words; None: it is none.
SHAPES = [
    ({"error": {"message": "", "type": "", "param": "", "code": None}}, None),
    ({"error": [[], {}, {"a": [""]}]}, None),
    ({"error": {"message": "", "details": {"code": 7}}}, "the server sent an error without words"),
    ({"error": "Bad Request", "message": "Too long"}, "Too long"),
    ({"error": {}, "message": "Too long", "code": "x"}, "Too long"),
    ({"base_resp": {"status_code": 0, "status_msg": "success"}}, None),
    ({"base_resp": {"status_code": 1008, "status_msg": "broke"}, "choices": None}, "broke"),
    ({"success": True, "errors": []}, None),
    ({"object": "error", "message": "No."}, "No."),
    ({"errors": [{"message": "No."}]}, "No."),
    ({"success": False}, "the server sent an error without words"),
    ({"code": "InvalidApiKey", "message": "No."}, "No."),
    ({"code": 1301, "msg": "No."}, "No."),
    ({"error_code": 17, "error_msg": "Daily limit"}, "Daily limit"),
    ({"statusCode": 500, "message": "No."}, "status 500: No."),
    ({"type": "error", "message": "No."}, "No."),
    # Words on the way, and what is part of a good chunk.
    ({"code": 200, "message": "working"}, None),
    ({"code": "0", "message": "working"}, None),
    ({"code": "Success", "message": "working"}, None),
    ({"code": 7}, None),
    ({"type": "error"}, None),
    ({"type": "status", "message": "working"}, None),
    ({"status": "working", "detail": "half of it"}, None),
    ({"code": 7, "message": "m", "choices": [{"delta": {}}]}, None),
    ({"error": {"message": ""}, "code": 7, "choices": [{"delta": {}}], "message": "m"}, None),
    ({"object": "chat.completion.chunk", "usage": {"total_tokens": 1}}, None),
]


def test_what_is_an_error_and_what_is_none():
    for obj, want in SHAPES:
        error = chunk.error(obj)
        assert (error and str(error)) == want, (obj, error)


# An error with a status of its own, then what it says.
NESTED = [
    ({"message": [1, {"msg": ["a", ["b"]]}, "c", "d", "e"]}, "a; b; c; d"),
    ({"message": [{"loc": ["x"], "msg": "a"}] * 9}, "x: a; x: a; x: a"),
    ({"message": {"error": {"message": "{}"}}}, "{}"),
    ({"error": '{"error": "[1, 2'}, '{"error": "[1, 2'),
    ('{"error": {"message": "inner"}}', "inner"),
    ({"title": "Bad", "detail": "worse"}, "worse"),
    ({"title": "Bad"}, "Bad"),
    ({"message": " \n"}, "default"),
    ("", "default"),
    (None, "default"),
    ([[]], "default"),
]


def test_words_in_one_another():
    for value, want in NESTED:
        error = error_object.error_of(value, 500, None, "default")
        assert error.message == "status 500: " + want, (value, error)


# What holds a code, then the code.
CODES = [
    ({"error": "invalid_token", "error_description": "The token is old"}, "invalid_token"),
    ({"error": "Bad Request", "message": "no"}, ""),
    ({"error": "oops"}, ""),
    ({"message": "no", "type": "error", "error_type": "x"}, "x"),
    ({"error": {"code": 3, "status": "INVALID"}, "type": "outer"}, "INVALID"),
]


def test_codes():
    for value, want in CODES:
        assert error_object.error_of(value, 400).code == want, value


def test_a_status_in_the_body_counts_for_a_200_alone():
    for name in ("code", "status", "statusCode", "status_code", "http_code"):
        for value in (413, "413"):
            body = {"error": {"message": "m", name: value}}
            assert error_object.error_of(body, 200).status == 413, (name, value)
            assert error_object.error_of(body, 500).status == 500, (name, value)
        for value in (99, 600, "41x", "\u0664\u0660\u0660", True, None):
            assert error_object.error_of({"message": "m", name: value}, 200).status == 200, value


# A text, then the time at its start.
TIMES = [
    ("1.5s", 1500),
    ("20", 20000),
    ("20.0", 20000),
    ("9m38.016s. Need more tokens", 578016),
    ("1h2m3s", 3723000),
    ("1 hour, 30 minutes", 5400000),
    ("2 days", 172800000),
    ("86400 seconds. Please", 86400000),
    ("120ms", 120),
    ("120 milliseconds", 120),
    ("50.597142857s", 50597),
    ("10s later", 10000),
    ("0s", 0),
    ("9" * 20 + "s", 1000000000),
    ("999999h 999999h", 1000000000),
    ("a few minutes", None),
    ("", None),
    ("2026-01-01", None),
    ("12:30", None),
    ("5 apples", None),
    ("1..2s", None),
    ("-1s", None),
    ("\u0665s", None),
]


def test_times():
    for text, want in TIMES:
        got = error_object.duration(text)
        assert got == want, (text, got)


# Body of a refusal and its status, then the wait.
WAITS = [
    ({"error": {"message": "m", "retry_after": 7}}, 500, 7000),
    ({"error": {"message": "m", "retry_after": 0.5}}, 429, 500),
    ({"error": "Model x is currently loading", "estimated_time": 20.0}, 503, 20000),
    ({"error": {"message": "m"}, "retryAfter": "3"}, 429, 3000),
    ({"message": "Please try again in 2s"}, 429, 2000),
    ({"detail": "Request was throttled. Expected available in 52 seconds."}, 429, 52000),
    ({"message": "Rate limit is exceeded. Try again in 50 seconds."}, 429, 50000),
    ({"message": "Please retry after 86400 seconds."}, 429, 86400000),
    ({"message": "rate limited: retry in a minute, or again in 5s"}, 429, 5000),
    # No limit: such words may be the user's own.
    ({"message": "cannot answer 'call me again in 5 minutes'"}, 500, None),
    ({"message": "Please try again in 2s"}, 400, None),
    ({"error": {"message": "m", "retry_after": True}}, 429, None),
    ({"error": {"message": "m", "retry_after": "soon"}}, 429, None),
    (b"Too many requests, please try again in 3 seconds.", 429, 3000),
]


def test_waits_that_only_the_body_asks_for():
    for body, status, want in WAITS:
        got = refused(body, status).retry_after_ms
        assert got == want, (body, got)


def test_the_wait_of_a_header_comes_first():
    for header, want in (({"retry-after": "1"}, 1000), ({"retry-after": "soon"}, 9000)):
        error = play(
            [json_reply({"error": {"message": "m", "retry_after": 9}}, 429, header)]
        ).error
        assert error.retry_after_ms == want, header


# A page, then what is told of it.
PAGES = [
    (b"<html><title>Bad gateway | x</title>", "Bad gateway | x"),
    (b"\n <!DOCTYPE html><HTML><TITLE lang=en>Two\n words</TITLE>", "Two words"),
    (b"<title>Error response</title><p>Message: File not found.", "Error response Message: File"),
    (b"<title>Oops</title><style>p{}</style><p>It &amp; we &lt;fail&gt;", "Oops It & we <fail>"),
    (b"<SCRIPT>if(a<b)c()</SCRIPT>no<!-- a > b --> more", "no more"),
    (b"<title>cut in", "cut in"),
    (b"<title", ""),
    (b"<p>a<style>never ends", "a"),
    (b"<p>a<script", "a"),
    (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "AccessDenied"),
    (b"<title>two words", "two words"),
    (b"<" * 500, ""),
    (b"2 < 3", "2 < 3"),
    (b"", ""),
]


def test_pages_are_told_by_their_title():
    for body, want in PAGES:
        got = error_object.shown(bytearray(body))
        assert got.startswith(want), (body, got)
        assert len(got) <= 200
        assert want or not got, (body, got)


def test_a_page_in_place_of_an_answer():
    error = play([ScriptedReply([b"<html><title>Log in here</title>"], 200, PAGE)]).error
    assert str(error) == "the answer is text/html, not a stream: Log in here", error


def test_an_error_as_an_event_with_the_status_of_an_error():
    for start in (b"data: ", b"event: error\ndata:"):
        for body in (b'{"error": {"message": "busy"}}\n\n', b'{"error": {"message": "busy"}}'):
            error = refused(start + body, 503, {"content-type": "text/event-stream"})
            assert str(error) == "status 503: busy", error
    assert str(refused(b"data: nothing", 503, {})) == "status 503: data: nothing"


def test_a_heap_without_room_for_the_wait_leaves_the_error():
    kept = error_object.wait_of

    def full(layers, kind, message):
        raise MemoryError("no room")

    error_object.wait_of = full
    try:
        error = error_object.error_of({"error": {"message": "slow down"}}, 429)
    finally:
        error_object.wait_of = kept
    assert (error.kind, str(error), error.speechless) == (
        "rate_limit",
        "status 429: slow down",
        True,
    )
    assert error.retry_after_ms is None
