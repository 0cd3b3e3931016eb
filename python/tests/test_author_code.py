"""Handlers of author code get their argument as they declare it, however Temporal has bound them."""

from __future__ import annotations

import functools

import pytest
from pydantic import BaseModel

from ntro_host.task.author_code import parameters


class Submission(BaseModel):
    document_ref: str


class Bundle:
    def typed(self, submission: Submission) -> None: ...

    def plain(self, payload) -> None: ...  # type: ignore[no-untyped-def]


@pytest.mark.parametrize("handler", [Bundle().typed, functools.partial(Bundle.typed, Bundle())])
def test_the_type_of_a_bound_handler_is_found(handler: functools.partial[None]) -> None:
    assert parameters(handler) == [("submission", Submission)]


def test_a_handler_without_annotations_has_none() -> None:
    assert parameters(functools.partial(Bundle.plain, Bundle())) == [("payload", None)]
