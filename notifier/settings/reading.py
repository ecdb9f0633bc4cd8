"""Where settings come from: the environment first, then files of secrets, then notifier.toml, then defaults.

Everything that is wrong is named at once, by the variable or the key that it came from.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from notifier.configuration.errors import ConfigurationError, Problem, key_of, problems_in, read_toml, shown_path
from notifier.paths import data_folder
from notifier.settings.names import FILE_NAME, OTHER_NAMES, PREFIX, SECRETS_FOLDER, env_name
from notifier.settings.production import unsafe
from notifier.settings.values import Settings, setting_fields
from notifier.sign_in_settings import with_secrets


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings: environment, files of secrets, notifier.toml, defaults, in this order.

    `environ` stands in for the process's environment. Raises ConfigurationError naming every setting that is wrong.
    """
    given = dict(os.environ if environ is None else environ)
    problems: list[Problem] = []
    values: dict[tuple[str, ...], Any] = {}
    origins: dict[tuple[str, ...], tuple[str, str]] = {}
    for path, name, value in _from_environment(given, problems):
        values[path], origins[path] = value, ("environment", name)
    config_dir = _config_dir(values, problems)
    values[("config_dir",)] = config_dir
    file = config_dir / FILE_NAME
    toml = read_toml(file, source=shown_path(file)) if file.is_file() else {}
    merged = _merged(toml, values, file, problems)
    settings = _validated(merged, origins, shown_path(file), problems)
    if settings is not None and settings.sign_in.providers:
        sign_in = with_secrets(settings.sign_in, given, problems)
        settings = settings.model_copy(update={"sign_in": sign_in})
    asked = settings.sign_in.second_factor if settings is not None else None
    if settings is not None and asked not in (None, "optional") and settings.secret_key is None:
        message = "needs the secret key, with which second factors are sealed; set NOTIFIER_SECRET_KEY"
        problems.append(Problem("", "sign_in.second_factor", message))
    if settings is None or problems:
        raise ConfigurationError(problems)
    refused = list(unsafe(settings)) if settings.production else []
    if refused:
        raise ConfigurationError(refused)
    return settings


def _from_environment(given: Mapping[str, str], problems: list[Problem]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    fields = setting_fields()
    folder = given.get(SECRETS_FOLDER)
    if folder and not Path(folder).is_dir():
        problems.append(Problem("environment", SECRETS_FOLDER, f'"{folder}" is not a folder'))
    in_folder = {file.name.upper(): file for file in Path(folder).iterdir()} if folder and Path(folder).is_dir() else {}
    for path in fields:
        own = env_name(path)
        names = [own, OTHER_NAMES[own]] if own in OTHER_NAMES else [own]
        for name in names:
            if given.get(name, "").strip():  # an empty variable counts as not set, as compose files leave them
                yield path, name, given[name].strip()
                break
        else:
            for name in names:
                file = Path(given[f"{name}_FILE"]) if given.get(f"{name}_FILE") else in_folder.get(name)
                if file is None:
                    continue
                try:
                    yield path, name, file.read_text(encoding="utf-8").strip()
                except (OSError, UnicodeDecodeError) as error:
                    reason = getattr(error, "strerror", None) or "it is not text"
                    problems.append(Problem("environment", name, f'the file "{file}" cannot be read: {reason}'))
                break
    problems.extend(_unknown_names(given, [env_name(path) for path in fields]))


def _unknown_names(given: Mapping[str, str], known: list[str]) -> Iterator[Problem]:
    """Variables that are nearly a setting, or in a section of settings: a typing error must not be passed over in silence.

    Others that begin with NOTIFIER_ are left alone; they may belong to scripts around the service.
    """
    sections = {name.split("__")[0] for name in known if "__" in name}
    for name in sorted(given):
        plain = name.removesuffix("_FILE")
        if not name.startswith(PREFIX) or plain in known or name == SECRETS_FOLDER or name.startswith("NOTIFIER_TEST_"):
            continue
        bare = {setting.removeprefix(PREFIX): setting for setting in known}
        in_section = "__" in name and name.split("__")[0] in sections
        close = difflib.get_close_matches(plain.removeprefix(PREFIX), bare, n=1, cutoff=0.6 if in_section else 0.88)
        if close or in_section:
            hint = f"; did you mean {bare[close[0]]}?" if close else ""
            yield Problem("environment", name, f"is not a setting{hint}")


def _config_dir(values: Mapping[tuple[str, ...], Any], problems: list[Problem]) -> Path:
    asked = values.get(("config_dir",))
    if asked is not None:
        if not Path(asked).is_dir():
            problems.append(Problem("environment", env_name(("config_dir",)), f'"{asked}" is not a folder'))
        return Path(asked)
    here = Path("config")
    return here if here.is_dir() else data_folder("config")


def _merged(
    toml: dict[str, Any], values: Mapping[tuple[str, ...], Any], file: Path, problems: list[Problem]
) -> dict[str, Any]:
    merged = {key: dict(value) if isinstance(value, dict) else value for key, value in toml.items()}
    if "config_dir" in merged:
        problems.append(Problem(shown_path(file), "config_dir", f"belongs in {env_name(('config_dir',))}, not here"))
    for path, field in setting_fields().items():
        section = merged.get(path[0]) if len(path) > 1 else merged
        if _is_secret(field) and isinstance(section, dict) and path[-1] in section:
            message = f"is a secret and does not belong in this file; set {env_name(path)}, or {env_name(path)}_FILE"
            problems.append(Problem(shown_path(file), ".".join(path), message))
    database = toml.get("database_url")
    if isinstance(database, str) and urlsplit(database).password:
        message = f"holds a password and does not belong in this file; set {env_name(('database_url',))}"
        problems.append(Problem(shown_path(file), "database_url", message))
    for path, value in values.items():
        section = merged
        for part in path[:-1]:
            within = section.setdefault(part, {})
            if not isinstance(within, dict):
                break  # the file has a value where a table belongs; validation says so
            section = within
        else:
            section[path[-1]] = value
    return merged


def _validated(
    merged: dict[str, Any],
    origins: Mapping[tuple[str, ...], tuple[str, str]],
    file: str,
    problems: list[Problem],
) -> Settings | None:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        by_key = {key_of(path): origin for path, origin in origins.items()}
        for problem in problems_in(error, Settings, file):
            source, key = by_key.get(problem.key.split(" #")[0], (problem.file, problem.key))
            problems.append(Problem(source, key, problem.message))
        return None


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))
