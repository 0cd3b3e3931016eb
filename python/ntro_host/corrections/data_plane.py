"""
Defects of ntro 0.1.2, ``data/__init__.py``: the slug that is asked for changes nothing but the cache, so that code
which asks for another tenant gets this one's database; several who ask at once make a pool each; one who closes it
closes it for all; a pool is handed to threads with another event loop, where it cannot work.

Instead: any slug but the host's own is refused, and there is one pool for each event loop, which stays open.
"""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import ntro.data as sdk
from ntro.capabilities import config
from ntro.data import DataPlane

from .published import replace

Loop = asyncio.AbstractEventLoop

_making: dict[Loop, asyncio.Task[DataPlane]] = {}
_lock = threading.Lock()
"""Activities that are no coroutines run in threads."""
_published = sdk.get_data_plane
_published_clear = sdk.clear_cache


def apply() -> None:
    """Replaces how activities get at the tenant's database."""
    replace("get_data_plane", get_data_plane, sdk)
    replace("clear_cache", clear_cache, sdk)


async def get_data_plane(tenant_slug: str) -> DataPlane:
    """
    The database of this host's tenant; what a test has put into the SDK's cache goes first.

    :raises ValueError: for another tenant's slug
    """
    own = config.get().tenant_slug
    if own and tenant_slug != own:
        raise ValueError(f'This host serves the tenant "{own}"; it has no data of "{tenant_slug}".')
    if tenant_slug in sdk._pool:
        return sdk._pool[tenant_slug]
    loop = asyncio.get_running_loop()
    with _lock:
        for ended in [other for other in _making if other.is_closed()]:
            del _making[ended]
        making = _making.get(loop)
        if making is None or (making.done() and (making.cancelled() or making.exception() is not None)):
            making = _making[loop] = loop.create_task(_connect(tenant_slug))
    # Somebody who is cancelled while waiting does not take the pool from the others.
    return await asyncio.shield(making)


def clear_cache() -> None:
    """Forgets the pools, as published; for tests."""
    _published_clear()
    with _lock:
        _making.clear()


async def _connect(tenant_slug: str) -> DataPlane:
    plane = cast(sdk._AsyncpgAdapter, await _published(tenant_slug))
    # The SDK's own cache knows no event loops.
    sdk._pool.pop(tenant_slug, None)
    return _Shared(plane._pool)


class _Shared(sdk._AsyncpgAdapter):
    """A data plane that many use."""

    async def close(self) -> None:
        """Does nothing: whoever is done with it is not the last."""
