# SPDX-License-Identifier: Apache-2.0
"""Stochastic gradient descent whose steps for convolutions turn all directions of a matrix alike.

A gradient's few large directions drown the many small ones. Muon (Jordan et al., "Muon: an
optimizer for hidden layers in neural networks", 2024; Bernstein and Newhouse, arXiv:2409.20325)
takes the orthogonal matrix that is nearest to the momentum instead. Keras has it for matrices;
here the windows of dense convolutions are matrices too, `[height * width * in, out]`.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Jordan's: singular values from about 0.003 on come within 0.7 to 1.2 in five rounds."""

_ROUNDS = 4
_TINY = 1e-7


class Muon(keras.optimizers.SGD):
    """SGD with momentum, and Muon for every dense convolution's kernel.

    These kernels keep their norm, the root of the number of their singular values: behind each is a
    batch-norm, which makes what they compute independent of it, and so a step turns a kernel by an
    angle that the learning rate alone decides. Weight decay would be undone.
    """

    def __init__(self, learning_rate: float, *, turn: float, **options: Any):
        """Prepares the optimizer.

        Args:
            learning_rate: that of everything that is no dense convolution.
            turn: length of a kernel's step relative to its norm, per unit of `learning_rate`.
            options: of `keras.optimizers.SGD`.
        """
        super().__init__(learning_rate, **options)
        self.turn = turn

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Moves a variable."""
        if not is_dense_window(variable):
            super().update_step(gradient, variable, learning_rate)
            return
        momentum = self.momentums[self._get_variable_index(variable)]
        self.assign(momentum, self.momentum * tf.convert_to_tensor(momentum) + gradient)
        ahead = gradient + self.momentum * tf.convert_to_tensor(momentum)
        matrix = tf.reshape(ahead, (-1, variable.shape[-1]))
        step = tf.reshape(orthogonal(matrix), variable.shape)
        norm = float(min(matrix.shape)) ** 0.5
        kernel = tf.convert_to_tensor(variable)
        kernel *= norm / (tf.norm(kernel) + _TINY)
        self.assign(variable, kernel - self.turn * learning_rate * step)


def is_dense_window(variable: Any) -> bool:
    """Whether a variable is the kernel of a dense convolution, `[height, width, in, out]`."""
    return len(variable.shape) == 4 and variable.shape[3] > 1


def orthogonal(matrix: Any) -> Any:
    """Nearly the orthogonal matrix that is nearest to a float32 one `[m, n]`.

    All singular values come close to 1, by a few products of matrices instead of a decomposition;
    those of nothing stay nothing.
    """
    tall = matrix.shape[0] >= matrix.shape[1]
    x = matrix / (tf.norm(matrix) + _TINY)
    a, b, c = _COEFFICIENTS
    for _ in range(_ROUNDS):
        square = tf.matmul(x, x, transpose_a=tall, transpose_b=not tall)
        turned = b * square + c * tf.matmul(square, square)
        x = a * x + (tf.matmul(x, turned) if tall else tf.matmul(turned, x))
    return x
