"""`notifier user`: staff accounts. The first administrator is made here; later ones can be made here too."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from notifier.cli.console import AsJson, err, print_json, rows, say
from notifier.cli.failures import Refused
from notifier.cli.moment import At, now
from notifier.cli.opening import application, who
from notifier.domain.staff import ROLE_WORDS, Role

app = typer.Typer(help="Staff accounts: add, list, disable, recover.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address at work.")]
By = Annotated[str, typer.Option("--by", metavar="USER", help="Who does it; the login name unless given.")]


@app.callback()
def user_commands() -> None:
    """Staff accounts: add, list, disable, recover."""


@app.command(
    epilog="Examples:\n\nnotifier user add alice@oakfield.example --role administrator --school oakfield --password-stdin"
    "\n\nnotifier user add carys@riverside.example --role trust_administrator --trust riverside-trust"
)
def add(
    email: Email,
    role: Annotated[Role, typer.Option("--role", help="What the person is.")],
    school: Annotated[
        str, typer.Option("--school", metavar="KEY", help="At which school; needed where there are several.")
    ] = "",
    trust: Annotated[
        str, typer.Option("--trust", metavar="KEY", help="Over which trust, for trust administrators and hub leads.")
    ] = "",
    name: Annotated[str, typer.Option("--name", help="The person's name, as colleagues see it.")] = "",
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Read the password from standard input: one line of at least 12 characters."
        ),
    ] = False,
    by: By = "",
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody with a role, or a further role to an account that exists.

    Without a password the person signs in through a provider, or chooses one by the link of notifier user reset.
    """
    from notifier.services.staff import add_user

    password = _password() if password_stdin else None
    with application() as notifier:
        added = add_user(
            notifier, email, role, school=school, trust=trust, name=name, password=password, by=by or who(),
            now=at or now(),
        )  # fmt: skip
        providers = notifier.settings.sign_in.providers
    place = added.grant.school_id or added.grant.trust
    if as_json:
        print_json(
            {"email": added.email, "role": role.value, "school": added.grant.school_id or None,
             "trust": added.grant.trust or None, "new_account": added.new_account, "new_role": added.new_role}
        )  # fmt: skip
        return
    what = "was added" if added.new_account else "has the further role" if added.new_role else "had this role already"
    say(f"✓ {added.email} {what}: {ROLE_WORDS[role]} at {place}.", "green")
    if added.new_account and password is None and not providers:
        say(f"Next: notifier user reset {added.email} prints a link for choosing a password.")


def _password() -> str:
    if sys.stdin.isatty():
        import getpass

        return getpass.getpass("Password: ")
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Refused("There is no password on standard input; give it as one line.")
    return line


@app.command("list", epilog="Example:\n\nnotifier user list")
def list_accounts(as_json: AsJson = False) -> None:
    """List the accounts with their roles. No password and no secret is shown."""
    from notifier.services.staff import list_users

    with application() as notifier:
        found = list_users(notifier)
    if as_json:
        print_json(found)
        return
    if not found:
        say("No accounts yet. Add one: notifier user add EMAIL --role administrator --school KEY --password-stdin")
    rows(
        ["e-mail", "roles", "second factor", "state", "last sign-in"],
        [
            [item["email"], _roles(item), _factor(item), _state(item), (item["last_sign_in_at"] or "never")[:16]]
            for item in found
        ],
    )


def _roles(item: dict[str, Any]) -> str:
    return ", ".join(f"{role['role']} ({role['school'] or role['trust']})" for role in item["roles"]) or "none"


def _factor(item: dict[str, Any]) -> str:
    return f"yes, {item['recovery_codes_left']} codes left" if item["second_factor"] else "no"


def _state(item: dict[str, Any]) -> str:
    if item["disabled"]:
        return f"disabled by {item['disabled_by']}"
    return "open" if item["password"] else "open, no password"


@app.command(epilog="Example:\n\nnotifier user disable bashir@oakfield.example --by alice@oakfield.example")
def disable(
    email: Email,
    by: Annotated[str, typer.Option("--by", metavar="USER", help="Who disables it.")],
    at: At = None,
) -> None:
    """Close an account. Its sessions end at once."""
    from notifier.services.staff import disable as work

    with application() as notifier:
        work(notifier, email, by=by, now=at or now())
    say(f"✓ {email} is disabled and signed out everywhere.", "green")


@app.command(epilog="Example:\n\nnotifier user enable bashir@oakfield.example")
def enable(email: Email, by: By = "", at: At = None) -> None:
    """Open a disabled account again."""
    from notifier.services.staff import enable as work

    with application() as notifier:
        work(notifier, email, by=by or who(), now=at or now())
    say(f"✓ {email} can sign in again.", "green")


@app.command(epilog="Example:\n\nnotifier user reset alice@oakfield.example")
def reset(email: Email, by: By = "", at: At = None) -> None:
    """Print a one-time link for choosing a new password. It is shown this once and lasts 24 hours.

    Make sure that you give it to the right person: whoever has it opens the account. The old password works until it is used.
    """
    from notifier.services.staff import make_recovery

    with application() as notifier:
        link = make_recovery(notifier, email, by=by or who(), now=at or now())
    err().print("Give this link to the person and nobody else; it cannot be shown again.")
    typer.echo(link)


@app.command("second-factor", epilog="Example:\n\nnotifier user second-factor alice@oakfield.example --off")
def second_factor(
    email: Email,
    off: Annotated[bool, typer.Option("--off", help="Take it away.")] = False,
    by: By = "",
    at: At = None,
) -> None:
    """Take the second factor away from somebody who lost both telephone and recovery codes.

    The person sets it up again after the next sign-in. It is set up on the staff pages only, by the person.
    """
    from notifier.services.staff import second_factor_off

    if not off:
        raise Refused("Say --off. A second factor is set up by the person, on the page “Your account”.")
    with application() as notifier:
        second_factor_off(notifier, email, by=by or who(), now=at or now())
    say(f"✓ {email} has no second factor and is signed out everywhere.", "green")
