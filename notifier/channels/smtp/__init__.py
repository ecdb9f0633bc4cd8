"""E-mail over SMTP. Delete this folder and e-mail is gone.

`compose` builds the message, `channel` hands it over, and `testing` is a real mail server for tests.
"""

from notifier.channels.smtp.channel import EXPIRED, SmtpChannel, SmtpConfig
from notifier.channels.smtp.compose import TOKEN_HEADER, compose, message_id, reply_token

__all__ = ["EXPIRED", "TOKEN_HEADER", "SmtpChannel", "SmtpConfig", "compose", "message_id", "reply_token"]
