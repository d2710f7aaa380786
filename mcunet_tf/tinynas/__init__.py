# SPDX-License-Identifier: Apache-2.0
"""Searches the best network for a data set and a board; TensorFlow loads when it is needed."""

from mcunet_tf.tinynas.arch import Arch, Block

__all__ = ["Arch", "Block"]
