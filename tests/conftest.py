"""Settings of the whole suite: property tests draw the same examples in every run, Ctrl-C reaches what tests start."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

settings.register_profile("wann", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("wann")

pytest.register_assert_rewrite("strategies")

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs, and so in their children
