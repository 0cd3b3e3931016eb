"""
The workflow's side of the protocol for Python bundles: gates with tokens, steps, children, reports, for bundles written for the published SDK.

Everything of one run hangs on its run id: the modules are shared by all runs of a process, in Temporal's sandbox too.
"""

from .ai_settings import ai_settings_in
from .base_class import SDK_VERSION, SdkUnfit, install_base_class
from .interceptor import TaskInterceptor
from .runtime import HostRuntime
from .state import due_report, forget

__all__ = [
    "SDK_VERSION",
    "HostRuntime",
    "SdkUnfit",
    "TaskInterceptor",
    "ai_settings_in",
    "due_report",
    "forget",
    "install_base_class",
]
