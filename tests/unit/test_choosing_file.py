"""The file of the choosing rules: the shipped one holds, and what could not be meant is refused by file, rule and key."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from notifier.configuration.choosing import choosing_file, load_choosing, parse_choosing
from notifier.configuration.errors import ConfigurationError
from notifier.domain.people import PupilFlag
from notifier.domain.situations import AUTOMATIC, FACTS, STANDING, Situation
from notifier.paths import data_folder
from notifier.wording.templates import read_templates

SHIPPED = choosing_file().read_text(encoding="utf-8")
FAMILY_OF = {key: made.family for key, made in read_templates(data_folder("templates") / "messages").items()}


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_choosing(text, source="config/choosing.toml", family_of=FAMILY_OF)
    return str(refused.value).splitlines()


def test_the_shipped_rules_are_read_and_every_situation_has_one() -> None:
    book = load_choosing(None, FAMILY_OF)
    assert {rule.situation for rule in book.rules} == set(Situation)
    assert set(book.situations) == set(Situation) - AUTOMATIC
    assert all(rule.why.endswith(".") for rule in book.rules)


def test_every_message_outside_the_first_day_is_chosen_by_a_rule_or_by_the_illness_file() -> None:
    book = load_choosing(None, FAMILY_OF)
    chosen = {rule.template for rule in book.rules}
    wanted = {key for key, family in FAMILY_OF.items() if family in ("toolkit", "moments_matter")}
    assert wanted <= chosen


def test_every_family_for_carers_has_its_own_rules() -> None:
    assert set(load_choosing(None, FAMILY_OF).families) == set(FAMILY_OF.values()) - {"staff"}


def test_a_folder_of_ones_own_replaces_the_shipped_file(tmp_path: object) -> None:
    from pathlib import Path

    own = Path(str(tmp_path)) / "choosing.toml"
    assert choosing_file(Path(str(tmp_path))) == choosing_file()
    own.write_text(SHIPPED.replace("bereavement_days = 180", "bereavement_days = 365"), encoding="utf-8")
    assert load_choosing(Path(str(tmp_path)), FAMILY_OF).limits.bereavement_days == 365


NUMBER = {line.split('"')[1]: place for place, line in enumerate(
    (line for block in SHIPPED.split("[[rule]]")[1:] for line in block.splitlines() if line.startswith("name =")), 1
)}  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('template = "toolkit_clubs"', 'template = "toolkit_club"', 'rule #{clubs} (clubs).template: there is no message "toolkit_club"; did you mean "toolkit_clubs"?'),
        ('template = "toolkit_clubs"', 'template = "staff_call_list"', 'rule #{clubs} (clubs).template: "staff_call_list" is for staff, never for families'),
        ('template = "policy.day_two"', 'template = "policy.day_3"', 'rule #{day_two} (day_two).template: "policy.day_3" leads nowhere'),
        ('template = "first_day_nursery"', 'template = "moments_friends"', "rule #{nursery} (nursery).template: \"moments_friends\" is of the family moments_matter; only first_day leaves by itself"),
        ("days_away = { at_least = 10 }", "days_awy = { at_least = 10 }", 'rule #{long_absence} (long_absence).when.days_awy: is not a fact; did you mean "days_away"?'),
        ("days_away = { at_least = 10 }", "days_away = { more_than = 10 }", "rule #{long_absence} (long_absence).when.days_away: write whole numbers as in"),
        ("days_away = { at_least = 10 }", 'days_away = "ten"', "rule #{long_absence} (long_absence).when.days_away: 'ten' will not do; write a whole number"),
        ('when = { stage = "nursery" }', 'when = { stage = "nursry" }', 'rule #{nursery} (nursery).when.stage: "nursry" is not a stage; did you mean "nursery"?'),
        ("when = { whole_day = true }", 'when = { whole_day = "yes" }', "(whole_day).when.whole_day: 'yes' will not do; write true or false"),
        ("when = { whole_day = true }", "when = { whole_day = { at_least = 1 } }", "(whole_day).when.whole_day: is a yes_no; at_least and at_most belong to numbers"),
        ('"medical", "send", "bereaved",', '"medical", "sen", "bereaved",', "families.moments_matter.never_for #2: 'sen' is not a fact; did you mean \"send\"?"),
        ('unless = ["refusal_reply"]', 'unless = ["days_missed"]', 'rule #{named_illness}.unless #1: "days_missed" is a number; here only facts that are yes or no can stand'),
        ("[families.moments_matter]", "[families.moments]", 'families.moments: there is no family of messages of this name; did you mean "moments_matter"?'),
        ('situation = "odd_days"\ntemplate = "moments_worry"', 'situation = "odd_day"\ntemplate = "moments_worry"', "rule #{worry}.situation: 'odd_day' is not a situation; did you mean \"odd_days\"?"),
        ('name = "afternoon"', 'name = "morning"', '"morning" is the name of rule #{morning} already'),
        ('[[situation]]\nname = "clubs"', '[[situation]]\nname = "reply"', "situation #13 (reply): is never proposed"),
        ('[[situation]]\nname = "clubs"', '[[situation]]\nname = "thank_you"', "(thank_you): is here already"),
        ("beside_first_day = true\nwhy = \"In school", "alone = true\nwhy = \"In school", "rule #{left_during_day} (left_during_day).alone: belongs to the situation \"unexplained\""),
        ('template = "toolkit_thank_you"', 'template = "toolkit_thank_you"\nbeside_first_day = true', "(thank_you).beside_first_day: only messages of the family first_day"),
        ('opens = "07:30"', 'opens = "7.30"', 'office.opens: \'7.30\' is not a time of day; write it as "07:30"'),
        ('closes = "17:00"', 'closes = "07:00"', "office.closes: 07:00 is not later than opens, 07:30"),
        ("at_most_every_days = 28", "at_most_every_days = -1", "families.moments_matter.at_most_every_days: -1 will not do"),
        ('sixth_form = ["12",', 'sixth_form = ["N1", "12",', 'stages.sixth_form: "N1" belongs to nursery already'),
        ('once_per = "term"', 'once_per = "year"', 'situation #2.once_per: "year" is not one of: day, half_term, term'),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_file_rule_and_key(old: str, new: str, says: str) -> None:
    assert old in SHIPPED
    found = refusal(SHIPPED.replace(old, new, 1))
    wanted = (
        f"config/choosing.toml: {says.format(**NUMBER)}" if not says.startswith(("(", '"')) else says.format(**NUMBER)
    )
    assert any(wanted in line for line in found), found
    assert all(line.startswith("config/choosing.toml: ") for line in found)


def test_a_rule_of_a_situation_that_is_not_listed_would_never_be_proposed_and_is_refused() -> None:
    text = SHIPPED.replace(
        '[[situation]]\nname = "thank_you"\nasked = true\nonce_per = "half_term"\nopen_days = 7\n', ""
    )
    assert any('there is no [[situation]] named "thank_you"' in line for line in refusal(text))


def test_every_flag_is_a_fact_and_every_fact_has_words() -> None:
    assert {flag.value for flag in PupilFlag} <= set(FACTS)
    assert all(words.means and not words.means.endswith(".") for words in FACTS.values())
    assert set(STANDING) <= set(Situation)


@pytest.mark.parametrize("listed", [FACTS, Situation], ids=["facts", "situations"])
def test_the_reference_names_every_fact_and_situation(listed: Callable[[], object]) -> None:
    page = (data_folder("config").parent / "docs" / "reference" / "choosing.md").read_text(encoding="utf-8")
    for name in listed:  # type: ignore[attr-defined]
        assert f"| `{name}` |" in page, name
