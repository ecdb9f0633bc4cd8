"""Policy files: the shipped ladder, and the ladders that are refused because they could leave a child to nobody."""

from pathlib import Path

import pytest

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.policies import list_policies, load_policy, parse_policy
from notifier.domain.policies import Audience, Caps, GuardLimits
from notifier.domain.sessions import Session
from notifier.paths import data_folder

SHIPPED_FILE = data_folder("config") / "policies" / "first_day_absence.toml"
SHIPPED = SHIPPED_FILE.read_text(encoding="utf-8")
FILE = "config/policies/first_day_absence.toml"


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_policy(text, source=FILE, key="first_day_absence")
    return str(refused.value).splitlines()


def test_the_shipped_ladder_is_the_one_schools_were_promised():
    policy = load_policy("first_day_absence")
    assert [(step.after, step.to) for step in policy.steps] == [
        (0, Audience.BEST_PRIORITY),
        (20, Audience.NEXT_PRIORITY),
        (45, Audience.ALL_RESPONSIBLE),
        (60, Audience.CALL_LIST),
        (90, Audience.SAFEGUARDING_LEAD),
    ]
    assert [step.every_channel for step in policy.steps] == [False, False, True, False, False]
    assert policy.steps[2].channels == ("sms", "email")
    assert (policy.steps[1].template, policy.steps[1].new_template) == ("second_text", "next_contact")
    assert policy.steps[3].template is None


def test_the_shipped_limits_are_the_promised_ones():
    policy = load_policy("first_day_absence")
    assert policy.guards == GuardLimits(unusual_share=0.15, unusual_minimum=10, stale_after=60, taken_share=0.5)
    assert policy.caps == Caps(spend_pence_per_day=5000, equal_texts_per_number=3)
    assert (policy.unconfirmed_wait, policy.review_codes) == (30, {"O"})
    assert policy.first_templates == {Session.AM: "first_day_am", Session.PM: "first_day_pm"}
    assert policy.whole_day_template == "first_day"
    assert policy.day_two_template == "day_two"
    assert policy.all_clear_template == "all_clear"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            "after = 0",
            "after = 5",
            "step #1.after: 5 will not do; the first step is the first contact itself",
            id="late",
        ),
        pytest.param(
            "after = 45",
            "after = 20",
            "step #3.after: 20 is not later than the step before it, at 20 minutes",
            id="order",
        ),
        pytest.param(
            "after = 45", 'after = "45"', 'step #3.after: "45" is not whole minutes from 0 to 600', id="minutes as text"
        ),
        pytest.param("after = 45", "after = -1", "step #3.after: -1 is not whole minutes from 0 to 600", id="before"),
        pytest.param(
            'name = "second_text"',
            'name = "first_text"',
            'step #2.name: "first_text" is the name of step #1',
            id="name",
        ),
        pytest.param(
            'to = "call_list"',
            'to = "call-list"',
            "step #4.to: 'call-list' is nobody a step can turn to; did you mean",
            id="to",
        ),
        pytest.param(
            'to = "best_priority"',
            'to = "call_list"',
            'step #1.to: "call_list" will not do; the first step',
            id="staff first",
        ),
        pytest.param(
            'to = "safeguarding_lead"',
            'to = "all_responsible"\nchannels = ["sms"]\ntemplate = "second_text"',
            "step #5.to: the last step turns to people at school: call_list or safeguarding_lead",
            id="nobody at the end",
        ),
        pytest.param(
            'template = "second_text"',
            "template = 4",
            'step #2.template: 4 is not a name in small letters, digits and "_", as in "second_text"',
            id="template as a number",
        ),
        pytest.param('template = "second_text"', "", "step #2.template: is missing; write the name", id="no wording"),
        pytest.param(
            'to = "best_priority"',
            'to = "best_priority"\ntemplate = "hello"',
            "step #1.template: the first step takes its wording from [templates]; leave it out",
            id="wording of the first step",
        ),
        pytest.param(
            'to = "call_list"',
            'to = "call_list"\ntemplate = "second_text"',
            'step #4.template: a step that turns to "call_list" has none',
            id="wording for staff",
        ),
        pytest.param('channels = ["sms", "email"]', "", "step #1.channels: is missing; write a list", id="no channels"),
        pytest.param('"sms", "email"', '"sms", "fax"', "step #1.channels #2: 'fax' is not a channel", id="fax"),
        pytest.param('"sms", "email"', '"sms", "sms"', "step #1.channels: names a channel twice", id="channel twice"),
        pytest.param(
            "unusual_share = 0.15",
            "unusual_share = 15",
            "guards.unusual_share: 15 is not a share above 0 and up to 1; write 0.15 for 15%",
            id="per cent",
        ),
        pytest.param(
            "unusual_minimum = 10", "unusual_minimum = 0", "guards.unusual_minimum: 0 is not a whole", id="minimum"
        ),
        pytest.param(
            "stale_after", "stale_aftr", 'guards.stale_aftr: is not known here; did you mean "stale_after"?', id="key"
        ),
        pytest.param("5000", "49.5", "caps.spend_pence_per_day: 49.5 is not whole pence", id="pounds and pence"),
        pytest.param(
            'review_codes = ["O"]',
            'review_codes = ["ZZ"]',
            '"ZZ" is not an attendance code in force',
            id="no such code",
        ),
        pytest.param(
            'review_codes = ["O"]',
            'review_codes = ["H"]',
            '"H" is not an attendance code in force',
            id="withdrawn code",
        ),
        pytest.param(
            'review_codes = ["O"]',
            'review_codes = ["N"]',
            'policy.review_codes: "N" cannot be left to review: its effect is "unexplained"',
            id="N to review",
        ),
        pytest.param(
            'key = "first_day_absence"',
            'key = "other"',
            'policy.key: "other" differs from the file\'s name; write "first_day_absence"',
            id="copied file",
        ),
        pytest.param('AM = "first_day_am"', "", "templates.AM: is missing; write a name", id="no morning wording"),
        pytest.param(
            "[templates]", "[template]", "templates: is missing; write the table [templates]", id="no templates"
        ),
    ],
)
def test_a_ladder_that_will_not_do_is_told_with_file_and_key(old, new, says):
    assert old in SHIPPED
    told = refusal(SHIPPED.replace(old, new, 1))
    assert all(line.startswith(f"{FILE}: ") for line in told)
    assert any(says in line for line in told), told


def test_a_policy_without_steps_is_refused():
    assert any("the ladder has no step" in line for line in refusal("step = []\n" + SHIPPED.split("# The ladder")[0]))


def test_carers_new_at_a_step_get_its_wording_where_no_other_is_named():
    policy = parse_policy(SHIPPED.replace('new_template = "next_contact"', ""), source=FILE, key="first_day_absence")
    assert policy.steps[1].new_template == "second_text"


def test_a_school_may_treat_o_as_explained():
    text = SHIPPED.replace('review_codes = ["O"]', "review_codes = []")
    assert parse_policy(text, source=FILE, key="first_day_absence").review_codes == frozenset()


def test_a_folder_adds_policies_and_replaces_shipped_ones(tmp_path: Path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "gentle.toml").write_text(
        SHIPPED.replace('key = "first_day_absence"', 'key = "gentle"'), encoding="utf-8"
    )
    (folder / "first_day_absence.toml").write_text(SHIPPED.replace("after = 20", "after = 30"), encoding="utf-8")
    assert list_policies() == ("first_day_absence",)
    assert list_policies(tmp_path) == ("first_day_absence", "gentle")
    assert load_policy("gentle", tmp_path).steps == load_policy("first_day_absence").steps
    assert load_policy("first_day_absence", tmp_path).steps[1].after == 30


def test_an_unknown_policy_is_told_with_the_nearest_one():
    with pytest.raises(ConfigurationError, match='there is no policy "first_day"; did you mean "first_day_absence"'):
        load_policy("first_day")


def test_the_guide_to_ladders_knows_every_key_of_a_policy():
    guide = (data_folder("config").parent / "docs" / "how-to" / "write-a-ladder.md").read_text(encoding="utf-8")
    for word in [
        *Audience,
        *GuardLimits.__slots__,
        *Caps.__slots__,
        "unconfirmed_wait",
        "automatic_answers",
        "review_codes",
    ]:
        assert word in guide
