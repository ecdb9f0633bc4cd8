"""Settings: where they come from, what is refused, and that the page about them is true."""

import re
import tomllib
from pathlib import Path

import pytest

from notifier.configuration.errors import ConfigurationError
from notifier.paths import data_folder
from notifier.settings import Settings, env_name, load_settings, setting_fields, settings_markdown

ROOT = data_folder("config").parent
KEY = "3f9c1e7a5b2d4860f1e2d3c4b5a69788"
PRODUCTION = {
    "NOTIFIER_ENVIRONMENT": "production",
    "NOTIFIER_SECRET_KEY": KEY,
    "NOTIFIER_PUBLIC_URL": "https://notifier.oakfield.example",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "conf").mkdir()
    return tmp_path / "conf"


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings(environ)
    return str(refused.value)


def test_without_anything_it_runs_on_this_machine_and_waits_for_its_channels():
    settings = load_settings({})
    assert settings.database_url == "sqlite:///var/notifier.db"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.sms_problems() and settings.email_problems()
    assert settings.config_dir == data_folder("config")
    assert settings.test_numbers_allowed
    assert settings.secret_key is None
    assert settings.model_copy(update={"config_dir": Path("config")}) == Settings()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(folder):
    (folder / "notifier.toml").write_text(
        'log_format = "json"\n[twilio]\nconcurrency = 8\nfrom_number = "+447700900001"\n', encoding="utf-8"
    )
    settings = load_settings({"NOTIFIER_CONFIG_DIR": str(folder), "NOTIFIER_TWILIO__CONCURRENCY": "16"})
    assert settings.config_dir == folder
    assert settings.log_format == "json"
    assert settings.twilio.concurrency == 16
    assert settings.twilio.from_number == "+447700900001"
    assert settings.twilio.timeout_seconds == 10.0


def test_the_folder_config_is_used_where_there_is_one(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "notifier.toml").write_text('log_format = "json"', encoding="utf-8")
    settings = load_settings({})
    assert (settings.config_dir, settings.log_format) == (Path("config"), "json")


def test_twilio_is_known_by_its_own_names_too():
    settings = load_settings({"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t0ken"})
    assert settings.twilio.account_sid == "AC1"
    assert settings.twilio.auth_token is not None
    assert settings.twilio.auth_token.get_secret_value() == "t0ken"
    ours_first = load_settings({"TWILIO_ACCOUNT_SID": "AC1", "NOTIFIER_TWILIO__ACCOUNT_SID": "AC2"})
    assert ours_first.twilio.account_sid == "AC2"


@pytest.mark.parametrize("environ", [{}, PRODUCTION], ids=["development", "production"])
def test_nothing_goes_to_a_simulator_unless_somebody_says_so(environ):
    channels = load_settings(environ).channels
    assert (channels.sms, channels.email) == ("twilio", "smtp")


def test_a_channel_may_be_switched_off_or_simulated_by_name():
    channels = load_settings({"NOTIFIER_CHANNELS__SMS": "off", "NOTIFIER_CHANNELS__EMAIL": "simulator"}).channels
    assert (channels.sms, channels.email) == ("off", "simulator")


def test_what_a_channel_still_needs_is_named_without_stopping_the_rest():
    settings = load_settings({"TWILIO_ACCOUNT_SID": "AC1", "NOTIFIER_SMTP__HOST": "mail.example.org"})
    assert list(map(str, settings.sms_problems())) == [
        "twilio.auth_token: twilio needs it; set TWILIO_AUTH_TOKEN",
        "twilio.from_number: texts need a sender; set NOTIFIER_TWILIO__FROM_NUMBER or "
        "NOTIFIER_TWILIO__MESSAGING_SERVICE_SID",
    ]
    assert list(map(str, settings.email_problems())) == [
        "smtp.from_address: smtp needs it; set NOTIFIER_SMTP__FROM_ADDRESS"
    ]


def test_nothing_is_missing_where_nothing_is_to_leave():
    settings = load_settings({"NOTIFIER_CHANNELS__SMS": "off", "NOTIFIER_CHANNELS__EMAIL": "off"})
    assert (settings.sms_problems(), settings.email_problems()) == ([], [])


def test_a_complete_channel_needs_nothing():
    settings = load_settings(
        {
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "t",
            "NOTIFIER_TWILIO__MESSAGING_SERVICE_SID": "MG1",
            "NOTIFIER_SMTP__HOST": "mail.example.org",
            "NOTIFIER_SMTP__FROM_ADDRESS": "absence@oakfield.example",
        }
    )
    assert (settings.sms_problems(), settings.email_problems()) == ([], [])


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path):
    (tmp_path / "token").write_text("from-a-file\n", encoding="utf-8")
    for name in ("TWILIO_AUTH_TOKEN", "NOTIFIER_TWILIO__AUTH_TOKEN"):
        token = load_settings({f"{name}_FILE": str(tmp_path / "token")}).twilio.auth_token
        assert token is not None
        assert token.get_secret_value() == "from-a-file"


def test_secrets_may_lie_in_a_folder_under_their_names(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "notifier_smtp__password").write_text("pässword\n", encoding="utf-8")
    (tmp_path / "secrets" / "TWILIO_AUTH_TOKEN").write_text("folder", encoding="utf-8")
    environ = {"NOTIFIER_SECRETS_DIR": str(tmp_path / "secrets"), "TWILIO_AUTH_TOKEN": "environment"}
    settings = load_settings(environ)
    assert settings.smtp.password is not None
    assert settings.smtp.password.get_secret_value() == "pässword"
    assert settings.twilio.auth_token is not None
    assert settings.twilio.auth_token.get_secret_value() == "environment"


def test_an_empty_variable_counts_as_not_set():
    settings = load_settings({"NOTIFIER_LOG_FORMAT": " ", "TWILIO_ACCOUNT_SID": ""})
    assert (settings.log_format, settings.twilio.account_sid) == ("console", None)


def test_a_list_is_written_with_commas():
    settings = load_settings({"NOTIFIER_ALERTS__ADDRESSES": "a@trust.example, b@trust.example,"})
    assert settings.alerts.addresses == ("a@trust.example", "b@trust.example")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NOTIFIER_CHANNELS__SMS", "fax", "\"fax\" will not do; it should be 'twilio', 'simulator' or 'off'"),
        ("NOTIFIER_SMTP__PORT", "many", '"many" will not do; write a whole number'),
        ("NOTIFIER_SMTP__STARTTLS", "maybe", '"maybe" will not do; write true or false'),
        ("NOTIFIER_SENDING__BATCH_SIZE", "0", '"0" will not do; it should be greater than or equal to 1'),
        ("NOTIFIER_ENVIRONMENT", "live", "\"live\" will not do; it should be 'development' or 'production'"),
        ("NOTIFIER_PUBLIC_URL", "oakfield", "'oakfield' is not a web address; write it as"),
        ("NOTIFIER_DATABASE_URL", "mysql://h/x", 'must begin with "sqlite:///" or "postgresql+psycopg://"'),
        ("NOTIFIER_CONFIG_DIR", "no/such", '"no/such" is not a folder'),
        ("NOTIFIER_SECRETS_DIR", "no/such", '"no/such" is not a folder'),
        ("NOTIFIER_DATABSE_URL", "x", "is not a setting; did you mean NOTIFIER_DATABASE_URL?"),
        ("NOTIFIER_TWILIO__FORM_NUMBER", "x", "is not a setting; did you mean NOTIFIER_TWILIO__FROM_NUMBER?"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_accepted(name, value, says):
    assert f"environment: {name}: {says}" in refusal({name: value})


def test_variables_of_others_are_left_alone():
    assert load_settings({"NOTIFIER_TEST_DATABASE_URL": "x", "NOTIFIER_IMAGE": "x", "PATH": "x"}) == load_settings({})


def test_a_file_of_secrets_that_is_not_there_is_named(tmp_path):
    told = refusal({"NOTIFIER_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert "environment: NOTIFIER_SECRET_KEY: the file" in told
    assert "cannot be read: No such file" in told


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('log_format = "xml"', "log_format: \"xml\" will not do; it should be 'console' or 'json'"),
        ('[twilio]\nform_number = "x"', 'twilio.form_number: is not known here; did you mean "from_number"?'),
        ('twilio = "x"', "twilio: "),
        (
            '[twilio]\nauth_token = "x"',
            "twilio.auth_token: is a secret and does not belong in this file; set NOTIFIER_",
        ),
        ('secret_key = "x"', "secret_key: is a secret and does not belong in this file; set NOTIFIER_SECRET_KEY"),
        ('database_url = "postgresql+psycopg://u:hush@h/n"', "database_url: holds a password and does not belong"),
        ('config_dir = "x"', "config_dir: belongs in NOTIFIER_CONFIG_DIR, not here"),
        ("[twilio", "is not valid TOML"),
    ],
)
def test_a_wrong_line_of_the_file_is_named(folder, toml, says):
    (folder / "notifier.toml").write_text(toml, encoding="utf-8")
    told = refusal({"NOTIFIER_CONFIG_DIR": "conf", "NOTIFIER_TWILIO__CONCURRENCY": "4"})
    assert f"conf/notifier.toml: {says}" in told
    assert "hush" not in told


def test_no_secret_is_ever_shown():
    secrets = {
        "NOTIFIER_SECRET_KEY": "s3cret-" + KEY,
        "TWILIO_AUTH_TOKEN": "s3cret-token",
        "NOTIFIER_SMTP__PASSWORD": "s3cret-password",
        "NOTIFIER_DATABASE_URL": "postgresql+psycopg://u:s3cret@h/n",
    }
    settings = load_settings(secrets)
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)
    assert "s3cret" not in refusal(secrets | {"NOTIFIER_DATABASE_URL": "mysql://u:s3cret@h/n"})


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        pytest.param({"NOTIFIER_SECRET_KEY": ""}, "NOTIFIER_SECRET_KEY: is missing", id="no key"),
        pytest.param({"NOTIFIER_SECRET_KEY": "short"}, "NOTIFIER_SECRET_KEY: is shorter than 32", id="short key"),
        pytest.param({"NOTIFIER_SECRET_KEY": "x" * 40}, "NOTIFIER_SECRET_KEY: is a placeholder", id="one letter"),
        pytest.param({"NOTIFIER_SECRET_KEY": f"ChangeMe{KEY}"}, "NOTIFIER_SECRET_KEY: is a placeholder", id="changeme"),
        pytest.param(
            {"NOTIFIER_ALLOW_TEST_NUMBERS": "true"}, "NOTIFIER_ALLOW_TEST_NUMBERS: is not possible", id="numbers"
        ),
        pytest.param(
            {"NOTIFIER_CHANNELS__SMS": "simulator"}, "NOTIFIER_CHANNELS__SMS: the simulator", id="simulated sms"
        ),
        pytest.param({"NOTIFIER_CHANNELS__EMAIL": "simulator"}, "NOTIFIER_CHANNELS__EMAIL: the simulator", id="e-mail"),
        pytest.param({"NOTIFIER_PUBLIC_URL": "http://a.example"}, "must begin with https:// in production", id="plain"),
    ],
)
def test_production_refuses_what_would_harm_real_families(environ, says):
    assert says in refusal(PRODUCTION | environ)


def test_production_starts_when_it_is_safe():
    settings = load_settings(PRODUCTION)
    assert settings.production
    assert not settings.test_numbers_allowed


def test_the_shipped_file_shows_every_setting_that_may_stand_in_it_with_its_default(folder):
    """With every comment sign removed it is still a file the service accepts."""
    shipped = (data_folder("config") / "notifier.toml").read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)^# (?=[a-z0-9_]+ = )", "", shipped)
    (folder / "notifier.toml").write_text(uncommented, encoding="utf-8")
    load_settings({"NOTIFIER_CONFIG_DIR": str(folder)})
    shown = tomllib.loads(uncommented)
    for path, field in setting_fields().items():
        within = shown if len(path) == 1 else shown[path[0]]
        secret = "Secret" in str(field.annotation)
        assert (path[-1] in within) is (not secret and path != ("config_dir",)), path
        if path[-1] in within and field.default not in (None, ()) and path[0] != "channels":
            assert within[path[-1]] == field.default, path


def test_the_shipped_file_changes_nothing_by_itself():
    assert load_settings({"NOTIFIER_CONFIG_DIR": str(data_folder("config"))}) == load_settings({})


def test_the_page_about_settings_is_the_one_made_from_them():
    assert (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8") == settings_markdown()


def test_every_setting_is_described_and_named():
    page = settings_markdown()
    for path, field in setting_fields().items():
        assert field.description, path
        assert env_name(path) in page


@pytest.mark.parametrize(
    "name",
    [
        "NOTIFIER_DATABASE_URL",
        "NOTIFIER_CONFIG_DIR",
        "NOTIFIER_PUBLIC_URL",
        "NOTIFIER_SECRET_KEY",
        "NOTIFIER_TWILIO__FROM_NUMBER",
        "NOTIFIER_TWILIO__MESSAGING_SERVICE_SID",
        "NOTIFIER_TWILIO__BASE_URL",
        "NOTIFIER_SMTP__HOST",
        "NOTIFIER_SMTP__PORT",
        "NOTIFIER_SMTP__USERNAME",
        "NOTIFIER_SMTP__PASSWORD",
        "NOTIFIER_SMTP__STARTTLS",
        "NOTIFIER_SMTP__FROM_ADDRESS",
    ],
)
def test_the_names_others_rely_on_exist(name):
    assert name in {env_name(path) for path in setting_fields()}
