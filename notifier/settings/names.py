"""What settings are called: in the environment, in files of secrets and in notifier.toml."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "NOTIFIER_"
FILE_NAME: Final = "notifier.toml"
SECRETS_FOLDER: Final = "NOTIFIER_SECRETS_DIR"

OTHER_NAMES: Final = {
    "NOTIFIER_TWILIO__ACCOUNT_SID": "TWILIO_ACCOUNT_SID",
    "NOTIFIER_TWILIO__AUTH_TOKEN": "TWILIO_AUTH_TOKEN",
}
"""Settings that the environment may also give under the provider's own name."""


def env_name(path: tuple[str, ...]) -> str:
    """The environment's name of a setting: ("smtp", "host") is NOTIFIER_SMTP__HOST."""
    return PREFIX + "__".join(path).upper()
