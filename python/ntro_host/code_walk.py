"""Looks at compiled code: which global names it uses, and which of a bundle's functions its workflow can reach."""

from __future__ import annotations

import builtins
import dis
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType, ModuleType

from .loader import package_of
from .loading import LoadedBundle, activity_of

_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_STORE = frozenset({"STORE_FAST", "STORE_DEREF"})
_LAZY_ANNOTATIONS = frozenset({"__annotate__", "__conditional_annotations__"})


@dataclass(frozen=True)
class Use:
    """A name that a function has from outside, with the attributes that follow it: ``datetime.datetime.now`` is ``datetime`` and two attributes."""

    name: str
    attributes: tuple[str, ...]
    line: int
    imported: tuple[str, ...] | None = None
    """Where the function itself imports it: the dotted name of what it is. None for a global name."""


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of the functions, classes and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        # Newer Pythons evaluate annotations only when asked: names there may be for type checkers alone.
        if isinstance(constant, CodeType) and constant.co_name not in _LAZY_ANNOTATIONS:
            yield from nested(constant)


def uses_in(code: CodeType) -> Iterator[Use]:
    """The global names that one code object loads, and the names that it imports."""
    imports: dict[str, tuple[str, ...]] = {}
    module: tuple[str, ...] = ()
    member: str | None = None
    line = code.co_firstlineno
    use: Use | None = None
    for instruction in dis.get_instructions(code):
        operation, argument = instruction.opname, str(instruction.argval)
        if instruction.positions is not None and instruction.positions.lineno is not None:
            line = instruction.positions.lineno
        if use is not None and operation in _ATTRIBUTE:
            use = replace(use, attributes=(*use.attributes, argument))
            continue
        if use is not None:
            yield use
            use = None
        if operation == "IMPORT_NAME":
            module, member = (*argument.split("."),), None
        elif operation == "IMPORT_FROM":
            member = argument
        elif operation in _STORE and module:
            # `import a.b` binds `a`.
            imports[argument] = module[:1] if member is None else (*module, member)
            module = () if member is None else module
        elif operation == "POP_TOP":
            module = ()
        elif operation == "LOAD_GLOBAL":
            use = Use(argument, (), line)
        elif operation.startswith(("LOAD_FAST", "LOAD_DEREF")) and argument in imports:
            use = Use(argument, (), line, imports[argument])


def global_uses(function: FunctionType) -> Iterator[Use]:
    """The global names that a function and what is nested in it load."""
    for code in nested(function.__code__):
        yield from uses_in(code)


def undefined_names(module: ModuleType) -> Iterator[Use]:
    """Global names that functions of an imported module use and that nothing defines."""
    loader = module.__spec__.loader if module.__spec__ else None
    if not isinstance(loader, SourceFileLoader):
        return
    top = loader.get_code(module.__name__)
    if top is None:
        return
    codes = list(nested(top))
    known = {*vars(module), *vars(builtins)}
    known |= {str(i.argval) for code in codes for i in dis.get_instructions(code) if i.opname == "STORE_GLOBAL"}
    seen: set[str] = set()
    for code in codes:
        for use in uses_in(code):
            if use.imported is None and use.name not in known and use.name not in seen:
                seen.add(use.name)
                yield use


def resolve(use: Use, scope: Mapping[str, object]) -> tuple[object, tuple[str, ...]] | None:
    """
    What a use means: the innermost module or class on its way, and the attributes after it; None for an unknown name, and for one that a function imports.
    Only modules are looked into, as reading attributes of anything else could run code.
    """
    if use.imported is not None:
        return None
    if use.name in scope:
        value: object = scope[use.name]
    elif hasattr(builtins, use.name):
        return builtins, (use.name, *use.attributes)
    else:
        return None
    attributes = list(use.attributes)
    while attributes and isinstance(value, ModuleType) and attributes[0] in vars(value):
        value = vars(value)[attributes.pop(0)]
    return value, tuple(attributes)


def workflow_code(bundle: LoadedBundle) -> Iterator[FunctionType]:
    """The bundle's functions that its workflow class reaches by name, the class's own first. Activities are not among them."""
    waiting: list[object] = [bundle.workflow]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop(0)
        if id(value) in seen:
            continue
        seen.add(id(value))
        for function in _functions_of(value, bundle.package):
            yield function
            for use in global_uses(function):
                found = resolve(use, function.__globals__)
                if found is not None:
                    waiting.append(found[0])


def _functions_of(value: object, package: str) -> Iterator[FunctionType]:
    """The functions of the package that a value is or, if it is a class, has."""
    if isinstance(value, type):
        for base in inspect.getmro(value):
            if package_of(base.__module__) == package:
                for member in vars(base).values():
                    yield from _unwrapped(member, package)
    elif callable(value) and activity_of(value) is None:
        yield from _unwrapped(value, package)


def _unwrapped(member: object, package: str) -> Iterator[FunctionType]:
    if isinstance(member, staticmethod | classmethod):
        member = member.__func__
    if isinstance(member, property):
        member = member.fget
    function = inspect.unwrap(member) if callable(member) else None
    if isinstance(function, FunctionType) and package_of(function.__module__ or "") == package:
        yield function
