"""
The workflow's side of the protocol for Python bundles: gates with tokens, steps, children, reports, for bundles written for the published SDK.

Everything of one run hangs on its run id: the modules are shared by all runs of a process, in Temporal's sandbox too.
"""

from .ai_settings import ai_settings_in
from .base_class import SDK_VERSION, SdkUnfit, install_base_class
from .interceptor import TaskInterceptor
from .repaired import REPAIRED, RepairedSignal, repaired
from .revisions_link import CODE
from .runtime import HostRuntime
from .state import ACCOUNT, due_report, forget

__all__ = [
    "ACCOUNT",
    "CODE",
    "REPAIRED",
    "SDK_VERSION",
    "HostRuntime",
    "RepairedSignal",
    "SdkUnfit",
    "TaskInterceptor",
    "ai_settings_in",
    "due_report",
    "forget",
    "install_base_class",
    "repaired",
]
