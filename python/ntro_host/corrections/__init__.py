"""
What the published SDK does wrong, put right without touching a bundle. Each module corrects one thing in one version of
the SDK: its docstring names the defect, its ``apply`` replaces what has it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from . import (
    ai_answers,
    ai_cache,
    ai_config,
    amounts,
    checks,
    data_plane,
    dates,
    email,
    excel,
    files,
    ingest_outcomes,
    previous_task,
    reasoning,
    records,
    storage,
    subledger_rows,
)
from .ai_config import activity_context, ai_config_of
from .published import SDK_VERSION, SdkVersionError, require_sdk

SDK_ACTIVITIES: tuple[Callable[..., object], ...] = (
    checks.run_quality_check,
    previous_task.load_previous_task,
    previous_task.find_committed_document,
)
"""The activities that are there for every bundle, under their published names."""

_CORRECTIONS = (
    ai_answers,
    ai_cache,
    ai_config,
    amounts,
    checks,
    data_plane,
    dates,
    email,
    excel,
    files,
    ingest_outcomes,
    previous_task,
    reasoning,
    records,
    storage,
    subledger_rows,
)
_applied = False


def apply_corrections(*, storage_folder: str | os.PathLike[str] | None = None) -> None:
    """
    Corrects the SDK, once for the process and before any bundle is imported; to call it again changes nothing but the
    folder.

    :param storage_folder: the tenant's folder for files, the same for both languages; None for the published place
        beside ``NTRO_ARTIFACTS_DIR``
    :raises SdkVersionError: for another version of the SDK than the corrections are written for
    """
    global _applied
    require_sdk()
    if not _applied:
        for correction in _CORRECTIONS:
            correction.apply()
        _applied = True
    if storage_folder is not None:
        storage.use_folder(storage_folder)


__all__ = [
    "SDK_ACTIVITIES",
    "SDK_VERSION",
    "SdkVersionError",
    "activity_context",
    "ai_config_of",
    "apply_corrections",
]
