# SPDX-License-Identifier: Apache-2.0
"""Searches the best network for a data set and a board; TensorFlow loads when it is needed."""

from mcunet_tf.tinynas.arch import Arch, Block
from mcunet_tf.tinynas.cost import Budget, Cost, candidate_cost
from mcunet_tf.tinynas.evolve import Evolution
from mcunet_tf.tinynas.result import SearchResult
from mcunet_tf.tinynas.search import Effort, search
from mcunet_tf.tinynas.space import Space, all_spaces, make_space

__all__ = [
    "Arch",
    "Block",
    "Budget",
    "Cost",
    "Effort",
    "Evolution",
    "SearchResult",
    "Space",
    "all_spaces",
    "candidate_cost",
    "make_space",
    "search",
]
