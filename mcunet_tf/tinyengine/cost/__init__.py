# SPDX-License-Identifier: Apache-2.0
"""What kernels cost: a fitted model that answers in microseconds, without a board."""

from mcunet_tf.tinyengine.cost.measured import MeasuredCosts, cost_key
from mcunet_tf.tinyengine.cost.model import CallCost, CostModel, KernelModel, cost_model

__all__ = ["CallCost", "CostModel", "KernelModel", "MeasuredCosts", "cost_key", "cost_model"]
