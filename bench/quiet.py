"""A benchmark prints its figures and nothing else: the service's own log lines are for whoever runs the service."""

from __future__ import annotations

import logging

import structlog


def quiet() -> None:
    """Leave out every log line below an error, in this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
