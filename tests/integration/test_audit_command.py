"""`notifier audit check`: what it says of a whole chain, of a broken one, and of an entry noted before."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from notifier.cli.commands import app


@pytest.fixture
def check(morning, database_url, monkeypatch):
    """Run the command; gives the exit code and what was said."""
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", database_url)

    def run(*arguments):
        found = CliRunner().invoke(app, ["audit", "check", *arguments], prog_name="notifier")
        return found.exit_code, found.output

    return run


def test_a_chain_is_checked_and_a_break_is_told_with_what_to_do(morning, check):
    code, said = check()
    assert code == 0 and "oakfield: 1 entry and 0 looks fit together" in said
    code, said = check("--json")
    [chain] = json.loads(said)["chains"]
    assert (code, chain["whole"], chain["entries"]) == (0, True, 1)
    noted = f"1:{chain['head'][:16]}"
    assert check("--school", "oakfield", "--expect", noted)[0] == 0
    assert check("--expect", noted)[0] == check("--school", "oakfield", "--expect", "one")[0] == 2
    with morning.app.database.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'nobody'")
    code, said = check()
    assert code == 1 and "Entry 1 was changed" in said and "data protection officer" in " ".join(said.split())
    with morning.app.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM audit")
    code, said = check("--school", "oakfield", "--expect", noted)
    assert code == 1 and "Entries were cut off" in " ".join(said.split())
