"""Why an answer is refused. The server maps each type on its error of the same code."""

from __future__ import annotations

from typing import Literal, NoReturn

from temporalio.exceptions import ApplicationError

RefusalType = Literal["GATE_NOT_OPEN", "REASON_REQUIRED", "CORRECTION_REFUSED", "REQUEST_INVALID", "DATA_NOT_TAKEN"]


class Refused(ApplicationError):
    """An answer that is not taken: nothing changes, the sender reads the message."""

    def __init__(self, refusal: RefusalType, message: str) -> None:
        super().__init__(message, type=refusal, non_retryable=True)


def refuse(refusal: RefusalType, message: str) -> NoReturn:
    """Refuses an answer. Always raises :class:`Refused`."""
    raise Refused(refusal, message)
