"""How the service itself is set up: database, channels, limits, logging. Environment first, then notifier.toml, then defaults.

Every setting has a name in `notifier.toml` (`twilio.from_number`) and one in the environment (`NOTIFIER_TWILIO__FROM_NUMBER`).
Secrets come from the environment or from files, never from `notifier.toml`. Schools, policies and codes are not settings: see
`notifier.configuration`. Which settings there are stands in `values`, where they come from in `reading`.
"""

from __future__ import annotations

from notifier.settings.names import FILE_NAME, OTHER_NAMES, PREFIX, SECRETS_FOLDER, env_name
from notifier.settings.page import settings_markdown
from notifier.settings.reading import load_settings
from notifier.settings.values import (
    AlertSettings,
    ChannelSettings,
    PriceSettings,
    ReplySettings,
    SchedulerSettings,
    SendingSettings,
    Settings,
    SmtpSettings,
    TwilioSettings,
    setting_fields,
)
from notifier.sign_in_settings import SignInSettings

__all__ = [
    "FILE_NAME", "OTHER_NAMES", "PREFIX", "SECRETS_FOLDER", "AlertSettings", "ChannelSettings", "PriceSettings", "ReplySettings",
    "SchedulerSettings", "SendingSettings", "Settings", "SignInSettings", "SmtpSettings", "TwilioSettings", "env_name",
    "load_settings", "setting_fields", "settings_markdown",
]  # fmt: skip
