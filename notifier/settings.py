"""How the service itself is set up: database, channels, limits, logging. Environment first, then notifier.toml, then defaults.

Every setting has a name in `notifier.toml` (`twilio.from_number`) and one in the environment (`NOTIFIER_TWILIO__FROM_NUMBER`).
Secrets come from the environment or from files, never from `notifier.toml`. Schools, policies and codes are not settings: see
`notifier.configuration`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from notifier.configuration.errors import (
    ConfigurationError,
    Hidden,
    Problem,
    key_of,
    problems_in,
    read_toml,
    shown_path,
)
from notifier.paths import data_folder
from notifier.sign_in_settings import SignInSettings, with_secrets

PREFIX: Final = "NOTIFIER_"
FILE_NAME: Final = "notifier.toml"
SECRETS_FOLDER: Final = "NOTIFIER_SECRETS_DIR"

OTHER_NAMES: Final = {
    "NOTIFIER_TWILIO__ACCOUNT_SID": "TWILIO_ACCOUNT_SID",
    "NOTIFIER_TWILIO__AUTH_TOKEN": "TWILIO_AUTH_TOKEN",
}
"""Settings that the environment may also give under the provider's own name."""

_PLACEHOLDERS = ("change", "secret", "placeholder", "example", "replace", "password")
_SHORTEST_KEY = 32  # characters

SmsProvider = Literal["twilio", "simulator", "off"]
EmailProvider = Literal["smtp", "simulator", "off"]


def _several(value: object) -> object:
    """A list from the environment is written with commas."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _web_address(value: object) -> object:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f'{value!r} is not a web address; write it as "https://notifier.school.sch.uk"')
    return str(value).rstrip("/")


def _database(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError('must begin with "sqlite:///" or "postgresql+psycopg://"')
    return value


WebAddress = Annotated[str, BeforeValidator(_web_address)]
Seconds = Annotated[float, Field(gt=0)]
Rate = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChannelSettings(_Section):
    """Which provider carries each medium."""

    sms: SmsProvider = Field(
        "twilio",
        description="What carries texts. Until Twilio is set up, texts wait and the commands say what is missing. The "
        "simulator reaches nobody; it is for demonstrations.",
    )
    email: EmailProvider = Field(
        "smtp",
        description="What carries e-mail. Until a mail server is set up, no carer is reached by e-mail and staff e-mails wait.",
    )


class TwilioSettings(_Section):
    """Texts through Twilio."""

    account_sid: str | None = Field(None, description="The account's SID, also read from `TWILIO_ACCOUNT_SID`.")
    auth_token: SecretStr | None = Field(None, description="The account's token, also read from `TWILIO_AUTH_TOKEN`.")
    secondary_auth_token: SecretStr | None = Field(
        None, description="The other token while tokens are being exchanged: webhooks signed with either are taken."
    )
    from_number: str | None = Field(None, description="The number texts come from, as in `+447700900123`.")
    messaging_service_sid: str | None = Field(
        None, description="The messaging service texts come from; it wins over `from_number`."
    )
    base_url: WebAddress | None = Field(None, description="Another address than Twilio's own, for a test double.")
    messages_per_second: Rate = Field(
        10.0,
        description="Most texts handed over in a second for each sender. One long number passes on about one part a "
        "second, and Twilio queues the rest.",
    )
    concurrency: Count = Field(64, description="Most calls to Twilio under way at once.")
    timeout_seconds: Seconds = Field(10.0, description="How long one call may take before its outcome is unknown.")


class SmtpSettings(_Section):
    """E-mail through a mail server."""

    host: str | None = Field(None, description="The mail server's name.")
    port: int = Field(587, ge=1, le=65535, description="Its port.")
    username: str | None = Field(None, description="The account at the mail server, where it asks for one.")
    password: SecretStr | None = Field(None, description="The account's password.")
    starttls: bool = Field(True, description="Whether the connection must be encrypted before anything is sent.")
    from_address: str | None = Field(None, description="The address e-mails come from.")
    rate_per_second: Rate = Field(5.0, description="Most e-mails handed over in a second.")
    timeout_seconds: Seconds = Field(20.0, description="How long one e-mail may take before its outcome is unknown.")


class SendingSettings(_Section):
    """How messages are claimed and handed over."""

    batch_size: Annotated[int, Field(ge=1, le=1000)] = Field(250, description="Messages claimed at a time.")
    lease_seconds: Seconds = Field(
        120.0, description="How long a claimed message may stay in hand before its outcome counts as unknown."
    )
    unknown_pause_seconds: Seconds = Field(
        60.0, description="How long to wait before the provider is asked about a message whose outcome is unknown."
    )
    max_attempts: Count = Field(
        4,
        description="Most attempts for one message to a carer; a repeat needs a certain refusal of the attempt before.",
    )


class PriceSettings(_Section):
    """What a message costs, for forecasts and spending caps."""

    sms_pence_per_segment: Annotated[float, Field(ge=0)] = Field(
        4.0, description="Price of one part of a text, in pence. An assumption: enter what your provider charges."
    )


class AlertSettings(_Section):
    """Whom the service itself tells when it is in trouble."""

    addresses: Annotated[tuple[str, ...], BeforeValidator(_several)] = Field(
        (), description="E-mail addresses of whoever runs the service, besides each school's own (commas between them)."
    )


class ReplySettings(_Section):
    """How carers' replies are understood."""

    embeddings: bool = Field(
        False,
        description="Whether the meaning of whole replies counts too, and the most similar known reply is shown. Needs the extra "
        "`multilingual`; without it nothing changes.",
    )


class SchedulerSettings(_Section):
    """The clock."""

    tick_seconds: Annotated[float, Field(ge=1, le=300)] = Field(
        60.0, description="How often the service looks what is due."
    )


class Settings(_Section):
    """All settings of one running service. `Settings()` is the defaults; `load_settings` reads what is configured."""

    environment: Literal["development", "production"] = Field(
        "development",
        description="In `production` a secret key is needed, and test numbers and the simulator are refused.",
    )
    database_url: Annotated[str, BeforeValidator(_database), Hidden] = Field(
        "sqlite:///var/notifier.db",
        repr=False,
        description="`sqlite:///FILE` or `postgresql+psycopg://USER@HOST/NAME`.",
    )
    config_dir: Path = Field(
        Path("config"),
        description="Folder with `notifier.toml`, school files, policies and codes. When not set: `config` where there "
        "is such a folder, else the one that comes with the program.",
    )
    public_url: WebAddress = Field(
        "http://127.0.0.1:8000", description="The address under which carers and providers reach this service."
    )
    secret_key: SecretStr | None = Field(
        None,
        description=f"Kept for signing links and sessions: at least {_SHORTEST_KEY} random characters, as `openssl rand "
        "-hex 32` prints them. Production asks for it from the start, so that no link is ever signed with a guess.",
    )
    allow_test_numbers: bool | None = Field(
        None, description="Whether numbers reserved for drama are taken. When not set: outside production only."
    )
    log_format: Literal["console", "json"] = Field("console", description="How log lines are written.")
    channels: ChannelSettings = ChannelSettings()
    twilio: TwilioSettings = TwilioSettings()
    smtp: SmtpSettings = SmtpSettings()
    sending: SendingSettings = SendingSettings()
    prices: PriceSettings = PriceSettings()
    alerts: AlertSettings = AlertSettings()
    replies: ReplySettings = ReplySettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    sign_in: SignInSettings = SignInSettings()

    @property
    def production(self) -> bool:
        """Whether real families are at the other end."""
        return self.environment == "production"

    @property
    def test_numbers_allowed(self) -> bool:
        """Whether numbers reserved for drama are taken, as configured or else by environment."""
        return not self.production if self.allow_test_numbers is None else self.allow_test_numbers

    def sms_problems(self) -> list[Problem]:
        """What is still missing before texts can leave; empty when nothing is, and when texts are not to leave."""
        if self.channels.sms != "twilio":
            return []
        missing = [path for path in (("twilio", "account_sid"), ("twilio", "auth_token")) if not _at(self, path)]
        problems = [_missing(path, self.channels.sms) for path in missing]
        if not self.twilio.from_number and not self.twilio.messaging_service_sid:
            names = f"{env_name(('twilio', 'from_number'))} or {env_name(('twilio', 'messaging_service_sid'))}"
            problems.append(Problem("", "twilio.from_number", f"texts need a sender; set {names}"))
        return problems

    def email_problems(self) -> list[Problem]:
        """What is still missing before e-mail can leave; empty when nothing is, and when e-mail is not to leave."""
        if self.channels.email != "smtp":
            return []
        return [_missing(path, "smtp") for path in (("smtp", "host"), ("smtp", "from_address")) if not _at(self, path)]


def _missing(path: tuple[str, ...], provider: str) -> Problem:
    return Problem("", ".".join(path), f"{provider} needs it; set {OTHER_NAMES.get(env_name(path), env_name(path))}")


def _at(settings: Settings, path: tuple[str, ...]) -> object:
    value: object = settings
    for part in path:
        value = getattr(value, part)
    return value


def setting_fields(model: type[BaseModel] = Settings) -> dict[tuple[str, ...], FieldInfo]:
    """Every setting by its path in notifier.toml, sections flattened: ("twilio", "from_number")."""
    found: dict[tuple[str, ...], FieldInfo] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= {(name, *path): inner for path, inner in setting_fields(field.annotation).items()}
        else:
            found[name,] = field
    return found


def env_name(path: tuple[str, ...]) -> str:
    """The environment's name of a setting: ("smtp", "host") is NOTIFIER_SMTP__HOST."""
    return PREFIX + "__".join(path).upper()


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


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
    if settings is not None and settings.sign_in.second_factor != "optional" and settings.secret_key is None:
        message = "needs the secret key, with which second factors are sealed; set NOTIFIER_SECRET_KEY"
        problems.append(Problem("", "sign_in.second_factor", message))
    if settings is None or problems:
        raise ConfigurationError(problems)
    unsafe = list(_unsafe_in_production(settings)) if settings.production else []
    if unsafe:
        raise ConfigurationError(unsafe)
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


def _unsafe_in_production(settings: Settings) -> Iterator[Problem]:
    """What must not happen where real families are at the other end."""

    def refused(path: tuple[str, ...], message: str) -> Problem:
        return Problem("production", env_name(path), message)

    key = settings.secret_key.get_secret_value() if settings.secret_key else ""
    how = "set it to what 'openssl rand -hex 32' prints"
    if not key:
        yield refused(("secret_key",), f"is missing; {how}")
    elif len(key) < _SHORTEST_KEY:
        yield refused(("secret_key",), f"is shorter than {_SHORTEST_KEY} characters; {how}")
    elif len(set(key)) < 8 or any(word in key.casefold() for word in _PLACEHOLDERS):
        yield refused(("secret_key",), f"is a placeholder; {how}")
    if settings.allow_test_numbers:
        yield refused(("allow_test_numbers",), "is not possible: messages to test numbers reach nobody; leave it out")
    for medium in ("sms", "email"):
        if getattr(settings.channels, medium) == "simulator":
            others = "twilio or off" if medium == "sms" else "smtp or off"
            yield refused(("channels", medium), f"the simulator reaches nobody; write {others}")
    if settings.sign_in.argon2_memory_kib < 19456 or settings.sign_in.argon2_rounds < 2:
        path = ("sign_in", "argon2_memory_kib")
        yield refused(path, "is too little for passwords: at least 19456 KiB and 2 rounds; leave both out")
    address = urlsplit(settings.public_url)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        yield refused(("public_url",), f'"{settings.public_url}" must begin with https:// in production')


def settings_markdown() -> str:
    """The page docs/reference/settings.md, made from the settings themselves."""
    lines = [
        "# Settings",
        "",
        "This page is made from `notifier/settings.py`; change that file, not this page.",
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
    if all(isinstance(kind, str) for kind in kinds[1:]) and kinds[1:]:
        return ", ".join(f"`{kind}`" for kind in kinds[1:])
    return "text"


def _default_of(field: FieldInfo) -> str:
    if field.default is None or field.default == ():
        return "not set"
    default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    return f"`{default}`"
