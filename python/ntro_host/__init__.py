"""The process that loads and serves the Python bundles of one tenant.

A worker starts it with ``python -m ntro_host`` and speaks JSON lines with it; see :mod:`ntro_host.messages`.
"""

__version__ = "0.1.0"
