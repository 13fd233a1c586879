"""What one server takes, as a deployment says it; reasoning; ends that nobody wants."""

from thinwire import Client, Completion, Deployment, Diverted

careful = Deployment(
    "https://api.example/v1",
    "sk-...",
    "big",
    params={"top_p": 0.9, "metadata": {"a": 1}},
    rename={"max_tokens": "max_completion_tokens"},
    drop=["temperature"],
    force={"store": False},
    reasoning="openrouter",
    reasoning_models=("o3*",),
    divert_on=("content_filter", "length"),
    session_field="prompt_cache_key",
    referer="https://me.example",
    title="Mine",
    models=["a", "b"],
    prompt_caching=True,
    max_concurrent=4,
    requests_per_minute=None,
)
Deployment("https://api.example/v1", max_concurrent="4")  # type: ignore[arg-type]
Deployment("https://api.example/v1", divert_on=("stop",))  # type: ignore[arg-type]
client = Client("m", careful)


def ask() -> Completion | None:
    try:
        client.chat([{"role": "user", "content": "hi"}], reasoning_effort=False)
        client.chat([{"role": "user", "content": "hi"}], reasoning_budget=4096)
        done = client.chat([{"role": "user", "content": "hi"}], reasoning_effort="low")
        print((done.native_finish_reason or "").upper())
    except Diverted as error:
        return error.completion
    return done
