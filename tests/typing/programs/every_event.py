"""Each event is dealt with, and the checker knows it."""

from typing import assert_never, assert_type

from thinwire import (
    AsyncClient,
    AudioDelta,
    Client,
    Completion,
    ContentDelta,
    Event,
    ImageDelta,
    ReasoningDelta,
    RefusalDelta,
    StreamComplete,
    StreamRestarted,
    ToolCallComplete,
    ToolCallDelta,
    ToolCallStarted,
    UsageReceived,
)


def told(event: Event) -> str:
    match event:
        case ContentDelta(text) | ReasoningDelta(text) | RefusalDelta(text=text):
            return text
        case ToolCallStarted(index, id, name):
            return f"{index + 1} {id.upper()} {name.upper()}"
        case ToolCallDelta(index, arguments):
            return f"{index + 1} {arguments.upper()}"
        case ToolCallComplete(index, id, name, arguments):
            return f"{index + 1} {id.upper()} {name.upper()} {sorted(arguments or {})}"
        case UsageReceived(usage):
            return str(sorted(usage))
        case ImageDelta(index, data, media_type):
            return f"{index + 1} {data.lower()} {media_type.upper()}"
        case AudioDelta(data, transcript):
            return data.lower() + transcript.upper()
        case StreamRestarted(deployment=deployment, reason=reason):
            return f"{deployment.upper()} {reason.upper()}"
        case StreamComplete(completion):
            return completion.content or ""
        case _:
            assert_never(event)


def length(event: Event) -> int:
    if isinstance(event, ContentDelta):
        return len(event.text)
    if isinstance(event, StreamComplete):
        assert_type(event.completion, Completion)
    return 0


async def later(client: AsyncClient) -> None:
    async with client.stream([{"role": "user", "content": "hi"}]) as stream:
        async for event in stream:
            print(told(event), length(event))
    assert_type(stream.completion, Completion)


def now(client: Client) -> None:
    with client.stream([{"role": "user", "content": "hi"}], temperature=None) as stream:
        events = [told(event) for event in stream]
    print(events, stream.completion.timings.ttft_ms)
