"""The hook that makes spans and metrics of what a client tells (core/observer.py).

A call is one span, of kind CLIENT, below whatever span is current where the call is made; each of
its attempts is one below it. Both begin and end where the client says so, whatever runs meanwhile,
so that no context has to be carried from one event to the next: each has the name of its call.

What is told is names, numbers and times. Texts are told where that is asked for, and keys never.
"""

import os
import threading
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from thinwire import __version__
from thinwire._public import public
from thinwire.otel import content
from thinwire.otel.attributes import (
    CALL_EVENTS,
    SCHEMA_URL,
    operation,
    request_attributes,
    response_attributes,
    server,
    token_counts,
)

Fields = dict[str, Any]

_SCOPE = "thinwire"
# What the conventions advise, so that histograms of different libraries can be added up.
_SECONDS = [0.01 * 2**power for power in range(14)]
_TOKENS = [4**power for power in range(14)]
_CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


class _Call:
    # A call at work: its span, those of its attempts by number, and what its metrics share.

    def __init__(self, span: Span, shared: Fields) -> None:
        self.span = span
        self.context: Context = trace.set_span_in_context(span)
        self.attempts: dict[int, Span] = {}
        self.shared = shared
        self.first_token: float | None = None
        self.completion: Any = None  # once it is whole
        self.tries = 0


@public
class Telemetry:
    """A hook for a client's `on_event`: OpenTelemetry's spans and metrics of each call.

    One serves any number of clients, tasks and threads.

    Args:
        tracer_provider: makes the tracer; None: the global one.
        meter_provider: makes the meter; None: the global one.
        content: whether messages, answers and definitions of tools are told, in the attributes
            that the conventions have for them; None: as the variable
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, by default not.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        content: bool | None = None,
    ) -> None:
        if content is None:
            said = os.environ.get(_CAPTURE, "").lower()
            content = said in ("true", "1", "span_only", "span_and_event")
        self._content = content
        self._tracer = trace.get_tracer(_SCOPE, __version__, tracer_provider, SCHEMA_URL)
        meter = metrics.get_meter(_SCOPE, __version__, meter_provider, SCHEMA_URL)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time to receive the first chunk of the response stream.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._usage = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._calls: dict[str, _Call] = {}
        self._lock = threading.Lock()

    def __call__(self, event: str, fields: Fields) -> None:
        """Takes an event of a client."""
        name = fields.get("call")
        if event == "call_started":
            self._begin(fields)
            return
        call = self._calls.get(str(name))
        if call is None:  # of no call; or of one that had begun before
            return
        if event == "attempt_started":
            self._begin_attempt(call, fields)
        elif event in ("attempt_failed", "attempt_lost"):
            self._end_attempt(call, fields, fields.get("outcome", "lost"))
        elif event == "first_token":
            call.first_token = fields["ms"] / 1000
        elif event == "complete":
            call.completion = fields["completion"]
            self._end_attempt(call, fields, "answered")
        elif event == "call_ended":
            with self._lock:
                self._calls.pop(str(name), None)
            self._end(call, fields)
        elif event in CALL_EVENTS:
            told = {
                f"thinwire.{key}": value
                for key, value in fields.items()
                if key in CALL_EVENTS[event] and value is not None
            }
            call.span.add_event(f"thinwire.{event}", told)

    def _begin(self, fields: Fields) -> None:
        request, model = fields["request"], fields["model"]
        name = operation(request)
        shared = {"gen_ai.operation.name": name, "gen_ai.request.model": model, **server(fields)}
        attributes = {**shared, **request_attributes(request, fields["session"])}
        if self._content:
            attributes.update(content.of_request(request))
        span = self._tracer.start_span(
            f"{name} {model}", kind=SpanKind.CLIENT, attributes=attributes
        )
        with self._lock:
            self._calls[fields["call"]] = _Call(span, shared)

    def _begin_attempt(self, call: _Call, fields: Fields) -> None:
        where = server(fields)
        call.tries += 1
        call.shared.update(where)  # of the last one: mostly, the one that answers
        call.span.set_attributes(where)
        call.attempts[fields["attempt"]] = self._tracer.start_span(
            f"attempt {fields['deployment']}",
            call.context,
            SpanKind.CLIENT,
            {
                **where,
                "thinwire.attempt": fields["attempt"],
                "thinwire.deployment": fields["deployment"],
                "thinwire.hedge": fields["hedge"],
                "thinwire.upstream_model": fields["upstream_model"],
            },
        )

    def _end_attempt(self, call: _Call, fields: Fields, outcome: str) -> None:
        span = call.attempts.pop(fields["attempt"], None)
        if span is None:
            return
        span.set_attribute("thinwire.outcome", outcome)
        if fields.get("status"):
            span.set_attribute("http.response.status_code", fields["status"])
        _note_error(span, fields)
        span.end()

    def _end(self, call: _Call, fields: Fields) -> None:
        completion, end = call.completion, fields["end"]
        for number in list(call.attempts):  # those that were left at work
            self._end_attempt(call, {"attempt": number}, end)
        span, shared = call.span, call.shared
        if end == "cancelled":
            fields = {**fields, "kind": "cancelled"}
        if fields.get("kind"):
            shared["error.type"] = fields["kind"]
        span.set_attributes({"thinwire.end": end, "thinwire.attempts": call.tries})
        if completion is not None:
            if completion.upstream_model:
                shared["gen_ai.response.model"] = completion.upstream_model
            span.set_attributes(response_attributes(completion))
            if self._content:
                span.set_attributes(content.of_completion(completion))
        if call.first_token is not None:
            span.set_attribute("gen_ai.response.time_to_first_chunk", call.first_token)
        _note_error(span, fields)
        self._duration.record((fields["ms"] or 0) / 1000, shared, call.context)
        shared.pop("error.type", None)
        if call.first_token is not None:
            self._first_chunk.record(call.first_token, shared, call.context)
        for kind, count in token_counts(completion.usage if completion else {}):
            self._usage.record(count, {**shared, "gen_ai.token.type": kind}, call.context)
        span.end()


def _note_error(span: Span, fields: Fields) -> None:
    # The words are thinwire's own, without those of the server (core/observer.py).
    if fields.get("kind"):
        span.set_attribute("error.type", fields["kind"])
        span.set_status(Status(StatusCode.ERROR, fields.get("error")))
