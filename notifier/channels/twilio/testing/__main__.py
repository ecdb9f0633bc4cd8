"""Runs the Twilio double on its own until it is interrupted: `python -m notifier.channels.twilio.testing --port 4010`.

It prints the settings that point Notifier at it, so that a school can try everything without an account.
"""

from __future__ import annotations

import argparse
import sys
import threading

from notifier.channels.twilio.testing import ACCOUNT_SID, AUTH_TOKEN, TwilioDouble


def main() -> int:
    """Listen until interrupted; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m notifier.channels.twilio.testing", description="A stand-in for Twilio."
    )
    parser.add_argument("--port", type=int, default=4010, help="where to listen on 127.0.0.1; 0 chooses a free port")
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument(
        "--callbacks", action=argparse.BooleanOptionalAction, default=True, help="post delivery receipts"
    )
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="how long each POST takes")
    parser.add_argument(
        "--callback-delay", type=float, default=0.5, metavar="SECONDS", help="pause before each receipt"
    )
    chosen = parser.parse_args()
    double = TwilioDouble(
        account_sid=chosen.account_sid,
        auth_token=chosen.auth_token,
        port=chosen.port,
        callbacks=chosen.callbacks,
        delay=chosen.delay,
        callback_delay=chosen.callback_delay,
    )
    with double:
        sys.stdout.write(
            f"NOTIFIER_TWILIO__BASE_URL={double.url}\nTWILIO_ACCOUNT_SID={double.account_sid}\n"
            f"TWILIO_AUTH_TOKEN={double.auth_token}\nNOTIFIER_TWILIO__FROM_NUMBER=+447700900999\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return 0
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
