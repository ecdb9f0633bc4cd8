"""The settings there are, section by section: their kinds, defaults and what each does. docs/reference/settings.md is made from here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic.fields import FieldInfo

from notifier.configuration.errors import Hidden, Problem
from notifier.settings.names import OTHER_NAMES, env_name
from notifier.sign_in_settings import SignInSettings

SHORTEST_KEY: Final = 32
"""Characters of the secret key, at the least."""

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
        description=f"Kept for signing links and sessions: at least {SHORTEST_KEY} random characters, as `openssl rand "
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

    @property
    def second_factor(self) -> Literal["optional", "administrators", "everybody"]:
        """Who must have a second factor, as configured or else by environment: administrators once real families are there."""
        return self.sign_in.second_factor or ("administrators" if self.production else "optional")

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
