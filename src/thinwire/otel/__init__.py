"""OpenTelemetry: spans and metrics of each call, by the GenAI semantic conventions in version
1.41.0. Needs opentelemetry-api: `pip install thinwire[otel]`; docs/observability.md shows it.

    client = AsyncClient("m", deployment, on_event=Telemetry())
"""

from thinwire.otel.telemetry import Telemetry as Telemetry

__all__ = ("Telemetry",)
