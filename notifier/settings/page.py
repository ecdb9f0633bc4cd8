"""The page about the settings, for whoever looks one up."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from notifier.settings.names import env_name
from notifier.settings.values import Settings, setting_fields


def settings_markdown() -> str:
    """The page docs/reference/settings.md, made from the settings themselves."""
    lines = [
        "# Settings",
        "",
        "This page is made from `notifier/settings/values.py`; change that file, not this page.",
        "",
        "A setting is looked for in the environment, then in files of secrets, then in `notifier.toml`, and has its default",
        "otherwise. Any variable may instead be given as a file: `NOTIFIER_SMTP__PASSWORD_FILE=/run/secrets/smtp` reads the",
        "value from there, and `NOTIFIER_SECRETS_DIR` names a folder whose files bear the variables' names. Secrets are not",
        "accepted in `notifier.toml`. An empty variable counts as not set.",
    ]
    section: str | None = ""
    for path, field in setting_fields().items():
        heading = path[0] if len(path) > 1 else None
        if heading != section:
            section = heading
            model = Settings.model_fields[section].annotation if section else None
            title = f"## [{section}]" if section else "## General"
            lines += ["", title, "", *([model.__doc__.strip(), ""] if model and model.__doc__ else [])]
            lines += ["| setting | environment | values | default | what it does |", "|---|---|---|---|---|"]
        cells = (f"`{path[-1]}`", f"`{env_name(path)}`", _values_of(field), _default_of(field), field.description or "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


_KINDS: Final[dict[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true`, `false`",
    Path: "folder",
    SecretStr: "secret text",
}


def _values_of(field: FieldInfo) -> str:
    kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind is not type(None)]
    for kind in kinds:
        if kind in _KINDS:
            return _KINDS[kind] if kind is not str or not isinstance(field.default, tuple) else "list"
    if isinstance(field.default, tuple):
        return "tables"
    # the words of a choice, also where leaving it unset is one more
    choices = [word for kind in kinds for word in get_args(kind) if isinstance(word, str)]
    return ", ".join(f"`{word}`" for word in choices) or "text"


def _default_of(field: FieldInfo) -> str:
    if field.default is None or field.default == ():
        return "not set"
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{default}`"
