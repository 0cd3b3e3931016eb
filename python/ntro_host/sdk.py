"""Makes the published SDK ready to be hosted, in the order that it needs."""

from __future__ import annotations


def set_up_sdk(storage: str) -> None:
    """
    Once, after the environment variables are set and before any bundle is imported.

    :param storage: the tenant's folder for files
    :raises RuntimeError: when a package is not of the version this host was made for
    """
    from .self_check import check_packages

    check_packages()
    from ntro.workflow.runtime import set_runtime

    from .corrections import apply_corrections
    from .subledger_types import separate_subledger_types
    from .task import HostRuntime, install_base_class

    # Decorators ask for the runtime when a class is defined, the SDK's own base class among them.
    set_runtime(HostRuntime())
    install_base_class()
    apply_corrections(storage_folder=storage)
    separate_subledger_types()
