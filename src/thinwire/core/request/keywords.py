"""What users of openai and litellm type first, and what it is here. In a request's body these
would do nothing, or tell the key to whoever reads it.
"""

_SERVER = "Deployment(base_url, api_key), which the client is made with"

# Option of theirs -> what to write.
OURS = {
    "timeout": "timeouts=Timeouts(total=...), in seconds",
    "request_timeout": "timeouts=Timeouts(total=...), in seconds",
    "max_retries": "retry=RetryPolicy(attempts=...), which counts the first try, too",
    "num_retries": "retry=RetryPolicy(attempts=...), which counts the first try, too",
    "api_key": _SERVER,
    "base_url": _SERVER,
    "api_base": _SERVER,
    "api_version": 'Deployment("https://.../openai/v1?api-version=...", api_key)',
    "organization": 'extra_headers={"OpenAI-Organization": ...}, here or of the Deployment',
    "custom_llm_provider": _SERVER + "; model= names it",
    "extra_query": 'Deployment("https://.../v1?name=value", api_key)',
    "stream": "stream(...) for events as they arrive, chat(...) for the whole answer",
    "default_headers": "extra_headers=, here or of the Deployment",
    "fallbacks": 'fallbacks={"model": ["another", ...]} of the client',
    "mock_response": "thinwire.testing: MockServer, or ScriptedTransport for transport=",
    "drop_params": "Deployment(drop=(...,)) for what a server refuses",
    "caching": "a Transport of your own: thinwire keeps no answers",
}


def option(name: str, index: int) -> str:
    """Words for an option of others."""
    shown = "%s= is an option of other clients; here it is %s. A server's own field: extra_body="
    return shown % (name, OURS[name])


def shape(model: object, index: int) -> str:
    """Words for a class as response_format."""
    name = getattr(model, "__name__", type(model).__name__)
    schema = "%s.model_json_schema()" % name if hasattr(model, "model_json_schema") else "..."
    shown = (
        'response_format=%s is no JSON, but a class: write {"type": "json_schema", "json_schema": '
        '{"name": "%s", "schema": %s}}, and read completion.content with %s'
    )
    return shown % (name, name, schema, name)


def tool(tool: object, index: int) -> str:
    """Words for a function among the tools."""
    name = getattr(tool, "__name__", type(tool).__name__)
    shown = (
        "tools[%d] is the function %s, not its description: client.run_tools(...) takes functions"
        ' and calls them; here write {"type": "function", "function": {"name": "%s", "parameters":'
        " {...}}}, and call it for each of completion.tool_calls"
    )
    return shown % (index, name, name)


def keep(value: object, index: int) -> str:
    """Words for what is no way to keep text."""
    return 'keep= takes "text" or "none"; into a file: on_delta=file.write, keep="none"'
