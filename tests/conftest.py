"""Real parts for the tests: a PostgreSQL server that starts by itself, databases, an application, and a school called Oakfield."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
BOTH_ENGINES = {
    "test_a_morning", "test_audit", "test_handing_over", "test_many_at_once", "test_message_log", "test_reports", "test_staff_accounts",
    "test_store_idioms", "test_taking_in",
}  # fmt: skip
"""Tests in which the engine matters most: they run on PostgreSQL every time, the others' PostgreSQL runs only in CI."""

LONG = {
    "test_benchmark", "test_secondary_morning", "test_sign_in_with_a_provider", "test_staff_morning_in_browser",
    "test_staff_trouble_in_browser", "test_tutorial",
}  # fmt: skip
"""Tests of half a minute and more, which run in CI; single tests of other files are marked `long`."""

EVERYTHING = bool(os.environ.get("NOTIFIER_TEST_EVERYTHING"))

REQUIRED = {part.strip() for part in os.environ.get("NOTIFIER_TEST_REQUIRE", "").split(",") if part.strip()}


def missing(part: str, why: str) -> None:
    """Skip loudly where a part is missing; fail where it is required (CI sets NOTIFIER_TEST_REQUIRE)."""
    if part in REQUIRED:
        pytest.fail(f"{part} is required here, but {why}")
    pytest.skip(f"{part.upper()} NOT TESTED: {why}")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_folder() -> Path | None:
    for pattern in ("/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"):
        for folder in sorted(glob.glob(pattern), reverse=True):
            if (Path(folder) / "initdb").exists():
                return Path(folder)
    found = shutil.which("initdb")
    return Path(found).parent if found else None


def _as_server_user() -> dict[str, int]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.getuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the whole suite short: long tests, and the second engine where it matters least, run with NOTIFIER_TEST_EVERYTHING.

    Whoever names files, a keyword or a marker gets what was named.
    """
    named = config.option.markexpr or config.option.keyword or config.args_source is pytest.Config.ArgsSource.ARGS
    if EVERYTHING or named:
        return
    left_out = [
        item
        for item in items
        if item.path.stem in LONG
        or item.get_closest_marker("long")
        or (item.get_closest_marker("postgres") and item.path.stem not in BOTH_ENGINES)
    ]
    config.hook.pytest_deselected(items=left_out)
    dropped = {id(item) for item in left_out}
    items[:] = [item for item in items if id(item) not in dropped]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server made for this test run, ended with it."""
    folder = _postgres_folder()
    if folder is None:
        missing("postgres", "no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    assert folder is not None
    home = Path(tempfile.mkdtemp(prefix="notifier-pg-"))
    who = _as_server_user()
    if who:
        os.chown(home, who["user"], who["group"])
    port = free_port()
    run = {"check": True, "capture_output": True, "cwd": home, **who}
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(home)}
    subprocess.run(
        [folder / "initdb", "-D", home / "data", "-U", "notifier", "--auth=trust", "-E", "UTF8", "--no-sync"],
        env=environment,
        **run,
    )
    # killed with the test run, so durability is not wanted here; tests that kill processes kill ours, not the server
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    subprocess.run(
        [folder / "pg_ctl", "-D", home / "data", "-l", home / "log", "-w", "-o", options, "start"],
        env=environment,
        **{**run, "capture_output": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
    )
    try:
        yield f"postgresql+psycopg://notifier@127.0.0.1:{port}"
    finally:
        subprocess.run(
            [folder / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop"],
            env=environment,
            **{**run, "check": False},
        )
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that has only the schema: copying it is quicker than migrating for every test."""
    from notifier.store.database import Database

    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    database.ensure_ready()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database that has only the schema."""
    import psycopg

    from notifier.store.database import Database

    with psycopg.connect(f"{postgres_server.replace('+psycopg', '')}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_schema")
    database = Database(f"{postgres_server}/template_schema")
    database.ensure_ready()
    database.close()
    return "template_schema"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a row: every test that asks for one runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "notifier.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    import psycopg

    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    name = f"t_{uuid4().hex[:12]}"
    plain = f"{server.replace('+psycopg', '')}/postgres"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{server}/{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An empty SQLite database, for tests to which the engine makes no difference."""
    return f"sqlite:///{tmp_path / 'notifier.db'}"


def at(text: str) -> datetime:
    """A London wall-clock moment as an aware UTC instant: at("2026-11-23 09:30")."""
    from zoneinfo import ZoneInfo

    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/London")).astimezone(UTC)


@pytest.fixture(name="at")
def at_fixture() -> Callable[[str], datetime]:
    """The function `at`."""
    return at


@pytest.fixture
def run_async() -> Callable[[object], object]:
    """Run a coroutine to its end."""
    return lambda coroutine: asyncio.run(coroutine)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium that is installed; none is ever downloaded."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    missing("browser", "no Chromium is installed (Debian: apt-get install chromium)")
    raise AssertionError("unreachable")


@pytest.fixture
def repository() -> Path:
    """The checkout's root."""
    return REPOSITORY


@pytest.fixture
def vectors() -> Path:
    """The folder of independent cases beside the checkout."""
    folder = REPOSITORY.parent / "shared" / "vectors"
    if not folder.is_dir():
        missing("vectors", f"there is no {folder.name} folder beside the checkout")
    return folder


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Work in another folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
