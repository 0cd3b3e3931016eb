"""What the published SDK expects around it: environment variables (its ``capabilities/config.py`` reads them) and the packages of an environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .messages import HostSettings


def variables_of(settings: HostSettings) -> dict[str, str]:
    """The environment variables of a tenant's host; what the tenant set itself goes over all others."""
    python = settings.python
    return {
        # Also what makes the SDK's `WorkflowError` one of Temporal's; read when the SDK is imported.
        "TEMPORAL_HOST": settings.temporal.address,
        "TEMPORAL_NAMESPACE": settings.temporal.namespace,
        "NTRO_TENANT_ID": settings.tenant.id,
        "NTRO_TENANT_SLUG": settings.tenant.slug,
        "NTRO_TENANT_POSTGRES_URL": settings.database_url,
        "NTRO_WORKSPACE_API_URL": settings.server,
        "NTRO_HOST": settings.server,
        "NTRO_TENANT_API_URL": settings.server,
        "NTRO_API_KEY": python.author_key,
        "NTRO_INTERNAL_REASONING_KEY": python.author_key,
        "NTRO_TASK_QUEUE": settings.queue,
        # The SDK's storage is `data/<tenant>` beside this folder, and so in the tenant's own.
        "NTRO_ARTIFACTS_DIR": str(Path(settings.storage) / "artifacts"),
        **python.variables,
    }


def surround(settings: HostSettings) -> None:
    """Sets the variables of this process and puts the environment's packages in front; before the SDK or any bundle is imported."""
    os.environ.update(variables_of(settings))
    (Path(settings.storage) / "artifacts").mkdir(parents=True, exist_ok=True)
    site = settings.python.site
    if site is not None and site not in sys.path:
        sys.path.insert(0, site)
