# SPDX-License-Identifier: Apache-2.0
"""Searches the best network for a data set and a board; TensorFlow loads when it is needed."""

from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.cost import Budget, Cost, candidate_cost
from mcunet_tf.tinynas.detector_result import DetectorResult
from mcunet_tf.tinynas.effort import Effort
from mcunet_tf.tinynas.evolve import Evolution
from mcunet_tf.tinynas.families import (
    DepthwiseSeparable,
    Family,
    FusedInvertedResidual,
    InvertedResidual,
    PlainResidual,
)
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.result import SearchResult
from mcunet_tf.tinynas.search import search
from mcunet_tf.tinynas.space import Space, SpaceStage, all_spaces, make_space

__all__ = [
    "Arch",
    "Block",
    "Budget",
    "Cost",
    "DepthwiseSeparable",
    "DetectorResult",
    "Effort",
    "Evolution",
    "Family",
    "FusedInvertedResidual",
    "InvertedResidual",
    "PlainResidual",
    "Recipe",
    "SearchResult",
    "Space",
    "SpaceStage",
    "all_spaces",
    "candidate_cost",
    "make_space",
    "search",
]
