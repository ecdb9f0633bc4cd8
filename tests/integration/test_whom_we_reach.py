"""Permission fails closed, at choosing and again when a message is about to leave."""

from __future__ import annotations

import pytest


def carers_texted(morning, purpose="absence"):
    return sorted({m["carer_id"] for m in morning.log() if m["purpose"] == purpose and m["status"] != "cancelled"})


def test_a_forbidden_contact_is_never_written_to_through_the_whole_ladder(morning, person):
    morning.people(
        person("p1", "c1", no_contact="yes", priority=1),
        person("p1", "c2", relationship="father", priority=2),
    )
    morning.marks({"p1": "N"})
    for moment in ("09:30", "09:50", "10:15", "10:30", "11:00"):
        morning.tick(moment)
    assert carers_texted(morning) == ["c2"]


def test_nor_is_a_number_that_a_forbidden_contact_shares(morning, person):
    morning.people(
        person("p1", "c1", no_contact="yes", mobile="07700 900111"),
        person("p1", "c2", relationship="father", priority=2, mobile="07700 900111"),
        person("p1", "c3", relationship="mother", priority=3),
    )
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert [m["to"] for m in morning.log()] == ["+447700900003"]


def test_a_block_that_comes_after_queueing_stops_the_message(morning, person):
    morning.people(person("p1", "c1"), person("p1", "c2", relationship="father", priority=2))
    morning.marks({"p1": "N"})
    morning.run()
    morning.change_contact("p1", "c1", no_contact=True)
    morning.send()
    assert {m["carer_id"]: m["status"] for m in morning.log()} == {"c1": "cancelled", "c2": "accepted"}
    assert morning.unaccounted() == []


def test_nobody_allowed_means_a_person_rings(morning, person):
    morning.people(person("p1", "c1", no_contact="yes"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert morning.board()["p1"]["call_reason"] == "no_contact_allowed"
    assert morning.log() == []


@pytest.mark.parametrize(
    ("addresses", "channel", "reason"),
    [
        pytest.param(
            {"mobile": "01632 960111", "email": "a@families.example"}, "email", None, id="landline and e-mail"
        ),
        pytest.param({"mobile": "01632 960111"}, None, "no_usable_contact", id="landline alone"),
        pytest.param({"mobile": "12345"}, None, "no_usable_contact", id="no number at all"),
    ],
)
def test_what_cannot_be_texted_goes_by_email_or_to_the_call_list(morning, person, addresses, channel, reason):
    morning.people(person("p1", "c1", **{"mobile": "", "email": "", **addresses}))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert [m["channel"] for m in morning.log()] == ([channel] if channel else [])
    assert morning.board()["p1"]["call_reason"] == reason


def test_contacts_without_parental_responsibility_are_for_staff_to_ring(morning, person):
    morning.people(
        person("p1", "c1", priority=2),
        person("p1", "c2", relationship="grandmother", priority=1, parental_responsibility="no"),
        person("p1", "c3", relationship="neighbour", priority=1, parental_responsibility=""),
    )
    morning.marks({"p1": "N"})
    for moment in ("09:30", "09:50", "10:15"):
        morning.tick(moment)
    assert carers_texted(morning) == ["c1"]


def test_for_a_looked_after_child_the_carer_is_told_and_never_the_birth_parent(morning, person):
    flags = {"pupil_flags": "looked_after"}
    morning.people(
        person("p1", "c1", relationship="mother", priority=1, **flags),
        person("p1", "c2", relationship="foster carer", priority=2, parental_responsibility="no", **flags),
    )
    morning.marks({"p1": "N"})
    for moment in ("09:30", "09:50", "10:15"):
        morning.tick(moment)
    assert carers_texted(morning) == ["c2"]
    assert morning.board()["p1"]["call_reason"] == "vulnerable"


def test_pupils_marked_do_not_text_go_to_the_call_list(morning, person):
    morning.people(person("p1", "c1", pupil_flags="do_not_text"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert morning.log() == [] and morning.board()["p1"]["call_reason"] == "suppressed"


def test_a_suppression_holds_until_its_last_day(morning, person):
    from datetime import date

    from notifier.services import schools

    morning.people(person("p1", "c1"), person("p1", "c2", relationship="father", priority=2))
    schools.suppress(
        morning.app, "oakfield", pupil_id="p1", carer_id="c1", reason="in hospital", until=date(2026, 11, 23),
        by="Alice", now=morning.at("08:40"), today=morning.day,
    )  # fmt: skip
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert carers_texted(morning) == ["c2"]
    morning.day = date(2026, 11, 24)
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert carers_texted(morning) == ["c1"]


def test_two_carers_with_one_number_get_one_text(morning, person):
    morning.people(
        person("p1", "c1", mobile="07700 900111"),
        person("p1", "c2", relationship="father", mobile="07700 900111"),
    )
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert [m["to"] for m in morning.log()] == ["+447700900111"]


class TestLanguage:
    @pytest.fixture
    def polish(self, morning, person):
        morning.people(person("p1", "c1", language="pl"))
        morning.marks({"p1": "N"})
        return morning

    def test_english_goes_out_until_somebody_approves(self, polish):
        polish.tick("09:30")
        [text] = polish.log()
        assert (text["language"], text["wanted_language"], text["fallback"]) == ("en", "pl", "not_approved")

    def test_the_carers_own_language_goes_out_once_approved(self, polish):
        from notifier.services import schools

        schools.approve(
            polish.app, language="pl", reviewer="Ewa Example, EAL lead", now=polish.at("08:00"), school_id="oakfield"
        )
        polish.tick("09:30")
        [text] = polish.log()
        assert (text["language"], text["fallback"]) == ("pl", None)
        assert "nieobecność" in text["body"]

    def test_what_is_not_translated_is_not_approved(self, polish):
        from notifier.services import schools

        ewa = {
            "language": "pl",
            "reviewer": "Ewa Example, EAL lead",
            "now": polish.at("08:00"),
            "school_id": "oakfield",
        }
        approved = {item.template for item in schools.approve(polish.app, **ewa)}
        assert "first_day_am" in approved and "toolkit_clubs" not in approved
        with pytest.raises(schools.NotAllowed, match="toolkit_clubs"):
            schools.approve(polish.app, **ewa, templates=["first_day_am", "toolkit_clubs"])

    def test_an_approval_counts_for_that_school_alone(self, polish, make_morning, person):
        from notifier.services import schools

        other = make_morning(key="riverside")
        other.add_school()
        schools.approve(
            polish.app, language="pl", reviewer="Ewa Example, EAL lead", now=polish.at("08:00"), school_id="oakfield"
        )
        other.people(person("p1", "c5", language="pl"))
        other.marks({"p1": "N"})
        other.tick("09:30")
        assert [text["language"] for text in other.log()] == ["en"]

    def test_a_language_the_school_does_not_offer_falls_back_visibly(self, morning, person):
        morning.people(person("p1", "c1", language="so"))
        morning.marks({"p1": "N"})
        morning.tick("09:30")
        assert [(text["language"], text["fallback"]) for text in morning.log()] == [("en", "not_offered")]
