"""What becomes of a fault: alone, with retries, with a fallback, raced, restarted."""

import dataclasses
from typing import Any

from support.fault import SAID, Fault

MODEL, BACKUP = "m", "backup"
AGAIN = "Hello again"  # the faulty server's second answer
RESCUE = "from the backup"
_GRACE_MS = 1000  # how much later than its clocks a turn may end
_UPLOAD_MS = 0.5  # that a KiB may take to be sent
_HEDGE_S = 0.1
_PATIENT_S = 20.0


@dataclasses.dataclass(frozen=True)
class Setting:
    """How a client is set up.

    Args:
        name: of the setting.
        attempts: at one deployment.
        heals: the server is healthy the second time.
        backup: there is a healthy fallback.
        hedge: it is started beside a silent attempt.
        restart: an answer that breaks off is started anew.
        unseen: nobody sees the text before it is whole.
        diverted: there is a fallback for just this reason.
    """

    name: str
    attempts: int = 1
    heals: bool = False
    backup: bool = False
    hedge: bool = False
    restart: bool = False
    unseen: bool = False
    diverted: bool = False

    def suits(self, fault: Fault) -> bool:
        """Whether the setting has anything to say about a fault."""
        if fault.settings and self.name not in fault.settings.split():
            return False
        if self.restart or self.unseen:
            return fault.late
        if self.name == "twice":
            return fault.retried and not (fault.late or fault.slow)
        return bool(fault.diverted) or not self.diverted


SETTINGS = [
    Setting("alone"),
    Setting("fallback", backup=True),
    Setting("retry", attempts=2, heals=True),
    Setting("twice", attempts=2),
    Setting("both", attempts=2, heals=True, backup=True),
    Setting("hedge", backup=True, hedge=True),
    Setting("restart", backup=True, restart=True),
    Setting("unseen", attempts=2, heals=True, unseen=True),
    Setting("unseen fallback", backup=True, unseen=True),
    Setting("diverted", diverted=True),
]


@dataclasses.dataclass(frozen=True)
class Case:
    """A fault in a setting.

    Args:
        fault: it.
        setting: it.
        scale: how many times as long the clocks and the pauses are.
    """

    fault: Fault
    setting: Setting
    scale: int = 1

    @property
    def name(self) -> str:
        """For the reader."""
        return f"{self.fault.name}, {self.setting.name}".replace(" ", "_")

    @property
    def timed(self) -> bool:
        """Whether the outcome is another one on a machine that is slow enough."""
        return self.fault.slow or self.fault.paced

    def timeouts(self) -> dict[str, float]:
        """Limits of the faulty deployment. A race is over long before they pass."""
        limits = dict(self.fault.timeouts)
        if self.setting.hedge and not self.fault.late:
            return dict.fromkeys(limits, _PATIENT_S)
        return {name: s * self.scale for name, s in limits.items()} if self.timed else limits

    def hedge_after(self) -> float | None:
        """Seconds; where the fault itself comes at once, a time that is not reached."""
        if not self.setting.hedge:
            return None
        return _HEDGE_S * self.scale if self._raced() else _PATIENT_S

    def expected(self) -> dict[str, Any]:
        """Attempts as [deployment, outcome, kind], the end, and the texts that were seen."""
        fault, setting = self.fault, self.setting
        if self._raced():
            return _answered([[MODEL, "lost", ""]], BACKUP, RESCUE)
        struck = [[MODEL, "interrupted" if fault.late else "failed", fault.kind]]
        if fault.late and not setting.unseen:
            return self._seen(struck)
        retried = fault.retried and setting.attempts > 1 and not self._flees()
        if setting.heals and not fault.place and (retried or fault.free):
            return _answered(struck, MODEL, AGAIN)
        struck *= fault.free + (2 if retried else 1)
        if self._onward():
            return _answered(struck, BACKUP, RESCUE)
        return self._failed(struck)

    def limit_ms(self) -> int:
        """How long the turn may take at the most, on a machine that has time for it."""
        grace = _GRACE_MS + self.fault.wait_ms + int(self.fault.upload * _UPLOAD_MS)
        if self._raced():
            return int(_HEDGE_S * self.scale * 1000) + grace
        strikes = [one for one in self.expected()["attempts"] if one[1] != "answered"]
        clock_ms = int(self.fault.limit_s * self.scale * 1000) if self.fault.slow else 0
        return grace + clock_ms * len(strikes)

    def _raced(self) -> bool:
        return self.setting.hedge and self.fault.slow and not self.fault.late

    def _onward(self) -> bool:
        return self.setting.diverted or (self.setting.backup and self.fault.rescued)

    def _flees(self) -> bool:
        return self._onward() and self.fault.impatient

    def _seen(self, struck: list[Any]) -> dict[str, Any]:
        if not (self.setting.restart and self.fault.rescued):
            return self._failed(struck)
        result = _answered(struck, BACKUP, RESCUE)
        result["texts"] = [SAID, RESCUE]
        result["restarts"] = [[BACKUP, self.fault.kind, len(SAID)]]
        return result

    def _failed(self, struck: list[Any]) -> dict[str, Any]:
        fault = self.fault
        several = len(struck) - fault.free > 1 and not fault.late
        return {
            "attempts": struck,
            "error": "AllAttemptsFailed" if several else fault.error,
            "kind": "interrupted" if fault.late else fault.kind,
            "status": fault.status,
            "phase": fault.phase,
            "texts": [SAID if fault.late and not self.setting.unseen else ""],
            "restarts": [],
        }


def _answered(struck: list[Any], deployment: str, text: str) -> dict[str, Any]:
    attempts = [*struck, [deployment, "answered", ""]]
    return {
        "attempts": attempts,
        "error": "",
        "content": text,
        "deployment": deployment,
        "texts": [text],
        "restarts": [],
    }


def cases(faults: list[Fault]) -> list[Case]:
    """Each fault in each setting that suits it."""
    return [
        Case(fault, setting) for fault in faults for setting in SETTINGS if setting.suits(fault)
    ]
