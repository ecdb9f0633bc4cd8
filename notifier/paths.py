"""Where the shipped data lies: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ROOT = _PACKAGE.parent


def data_folder(name: str) -> Path:
    """The shipped folder `templates`, `locale` or `config`. Raises FileNotFoundError with the places looked at."""
    candidates = (_ROOT / name, _PACKAGE / "_data" / name)
    for candidate in candidates:
        if candidate.is_dir() and (candidate.parent != _ROOT or (_ROOT / "pyproject.toml").is_file()):
            return candidate
    raise FileNotFoundError(f"The folder '{name}' was not found. Looked in: {', '.join(map(str, candidates))}")
