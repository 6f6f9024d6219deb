"""What a callback brought."""

from dataclasses import dataclass, field
from typing import Any, Optional


@dataclass(frozen=True)
class RelayResult:
    """A provider's callback. Its ``repr`` shows no value, so that it may be logged.

    ``iss`` is in ``parameters`` where the provider sends it. Compare it with your provider's issuer before the code
    goes anywhere (RFC 9207, section 2.4): the relay knows no providers.
    """

    code: Optional[str] = None
    """The authorization code; None where the callback had none."""

    raw: Optional[dict[str, Any]] = None
    """Every parameter of a callback that had no code, for example ``{"error": "access_denied", …}``; otherwise None."""

    parameters: dict[str, Any] = field(default_factory=dict)
    """Every parameter, with or without a code."""

    @property
    def success(self) -> bool:
        """Whether there is a code."""
        return self.code is not None

    def __repr__(self) -> str:
        return f"RelayResult(success={self.success}, parameters={sorted(self.parameters)})"
