"""Settings of the whole suite: property tests draw the same examples in every run."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("wann", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("wann")

pytest.register_assert_rewrite("strategies")
