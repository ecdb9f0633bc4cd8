"""What each message is called when people speak of it: the heading of its page, and its name in a story, a list or an export.

A message that a school made itself has no title here; its key is then read as words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TITLES: Final[Mapping[str, str]] = {
    "all_clear": "All clear: the child is in school",
    "answer_free": "Answer in your own words",
    "answer_office": "Please come by the office",
    "answer_page": "The page to answer on",
    "day_two": "First message, second day or later",
    "first_day": "First message (whole day)",
    "first_day_am": "First message (morning)",
    "first_day_nursery": "First message (nursery)",
    "first_day_pm": "First message (afternoon)",
    "first_day_sixth_form": "First message (sixth form)",
    "illness_advice": "Illness: where to read about it",
    "illness_anxiety": "Illness: worry about school",
    "illness_chickenpox": "Illness: chickenpox",
    "illness_conjunctivitis": "Illness: conjunctivitis",
    "illness_cough_cold": "Illness: cough or cold",
    "illness_head_lice": "Illness: head lice",
    "illness_sickness": "Illness: vomiting or diarrhoea",
    "illness_sore_throat": "Illness: sore throat",
    "illness_temperature": "Illness: high temperature",
    "left_during_day": "Here this morning, missing this afternoon",
    "moments_fresh_start": "Odd days: every morning is a new start",
    "moments_friends": "Odd days: time with friends",
    "moments_learning": "Odd days: lessons lead on",
    "moments_mild_illness": "Odd days: a minor cough or cold",
    "moments_small_things": "Odd days: the small good things",
    "moments_worry": "Odd days: when a child does not want to come",
    "next_contact": "First message to a further contact",
    "opt_out_follow_up": "After STOP: how else can we reach you?",
    "reply_call": "Reply: we will ring you",
    "reply_illness": "Reply: thank you, get well",
    "reply_late": "Reply: thank you, see you soon",
    "reply_out_of_hours": "Reply: nobody is at school now",
    "reply_received": "Reply: thank you, we have it",
    "reply_thanks_no_reason": "Reply: we still need the reason",
    "reply_transport": "Reply: transport did not come",
    "reply_urgent": "Reply: we are checking now",
    "reply_who": "Reply: who we are",
    "return_after_absence": "Back after an absence",
    "second_text": "Second message",
    "staff_call_list": "To staff: families to ring",
    "staff_handed_over": "To staff: still open at the end of the texts",
    "staff_missed_run": "To staff: a run did not happen",
    "staff_opted_out": "To staff: carers who want no more texts",
    "staff_register_not_taken": "To staff: registers not taken",
    "staff_register_stale": "To staff: marks too old",
    "staff_run_report": "To staff: report of the run",
    "staff_safeguarding_lead": "To the safeguarding lead",
    "staff_sending_stopped": "To staff: sending has stopped",
    "staff_spend_cap": "To staff: the day's spending limit is reached",
    "staff_unusual_absence": "To staff: unusually many absences",
    "staff_urgent_reply": "To staff: an answer needs a person at once",
    "toolkit_clubs": "Breakfast and after-school clubs",
    "toolkit_days_missed": "Days missed so far",
    "toolkit_illness_season": "Season of coughs and colds",
    "toolkit_improved": "Fewer days missed than before",
    "toolkit_invitation_to_talk": "Invitation to talk",
    "toolkit_offer_of_help": "Offer of help",
    "toolkit_pattern": "The same day missed several times",
    "toolkit_start_of_term": "Before a new term",
    "toolkit_term_time_leave": "Leave in term time: ask first",
    "toolkit_thank_you": "Thank you",
    "toolkit_welcome_back": "Welcome back after a long absence",
    "wrong_number": "Sorry: wrong number",
}
"""Titles by the message's key; a test holds the table complete."""


def title_of(key: str) -> str:
    """A message's title; the key as words where it has none."""
    return TITLES.get(key) or key.replace("_", " ").capitalize()
