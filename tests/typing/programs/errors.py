"""What can go wrong, and what an error knows."""

from thinwire import (
    FALLBACK_ON,
    FALLBACK_OPTIONAL,
    AllAttemptsFailed,
    Client,
    Completion,
    ContextWindowExceeded,
    Deployment,
    EncodeError,
    StatusError,
    StreamInterrupted,
    ThinwireError,
    TransportError,
    TransportTimeout,
)

client = Client(
    "m", {"m": Deployment("http://localhost:8000/v1")}, fallback_on=(*FALLBACK_ON, "bad_request")
)
Client("m", {}, fallback_on=FALLBACK_ON + FALLBACK_OPTIONAL)


def ask() -> Completion | None:
    try:
        return client.chat([{"role": "user", "content": "hi"}])
    except ContextWindowExceeded:
        return None
    except StatusError as error:
        print(error.status + 1, error.message.upper(), error.deployment.upper())
    except TransportTimeout as error:
        print(error.phase.upper())
    except StreamInterrupted as error:
        return error.partial
    except AllAttemptsFailed as error:
        for attempt in error.attempts:
            if attempt.error is not None:
                print(attempt.deployment.upper(), attempt.ms + 1, attempt.error.kind)
        print(error.last)
    except (TransportError, EncodeError) as error:
        print(error)
    except ThinwireError as error:
        if error.kind == "rate_limit":
            print(error.message)
    return None


def misspelt(error: ThinwireError) -> bool:
    return error.kind == "rate-limit"  # type: ignore[comparison-overlap]
