"""Loads a bundle: imports its modules, finds its workflow class and its activities, and says everything that is wrong with them."""

from __future__ import annotations

import inspect
import traceback
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import temporalio.activity
import temporalio.workflow

from .faults import BundleFaulty, Fault, Place, at, error_fault, place_of, said_by
from .loader import add_bundle, import_module, modules_of, package_name, remove_bundle, subledger_modules
from .messages import RevisionKey
from .subledger_types import forget_subledger_types

WORKFLOW = "templates/workflow.py"
ACTIVITIES = "templates/activities.py"
MODELS = "templates/models.py"

_TOP_LEVEL = (
    "The file's top-level code failed. It runs whenever the bundle is loaded: move side effects into activities."
)
_ANNOTATION = "An annotation names something that does not exist when the file is loaded."

WorkflowDefinition = temporalio.workflow._Definition
ActivityDefinition = temporalio.activity._Definition


@dataclass(frozen=True)
class LoadedBundle:
    """What loading a bundle gives."""

    package: str
    folder: Path
    workflow: type
    activities: Mapping[str, ActivityDefinition]
    """By activity type."""

    @property
    def definition(self) -> WorkflowDefinition:
        """Temporal's definition of the workflow class."""
        return WorkflowDefinition.must_from_class(self.workflow)

    @property
    def module(self) -> str:
        """The name of the workflow's module."""
        return self.workflow.__module__


@dataclass
class _Loading:
    key: RevisionKey
    folder: Path
    package: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        # A module that fails takes those down that import it: the author is told once.
        if not any((fault.path, fault.line, fault.message) == (f.path, f.line, f.message) for f in self.faults):
            self.faults.append(fault)

    def import_file(self, path: str, code: str) -> ModuleType | None:
        """A module by its path in the bundle; None when its top-level code fails, which is a fault then."""
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        try:
            return import_module(self.package, module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.add(_import_fault(self.folder, code, path, error))
            return None


def load_bundle(key: RevisionKey, folder: Path) -> LoadedBundle:
    """
    Imports the bundle in ``folder`` as the package of ``key``. Its code runs, so a new bundle is loaded in a process of its own first.

    :raises BundleFaulty: with everything found wrong; nothing of the bundle stays imported
    """
    loading = _Loading(key, folder, package_name(key))
    add_bundle(loading.package, folder)
    loaded = _load(loading)
    if loaded is None or loading.faults:
        remove_bundle(loading.package)
        forget_subledger_types(loading.package)
        raise BundleFaulty(loading.faults)
    return loaded


def workflow_class_name(slug: str) -> str:
    """The class a bundle's workflow.py must have: ``nav-monthly`` → ``NavMonthlyWorkflow``."""
    return "".join(part.capitalize() for part in slug.split("-")) + "Workflow"


def _load(loading: _Loading) -> LoadedBundle | None:
    folder = loading.folder
    if (folder / "templates/__init__.py").is_file():
        loading.import_file("templates/__init__.py", "RUNBOOK_LOAD_ERROR")
    if (folder / MODELS).is_file():
        loading.import_file(MODELS, "MODELS_PY_IMPORT_ERROR")
    for name in subledger_modules(folder):
        loading.import_file(name.replace(".", "/") + ".py", "RUNBOOK_LOAD_ERROR")
    if (folder / ACTIVITIES).is_file():
        loading.import_file(ACTIVITIES, "ACTIVITIES_PY_IMPORT_ERROR")
    else:
        loading.add(_missing("ACTIVITIES_PY_MISSING", ACTIVITIES, "Add it, empty when there are no activities."))
    if not (folder / WORKFLOW).is_file():
        loading.add(_missing("WORKFLOW_PY_MISSING", WORKFLOW, "It holds the workflow class."))
        return None
    module = loading.import_file(WORKFLOW, "WORKFLOW_PY_IMPORT_ERROR")
    if module is None:
        return None
    workflow = _find_class(loading, module)
    activities = _find_activities(loading)
    if workflow is None:
        return None
    return LoadedBundle(loading.package, folder, workflow, activities)


def _missing(code: str, path: str, hint: str) -> Fault:
    return Fault(code=code, message=f"There is no {path}.", path=path, hint=hint)


def _import_fault(folder: Path, code: str, path: str, error: BaseException) -> Fault:
    if isinstance(error, ValueError) and "Missing @workflow.run method" in str(error):
        fault = error_fault(folder, "WORKFLOW_DEFN_MISSING", path, error)
        message = "The class has no method that is marked with @runbook.run."
        return fault.model_copy(update={"message": message, "hint": "Mark the method that runs the task."})
    if isinstance(error, SyntaxError):
        return error_fault(folder, code, path, error)
    if isinstance(error, ImportError):
        hint = "Is it named in templates/requirements.txt, or misspelt? Files of the bundle are imported as `from .name import …`."
        return error_fault(folder, code, path, error, hint)
    annotated = _annotated(error)
    if annotated is None:
        return error_fault(folder, code, path, error, _TOP_LEVEL)
    return at(code, said_by(folder, error), place_of_definition(folder, annotated), _ANNOTATION)


def _annotated(error: BaseException) -> object:
    """The function whose annotations could not be read, where that is what failed."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is typing.get_type_hints.__code__:
            return frame.f_locals.get("obj")
    return None


def _find_class(loading: _Loading, module: ModuleType) -> type | None:
    expected = workflow_class_name(loading.key.slug)
    found = getattr(module, expected, None)
    if not isinstance(found, type):
        loading.add(_class_not_found(loading, module, expected))
        return None
    definition = WorkflowDefinition.from_class(found)
    if definition is None:
        message = f"The class {expected} is not marked with @runbook.defn."
        hint = "Write `@runbook.defn` (from ntro.workflow import runbook) on the line before the class."
        loading.add(at("WORKFLOW_DEFN_MISSING", message, place_of_definition(loading.folder, found), hint))
        return None
    _check_run(loading, definition)
    return found


def _class_not_found(loading: _Loading, module: ModuleType, expected: str) -> Fault:
    own = [value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__]
    marked = [value for value in own if WorkflowDefinition.from_class(value) is not None]
    names = ", ".join(value.__name__ for value in own)
    message = f"There is no class {expected}, which the slug {loading.key.slug} asks for; " + (
        f"the file has {names}." if names else "the file has no class."
    )
    candidates = marked or own
    hint = f"Name the workflow class {expected}, or change the slug in runbook.md."
    if len(candidates) == 1:
        return at("WORKFLOW_CLASS_NOT_FOUND", message, place_of_definition(loading.folder, candidates[0]), hint)
    return Fault(code="WORKFLOW_CLASS_NOT_FOUND", message=message, path=WORKFLOW, hint=hint)


def _check_run(loading: _Loading, definition: WorkflowDefinition) -> None:
    parameters = list(inspect.signature(definition.run_fn).parameters.values())[1:]
    required = [
        p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    if len(required) > 1 or any(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters):
        place = place_of_definition(loading.folder, definition.run_fn)
        message = f"The method {definition.run_fn.__name__} takes {len(required)} arguments."
        hint = "A task has one input: a model or a dict."
        loading.add(at("RUNBOOK_DEFINITION_INVALID", message, place, hint))


def _find_activities(loading: _Loading) -> dict[str, ActivityDefinition]:
    """Every activity that a module of the bundle holds; of two with one name that of activities.py, as published workers look only there."""
    found: dict[str, ActivityDefinition] = {}
    modules = modules_of(loading.package)
    modules.sort(key=lambda module: module.__name__ != f"{loading.package}.templates.activities")
    for module in modules:
        for value in list(vars(module).values()):
            definition = activity_of(value)
            if definition is None or definition.name is None:
                continue
            known = found.setdefault(definition.name, definition)
            if known.fn is not definition.fn:
                first = place_of_definition(loading.folder, known.fn)
                message = f"Two activities are named {definition.name}; the other is in {first.path}:{first.line}."
                hint = 'Give one another name: `@activity.defn(name="…")`.'
                loading.add(
                    at("RUNBOOK_DEFINITION_INVALID", message, place_of_definition(loading.folder, definition.fn), hint)
                )
    return found


def activity_of(value: object) -> ActivityDefinition | None:
    """Temporal's definition of an activity; None for anything else."""
    if not callable(value) or inspect.ismodule(value):
        return None
    return ActivityDefinition.from_callable(value)


def place_of_definition(folder: Path, value: object) -> Place:
    """Where a class or function of the bundle in ``folder`` begins."""
    try:
        target = inspect.unwrap(value) if callable(value) and not isinstance(value, type) else value
        file = Path(inspect.getsourcefile(target) or "")  # type: ignore[arg-type]
        _, line = inspect.getsourcelines(target)  # type: ignore[arg-type]
        path = file.relative_to(folder).as_posix()
    except (OSError, TypeError, ValueError):
        return Place(path=WORKFLOW, line=1)
    return _at_definition(folder, path, line)


def _at_definition(folder: Path, path: str, line: int) -> Place:
    """The line with the name: source begins at the first decorator."""
    place = place_of(folder, path, line)
    for following in range(line, line + 20):
        candidate = place_of(folder, path, following)
        if (candidate.source or "").lstrip().startswith(("class ", "def ", "async def ")):
            return candidate
    return place
