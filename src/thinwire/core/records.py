# What is known of deployments that failed; loaded when one has, or when somebody asks.


class Record:
    """The failures of a deployment since its last answer.

    Attributes:
        until_ms: when it may be asked again.
        failures: how many attempts failed.
        reason: kind of the last error.
    """

    def __init__(self, until_ms: int = 0, failures: int = 0, reason: str = "") -> None:
        self.until_ms = until_ms
        self.failures = failures
        self.reason = reason

    def wait_ms(self, now_ms: int) -> int:
        """How long the deployment is still left alone, in milliseconds."""
        return max(self.until_ms - now_ms, 0)


class DeploymentState:
    """How a deployment is doing.

    Attributes:
        healthy: whether calls go to it first; else it is tried after all others of a chain.
        cooldown_ms: how long it is still left alone, in milliseconds.
        failures: failed attempts since the last answer.
        reason: kind of the last of them, "" after an answer.
    """

    def __init__(self, cooldown_ms: int = 0, failures: int = 0, reason: str = "") -> None:
        self.healthy = cooldown_ms <= 0
        self.cooldown_ms = max(cooldown_ms, 0)
        self.failures = failures
        self.reason = reason

    def __repr__(self) -> str:
        words = "healthy" if self.healthy else "cools down for %d ms" % self.cooldown_ms
        return "DeploymentState(%s, failures=%d, %r)" % (words, self.failures, self.reason)
