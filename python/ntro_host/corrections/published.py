"""The published SDK that the corrections are written for, and how its functions are replaced."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SDK = "ntro"
SDK_VERSION = "0.1.2"
"""The only version whose insides are known here."""


class SdkVersionError(RuntimeError):
    """The SDK that is installed is not the one that the corrections are written for."""


def require_sdk() -> None:
    """Raises :class:`SdkVersionError` unless exactly the known SDK is installed."""
    try:
        found = version(SDK)
    except PackageNotFoundError:
        found = None
    if found == SDK_VERSION:
        return
    what = "is not installed" if found is None else f"is version {found}"
    raise SdkVersionError(
        f"This host corrects {SDK} {SDK_VERSION} and knows no other version; here {SDK} {what}. "
        f"Make the environment again from requirements.lock, and keep {SDK} out of a bundle's requirements.txt."
    )


def replace(name: str, new: object, *holders: object) -> None:
    """
    Puts ``new`` in the place of the attribute ``name`` of every holder (a module or a class): where it was defined, and
    where it was imported to.

    :raises SdkVersionError: when a holder has no such attribute, which means that this is not the SDK we know
    """
    for holder in holders:
        if not hasattr(holder, name):
            raise SdkVersionError(f"{SDK} {SDK_VERSION} has no {getattr(holder, '__name__', holder)}.{name}")
        setattr(holder, name, new)
