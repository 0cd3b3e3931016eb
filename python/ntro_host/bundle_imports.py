"""Absolute imports between a bundle's own files, made relative when a file is compiled."""

from __future__ import annotations

import ast

OWN_FOLDERS = ("templates", "subledgers")
"""The folders of a bundle that hold Python files."""


def relative_imports(tree: ast.Module, depth: int) -> ast.Module:
    """
    Rewrites ``from templates.x import y`` and ``import templates.x`` so that they mean the bundle's own folder: in one process there are many bundles, so
    no folder ``templates`` can be found from the top. Line numbers stay.

    :param depth: how many dots lead from the module to the bundle's folder; 1 for a file directly below it
    """
    made: ast.Module = _Relative(depth).visit(tree)
    return ast.fix_missing_locations(made)


class _Relative(ast.NodeTransformer):
    def __init__(self, depth: int) -> None:
        self._depth = depth

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.level == 0 and node.module is not None and _is_own(node.module):
            node.level = self._depth
        return node

    def visit_Import(self, node: ast.Import) -> list[ast.stmt] | ast.Import:
        if not any(_is_own(alias.name) for alias in node.names):
            return node
        return [ast.copy_location(made, node) for alias in node.names for made in self._imports(alias)]

    def _imports(self, alias: ast.alias) -> list[ast.stmt]:
        if not _is_own(alias.name):
            return [ast.Import(names=[alias])]
        parent, _, name = alias.name.rpartition(".")
        if alias.asname is not None:
            return [self._from(parent, name, alias.asname)]
        # `import templates.x` imports both and binds `templates`.
        folder = alias.name.split(".")[0]
        inner = [self._from(parent, name, f"_{name}")] if parent else []
        return [*inner, self._from("", folder, None)]

    def _from(self, module: str, name: str, asname: str | None) -> ast.stmt:
        names = [ast.alias(name=name, asname=asname)]
        return ast.ImportFrom(module=module or None, names=names, level=self._depth)


def _is_own(module: str) -> bool:
    return module.split(".")[0] in OWN_FOLDERS
