# SPDX-License-Identifier: Apache-2.0
"""Networks as the plain converter writes them: the batch is open, and shapes are computed."""

from __future__ import annotations

from typing import Any

from tests.models.recipes import conv, image, network, recipe, zero_biases


@recipe(fixed_batch=False, rewrite=zero_biases)
def sequences_open_batch() -> Any:
    """Dense on a sequence, and attention: flattened by SHAPE, GATHER, REDUCE_PROD and PACK."""
    from keras import layers

    x = inputs = image(6, 4)
    x = layers.Dense(8, activation="relu")(x)
    x = layers.Attention()([x, layers.Dense(8)(x)])
    x = layers.Dense(5)(x)
    return network(inputs, layers.GlobalAveragePooling1D()(x))


@recipe(fixed_batch=False)
def enlarged_open_batch() -> Any:
    """UpSampling2D in front of a convolution, and a transposed one."""
    from keras import layers

    x = inputs = image(4, 3, 2)
    x = conv(layers.UpSampling2D(2)(x), 4)
    x = layers.Conv2DTranspose(3, 3, strides=2, padding="same")(x)
    return network(inputs, x)


@recipe(fixed_batch=False)
def transposed_1d_open_batch() -> Any:
    from keras import layers

    x = inputs = image(9, 4)
    x = layers.Conv1DTranspose(6, 3, strides=2, padding="same", activation="relu")(x)
    return network(inputs, layers.Conv1D(3, 3)(x))


@recipe(fixed_batch=False)
def squeeze_excite_open_batch() -> Any:
    """Channels weighed by a Dense on their means, which RESHAPE brings to [-1, 1, 1, c]."""
    from keras import layers

    inputs = image(8, 8, 3)
    x = conv(inputs, 8, activation="relu")
    gates = layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(x))
    gates = layers.Dense(4, activation="relu")(gates)
    gates = layers.Dense(8, activation="sigmoid")(gates)
    return network(inputs, conv(layers.Multiply()([x, gates]), 4))


@recipe(fixed_batch=False)
def unrolled_gru_open_batch() -> Any:
    """The state begins with FILL of a computed shape."""
    from keras import layers

    x = inputs = image(5, 3)
    return network(inputs, layers.Dense(3)(layers.GRU(4, unroll=True)(x)))
