"""What is on record is told to people in sentences: no keys, no codes of ours, people by name and messages by title."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from notifier.domain.staff_words import BARRIERS, FALLBACKS, MESSAGE_STATES, OWN_WORDING
from notifier.services.audit_words import detail_said, subject_said
from notifier.services.story_words import (
    Names,
    decision_said,
    event_said,
    mark_said,
    message_ended,
    message_said,
    proposal_decided,
    receipt_said,
    reply_said,
    try_said,
)
from notifier.wording.titles import TITLES, title_of

KNOWN = Names({"7": "Kelly Pearce", "8": "Tom Pearce"}, {"alice@oakfield.example": "Alice Morgan"})
ALICE = "alice@oakfield.example"


def event(kind: str, detail: str, actor: str = "ladder") -> Any:
    return SimpleNamespace(kind=kind, detail=detail, actor=actor)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (event("opened", "unexplained; mark N", "run"), "Follow-up opened"),
        (event("opened", "left_during_day; mark N", "run"), "Follow-up opened. Present this morning and missing this afternoon."),
        (event("call_list", "vulnerable", "run"), "Put on the list of calls. Marked as vulnerable: a person rings at once."),
        (event("step", "second_text: 1 messages"), "Next step: second text, 1 message"),
        (event("step", "all_contacts: 3 messages"), "Next step: message to all contacts, 3 messages"),
        (event("step", "our_own_step: 2 messages"), "Next step: our own step, 2 messages"),
        (event("step_skipped", "second_text: answered"), "Left out: second text, because somebody had answered"),
        (event("step_skipped", "second_text: too_late"), "Left out: second text, because the time for texts had ended"),
        (event("safeguarding_lead", "nobody has answered"), "Handed to the safeguarding lead: not accounted for yet"),
        (event("safeguarding_lead", "Never arrived", ALICE), "Handed to the safeguarding lead by Alice Morgan: Never arrived"),
        (event("handed_over", "still open at the day's cut-off"), "Handed over to staff: still open when the time for texts ended"),
        (event("reply", "safeguarding (urgent)", "carer 7"), "Kelly Pearce answered (read as: worry about the child's safety; urgent)"),
        (event("reply", "illness", "carer ?"), "Carer ? answered (read as: ill or injured)"),
        (event("not_reached", "sms to carer 7: not_delivered; trying email to carer 8", "provider"),
         "Text to Kelly Pearce did not arrive. The message could not be delivered. Tried next: e-mail to Tom Pearce."),
        (event("not_reached", "email to carer 9: not_delivered", "provider"), "E-mail to carer 9 did not arrive. The message could not be delivered."),
        (event("not_reached", "all_clear: not_delivered", "provider"), "The all clear did not arrive. The message could not be delivered."),
        (event("all_clear", "1 carers to tell", "register"), "In school after all: 1 carer is told"),
        (event("all_clear", "0 carers to tell", "register"), "In school after all. Nobody had been told of the absence"),
        (event("closed", "arrived_later, code L", "register"), "Follow-up settled by the register: arrived later, code L"),
        (event("closed", "confirmed, code I", ALICE), "Follow-up settled by Alice Morgan: reason confirmed, code I"),
        (event("reopened", "Wrong child", ALICE), "Follow-up opened again by Alice Morgan: Wrong child"),
        (event("note", "Grandmother collects", ALICE), "Note by Alice Morgan: Grandmother collects"),
        (event("call", "Kelly Pearce, mother: no answer", "bob"), "Call by bob: Kelly Pearce, mother: no answer"),
        (event("by_hand", "again: Kelly Pearce", ALICE), "Written to by hand by Alice Morgan: again Kelly Pearce"),
        (event("by_hand", "next contact: Tom Pearce", ALICE), "Written to by hand by Alice Morgan: the next contact, Tom Pearce"),
    ],
)  # fmt: skip
def test_an_entry_of_a_follow_up_is_a_sentence(entry: Any, told: str) -> None:
    assert event_said(entry, KNOWN) == told


def message(**more: Any) -> Any:
    given = {
        "channel": "sms",
        "carer_id": "7",
        "template": "first_day_am",
        "fallback": "",
        "language": "en",
        "wanted_language": "en",
    }
    return SimpleNamespace(**(given | more))


def test_a_message_is_told_by_its_title_and_to_whom_and_why_in_english() -> None:
    assert message_said(message(), KNOWN) == "Text to Kelly Pearce written: First message (morning)"
    other = message(fallback="not_approved", wanted_language="pl", channel="email")
    assert message_said(other, KNOWN) == (
        "E-mail to Kelly Pearce written: First message (morning). "
        "In English instead of Polish (polski): the translation is not approved yet"
    )
    ended = message(status="cancelled", reason="answered")
    assert message_ended(ended, KNOWN) == "Text to Kelly Pearce: cancelled. A carer answered before the message left."


def test_tries_and_receipts_are_told_without_the_words_of_providers() -> None:
    attempts = [
        SimpleNamespace(provider="twilio", outcome=outcome) for outcome in ("accepted", "refused", "unknown", None)
    ]
    assert [try_said(one) for one in attempts] == [
        "handed to Twilio",
        "refused by Twilio",
        "handed to Twilio; nobody knows yet whether it was taken",
        "handed to Twilio; nobody knows yet whether it was taken",
    ]
    assert receipt_said("undelivered") == "not delivered"


def test_marks_decisions_and_answers_are_sentences() -> None:
    ill = SimpleNamespace(meaning="Ill, in body or mind")
    assert mark_said("AM", "N", None, unexplained=True) == "Marked absent without a reason (N) in the morning register"
    assert mark_said("PM", "I", ill, unexplained=False) == "Marked I in the afternoon register: Ill, in body or mind"  # type: ignore[arg-type]
    assert mark_said("AM", "", None, unexplained=False) == "No mark in the morning register"
    assert decision_said("AM", "withhold", "present") == "Morning: it was decided to write to nobody. Marked present."
    reply = SimpleNamespace(channel="sms", carer_id="7", intent="safeguarding", urgent=True)
    assert reply_said(reply, KNOWN, "where is she?") == (
        "Kelly Pearce wrote: “where is she?” (read as: worry about the child's safety; urgent)"
    )
    assert reply_said(SimpleNamespace(channel="page", carer_id="9", intent="illness", urgent=False), KNOWN, "") == (
        "carer 9 answered on the page (read as: ill or injured)"
    )
    proposed = SimpleNamespace(
        state="held_back", decided_by=ALICE, template="toolkit_clubs", decision_reason="moved away"
    )
    assert proposal_decided(proposed, KNOWN) == (
        "Proposed message held back by Alice Morgan: Breakfast and after-school clubs: moved away"
    )


def test_every_shipped_message_has_a_title_of_its_own(repository: Any) -> None:
    shipped = {folder.parent.name for folder in (repository / "templates" / "messages").glob("*/message.toml")}
    assert set(TITLES) == shipped
    assert len(set(TITLES.values())) == len(TITLES)
    assert title_of("our_own_message") == "Our own message"


def test_no_table_of_words_lets_a_key_through() -> None:
    for table in (MESSAGE_STATES, BARRIERS, FALLBACKS, OWN_WORDING, TITLES):
        assert not [said for said in table.values() if re.search(r"[a-z]_[a-z]", said)]


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({"role": "safeguarding_lead", "school": "oakfield", "trust": None, "new_account": True}, ("as safeguarding lead", "a new account")),
        ({"proposals": ["fa26147c6e", "65d1df026f"]}, ("2 proposals",)),
        ({"follow_up": "ab12", "outcome": "no_answer", "carer": "9001"}, ("outcome: no answer", "carer: 9001")),
        ({"day": "2026-11-24", "code": "I"}, ("for Tue 24 Nov 2026", "code I")),
        ({"changes": [["Terms", "Mon 1 Sep 2026\nWed 3 Sep 2026", "none"]], "version": 4}, ("Terms: Mon 1 Sep 2026; Wed 3 Sep 2026 → none",)),
        ({"templates": ["second_text", "all_clear"], "sending": False}, ("templates: Second message, All clear: the child is in school",)),
        ({"how": "second_factor", "address": "127.0.0.1"}, ("by password and second factor", "from the address 127.0.0.1")),
        ({"rows": 12, "note": ""}, ("12 rows",)),
    ],
)  # fmt: skip
def test_what_the_audit_holds_is_told_without_keys(detail: dict[str, Any], told: tuple[str, ...]) -> None:
    assert detail_said(detail) == told


def test_what_an_act_was_about_is_a_day_a_title_or_itself() -> None:
    assert subject_said("proposals.made", "2026-11-24") == "Tue 24 Nov 2026"
    assert subject_said("wording.save", "first_day_am") == "First message (morning)"
    assert subject_said("sign_in", "dana@oakfield.example") == "dana@oakfield.example"
