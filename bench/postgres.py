"""A PostgreSQL server for the benchmark's own use, made in a temporary folder and removed afterwards.

It runs as installed, with fsync on, because what a commit costs is part of the answer. Where no server is installed the
benchmark says so and measures SQLite alone.
"""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg


def installed() -> Path | None:
    """The folder with initdb and pg_ctl; None where PostgreSQL is not installed."""
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"):
        for folder in sorted(glob.glob(pattern), reverse=True):
            if (Path(folder) / "initdb").exists():
                return Path(folder)
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def version(folder: Path) -> str:
    """The server's version, as it names itself."""
    words = subprocess.run([folder / "postgres", "--version"], check=True, capture_output=True, text=True).stdout
    return words.strip().rpartition(" ")[2]


def _owner() -> dict[str, int]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.getuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server with the programs in `folder`; gives the address to which a database's name is added."""
    home = Path(tempfile.mkdtemp(prefix="notifier-bench-pg-"))
    owner: dict[str, Any] = _owner()
    if owner:
        os.chown(home, owner["user"], owner["group"])
    port = _free_port()
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": home, **owner}
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(home)}
    subprocess.run(
        [folder / "initdb", "-D", home / "data", "-U", "notifier", "--auth=trust", "-E", "UTF8"],
        env=environment,
        check=True,
        **quiet,
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}"
    start: list[str | Path] = [folder / "pg_ctl", "-D", home / "data", "-l", home / "log", "-w", "-o", options, "start"]
    subprocess.run(start, env=environment, check=True, **quiet)
    try:
        yield f"postgresql+psycopg://notifier@127.0.0.1:{port}"
    finally:
        subprocess.run([folder / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop"], check=False, **quiet)
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """An empty database on a running server, dropped afterwards."""
    name = f"bench_{uuid4().hex[:12]}"
    plain = server.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
