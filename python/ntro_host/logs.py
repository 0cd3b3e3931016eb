"""The host's log: one JSON object for each line on stderr, as the worker's other hosts write it."""

from __future__ import annotations

import json
import logging
import sys
import time

_LEVELS = {logging.DEBUG: 20, logging.INFO: 30, logging.WARNING: 40, logging.ERROR: 50, logging.CRITICAL: 60}


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "level": _LEVELS.get(record.levelno, 30),
            "time": int(time.time() * 1000),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _not_the_sdks(record: logging.LogRecord) -> bool:
    # Failed attempts are reported by the host itself; the SDK would log each with its whole traceback.
    return not hasattr(record, "__temporal_error_identifier")


def set_up_logging() -> logging.Logger:
    """Sends the log to stderr and gives the host's logger. Author code logs through it too, at INFO and above."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    handler.addFilter(_not_the_sdks)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("temporalio.activity", "temporalio.workflow", "ntro_host"):
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("temporalio.worker").setLevel(logging.CRITICAL)
    return logging.getLogger("ntro_host")
