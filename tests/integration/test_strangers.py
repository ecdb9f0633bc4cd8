"""Messages from numbers that belong to no school are kept, shown, and can be noted as read."""

from __future__ import annotations

from notifier.services import schools
from notifier.store import replies


def test_a_message_for_no_school_waits_until_somebody_has_read_it(make_morning, person):
    oakfield, riverside = make_morning(), make_morning(key="riverside")
    for school in (oakfield, riverside):
        school.add_school()
    oakfield.reply("+447700900777", "I dont know where she is", "09:41")
    with oakfield.app.database.read() as connection:
        [row] = replies.listing(connection, "")
        assert (row.intent, bool(row.urgent), row.read_at) == ("safeguarding", True, None)
        assert replies.listing(connection, "oakfield") == []
    for school in (oakfield, riverside):
        mails = school.log(staff=True)
        assert {mail["template"] for mail in mails} == {"staff_urgent_reply"}
        assert all("a number we do not know" in mail["body"] for mail in mails)
    assert schools.read_unmatched(oakfield.app, by="Bashir", now=oakfield.at("09:45")) == 1
    assert schools.read_unmatched(oakfield.app, by="Bashir", now=oakfield.at("09:46")) == 0
    with oakfield.app.database.read() as connection:
        assert replies.listing(connection, "", unread_only=True) == []
