# SPDX-License-Identifier: Apache-2.0
"""A budget of flash, held against what a plan takes."""

from __future__ import annotations

from mcunet_tf.errors import BudgetError
from mcunet_tf.tinyengine.emit.cost_report import Report


def check_flash(report: Report, flash_budget_bytes: int | None) -> None:
    """Holds the budget against the plan's own stages, of which the choice of kernels knew none."""
    if flash_budget_bytes is None:
        return
    flash_bytes = (report.code_bytes or 0) + report.weights_bytes
    if flash_bytes > flash_budget_bytes:
        raise BudgetError(
            f"{report.model}: code and weights take {flash_bytes:,} B of flash, over the budget of "
            f"{flash_budget_bytes:,} B: raise it or use a smaller model"
        )
