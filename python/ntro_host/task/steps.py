"""The ladder of a task: which steps there are, and which of them are done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, SupportsIndex

from .clock import timestamp

StepStatus = Literal["pending", "active", "completed", "failed"]


@dataclass(frozen=True)
class DeclaredStep:
    """A step as its author describes it."""

    id: str
    title: str
    icon: str | None = None


@dataclass
class Step:
    """A step of one run. Times are ISO 8601 UTC, of the workflow's clock."""

    id: str
    title: str
    icon: str | None = None
    status: StepStatus = "pending"
    started_at: str | None = None
    ended_at: str | None = None

    def shown(self) -> dict[str, Any]:
        """As ``ntro_state`` and reports have it."""
        given = {"icon": self.icon, "started_at": self.started_at, "ended_at": self.ended_at}
        return {
            "id": self.id,
            "title": self.title,
            "status": self.status,
            **{key: value for key, value in given.items() if value is not None},
        }


def decorated_steps(cls: type) -> list[DeclaredStep]:
    """
    The methods decorated as steps, inherited ones first. A method that a subclass overrides keeps its place and takes the subclass's description.

    ntro 0.1.2 lists the methods of the last class only, although inherited ones run and are counted as completed.
    """
    steps: dict[str, DeclaredStep] = {}
    for owner in reversed(cls.__mro__):
        for name in vars(owner):
            meta = getattr(getattr(cls, name, None), "__ntro_ui_step__", None)
            if isinstance(meta, dict) and meta.get("name"):
                step_id = str(meta["name"])
                steps.setdefault(step_id, DeclaredStep(step_id, str(meta.get("title") or step_id), meta.get("icon")))
    return list(steps.values())


class CompletedSteps(list[str]):
    """The author's list of completed steps; bundles that keep account of steps by hand append to it."""

    def __init__(self, ids: Iterable[str], on_completed: Callable[[str], None]) -> None:
        super().__init__(ids)
        self._on_completed = on_completed

    def append(self, step_id: str) -> None:
        """Completes a step."""
        super().append(step_id)
        self._on_completed(step_id)

    def insert(self, index: SupportsIndex, step_id: str) -> None:
        """Completes a step."""
        super().insert(index, step_id)
        self._on_completed(step_id)

    def extend(self, ids: Iterable[str]) -> None:
        """Completes several steps."""
        for step_id in ids:
            self.append(step_id)

    def __iadd__(self, ids: Iterable[str]) -> CompletedSteps:  # type: ignore[override, misc]
        self.extend(ids)
        return self


class StepLog:
    """
    What has become of each step. ``declared`` steps come first; ids that the author uses beside them are added as they are seen.

    ``on_change`` is called after every change.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._steps: dict[str, Step] = {}
        self._declared: list[str] = []
        self._under_way: list[str] = []
        self._by_hand: str | None = None
        self.current: str | None = None
        self.completed = CompletedSteps((), self._complete_by_hand)
        self.on_entry: Callable[[str], None] = lambda step_id: None

    def declare(self, steps: Sequence[DeclaredStep]) -> None:
        """Sets the ladder."""
        seen = self._steps
        self._steps = {step.id: Step(step.id, step.title, step.icon) for step in steps}
        for step in seen.values():
            place = self._steps.setdefault(step.id, step)
            place.status, place.started_at, place.ended_at = step.status, step.started_at, step.ended_at
        self._on_change()

    @property
    def all(self) -> list[Step]:
        """Every step, in the order of the ladder."""
        return list(self._steps.values())

    def title(self, step_id: str) -> str:
        """What people call a step."""
        step = self._steps.get(step_id)
        return step.title if step else _readable(step_id)

    def enter(self, step_id: str) -> None:
        """Opens a step; one that is entered again starts over."""
        self._under_way.append(step_id)
        self._start(step_id)

    def leave(self, step_id: str, status: Literal["completed", "failed"]) -> None:
        """Closes a step that was entered, and with it one that was set by hand inside."""
        self._end_by_hand(status)
        if step_id in self._under_way:
            del self._under_way[len(self._under_way) - 1 - self._under_way[::-1].index(step_id)]
        if self._under_way:
            self.current = self._under_way[-1]
        if step_id in self._under_way and status == "completed":
            # Its author runs it twice at once: it is over when both runs are.
            return
        self._end(step_id, status)

    def set_by_hand(self, step_id: str | None) -> None:
        """What assigning ``self._current_step_id`` means: that step is under way now, and the one assigned before is over."""
        if step_id == self.current and (step_id is None or step_id in self._under_way or step_id == self._by_hand):
            return
        self._end_by_hand("completed")
        self.current = step_id
        if step_id is not None and step_id not in self._under_way:
            self._by_hand = step_id
            self._start(step_id)
        else:
            self._on_change()

    def end_all(self, status: Literal["completed", "failed"]) -> None:
        """Closes what is under way at the task's end; a task that completes leaves alone the steps that nobody awaited."""
        self._end_by_hand(status)
        if status == "failed":
            for step_id in self._under_way:
                self._end(step_id, "failed")
            self._under_way.clear()

    def replace_completed(self, ids: Iterable[str]) -> None:
        """What assigning ``self._steps_completed`` means."""
        given = list(ids)
        fresh = [step_id for step_id in given if step_id not in self.completed]
        self.completed = CompletedSteps(given, self._complete_by_hand)
        for step_id in fresh:
            self._complete_by_hand(step_id)

    def _start(self, step_id: str) -> None:
        self.current = step_id
        self.on_entry(step_id)
        while step_id in self.completed:
            self.completed.remove(step_id)
        step = self._step(step_id)
        step.status, step.started_at, step.ended_at = "active", timestamp(), None
        self._on_change()

    def _end(self, step_id: str, status: Literal["completed", "failed"]) -> None:
        step = self._step(step_id)
        step.status, step.ended_at = status, timestamp()
        if status == "completed" and step_id not in self.completed:
            list.append(self.completed, step_id)
        self._on_change()

    def _end_by_hand(self, status: Literal["completed", "failed"]) -> None:
        step_id, self._by_hand = self._by_hand, None
        step = self._steps.get(step_id) if step_id is not None else None
        if step and step.status == "active":
            # The author's own list is theirs: a step they leave is over, but only they say that it is among the completed.
            step.status, step.ended_at = status, timestamp()
            self._on_change()

    def _complete_by_hand(self, step_id: str) -> None:
        step = self._step(step_id)
        if step_id in self._under_way or step.status == "completed":
            return
        step.status, step.ended_at = "completed", timestamp()
        if self._by_hand == step_id:
            self._by_hand = None
        self._on_change()

    def _step(self, step_id: str) -> Step:
        return self._steps.setdefault(step_id, Step(step_id, _readable(step_id)))


def _readable(step_id: str) -> str:
    words = step_id.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else step_id
