# One call of a client, and what came of it, as plain data. Runs on CPython and on MicroPython, so
# that both are held to one table (tests/support/turns.py), and any board can be asked to run it.

import binascii

from thinwire import AsyncClient, Client, Deployment, RetryPolicy, Timeouts

KEY = "sk-never-to-be-seen"


def arguments_of(job):
    deployments = {}
    for name, (url, upstream, *more) in job["models"].items():
        given = dict(more[0]) if more else {}
        if url.startswith("http://") and "//127.0.0.1:" not in url:
            given["allow_insecure_http"] = True  # of an emulated board, to the machine it runs on
        deployments[name] = Deployment(url, KEY, upstream, **given)
    options = dict(job.get("options") or {})
    if "cadata" in options:
        options["cadata"] = binascii.unhexlify(options["cadata"])
    options["retry"] = RetryPolicy(**job.get("retry") or {"attempts": 1})
    options["timeouts"] = Timeouts(**job.get("timeouts") or {})
    return (job["model"], deployments, job.get("fallbacks")), options


def call_of(job):
    messages = job.get("messages") or [{"role": "user", "content": "Hi"}]
    return messages, job.get("params") or {}


def summary(completion):
    return {
        "content": completion.content,
        "reasoning": completion.reasoning_content,
        "refusal": completion.refusal,
        "tools": [[call.name, call.arguments] for call in completion.tool_calls],
        "finish_reason": completion.finish_reason,
        "usage": completion.usage,
        "complete": completion.complete,
        "end": completion.end,
        "attempts": len(completion.attempts),
        "deployment": completion.deployment,
    }


class Heard:
    """Counts what on_delta is told. A list of small strings would fragment the heap of a chip."""

    def __init__(self):
        self.size = 0

    def hear(self, text):
        self.size += len(text)

    def check(self, completion):
        assert self.size == len(completion.text or ""), self.size
        return summary(completion)


def failure(error):
    partial = getattr(error, "partial", None)
    # Of a broken stream; else it is the library's own error, and each has its own.
    cause = error.cause if partial is not None else None
    return {
        "error": type(error).__name__,
        "message": str(error),
        "phase": getattr(error, "phase", ""),
        "status": getattr(error, "status", 0),
        "cause": type(cause).__name__ if cause is not None else "",
        "cause_phase": getattr(cause, "phase", ""),
        "partial": partial.content if partial is not None else None,
        "end": partial.end if partial is not None else "",
    }


async def ask(job):
    """Does what `job` says with AsyncClient; returns the outcome."""
    heard = Heard()
    try:
        names, options = arguments_of(job)
        messages, params = call_of(job)
        async with AsyncClient(*names, **options) as client:
            completion = await client.chat(messages, on_delta=heard.hear, **params)
    except Exception as error:  # whatever leaves is what is tested
        return failure(error)
    return heard.check(completion)


def ask_blocking(job):
    """The same with Client."""
    heard = Heard()
    try:
        names, options = arguments_of(job)
        messages, params = call_of(job)
        with Client(*names, **options) as client:
            completion = client.chat(messages, on_delta=heard.hear, **params)
    except Exception as error:
        return failure(error)
    return heard.check(completion)


async def ask_all(jobs):
    """The outcomes of one job after the other."""
    outcomes = []
    for job in jobs:
        outcomes.append(await ask(job))
    return outcomes


async def ask_all_timed(jobs):
    """The same on a board: [outcomes, milliseconds on its own clock]."""
    import time

    start = time.ticks_ms()
    outcomes = await ask_all(jobs)
    return [outcomes, time.ticks_diff(time.ticks_ms(), start)]


def ask_all_blocking(jobs):
    """The same with Client."""
    return [ask_blocking(job) for job in jobs]
