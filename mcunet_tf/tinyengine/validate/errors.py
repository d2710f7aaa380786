# SPDX-License-Identifier: Apache-2.0
"""What the validator raises."""

from __future__ import annotations


class PlanError(AssertionError):
    """The planner made a plan that would corrupt data: a bug of ours, never the user's."""
