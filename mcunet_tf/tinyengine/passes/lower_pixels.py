# SPDX-License-Identifier: Apache-2.0
"""A convolution that makes one pixel is a matrix product.

Kernels of convolutions make tiles of several pixels, of which a new row of a signal, or what is
left behind a global pooling, has one.
"""

from __future__ import annotations

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.conv2d import Conv2dAttributes
from mcunet_tf.tinyengine.ops.fully_connected import FullyConnectedAttributes
from mcunet_tf.tinyengine.passes.rewriter import Rewriter, rewrite


def lower_pixels(graph: Graph) -> Graph:
    """Makes FULLY_CONNECTED of a CONV_2D whose window is all of its input, as it lies in memory."""
    return rewrite(graph, ("CONV_2D",), _lower)


def _lower(rewriter: Rewriter, op: Op) -> None:
    source, weights = (rewriter.tensor(index) for index in op.inputs[:2])
    attributes: Conv2dAttributes = op.attributes
    whole = source.shape[1:] == weights.shape[1:] and attributes.padding == Padding()
    dilated = (attributes.dilation_height > 1 and weights.shape[1] > 1) or (
        attributes.dilation_width > 1 and weights.shape[2] > 1
    )
    if not whole or dilated or weights.data is None:
        rewriter.ops.append(op)
        return
    matrix = np.asarray(weights.data).reshape(weights.shape[0], -1)
    operand = rewriter.constant(op.inputs[1], matrix, weights.quantization)
    inputs = (op.inputs[0], operand, *op.inputs[2:])
    product = FullyConnectedAttributes(attributes.activation)
    rewriter.op("FULLY_CONNECTED", op.name, inputs, op.outputs[0], product)
