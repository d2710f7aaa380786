# SPDX-License-Identifier: Apache-2.0
"""Small networks of well-known units: decoders, ShuffleNet's, attention, pixels as channels."""

from __future__ import annotations

from typing import Any

from tests.models.recipes import classify, conv, depthwise, image, network, recipe


@recipe()
def decoder() -> Any:
    """Conv2DTranspose, SAME and VALID, and bilinear upsampling, with skips, back to an image."""
    from keras import layers

    x = inputs = image(16, 12, 3)
    skip = conv(x, 6)
    x = conv(conv(skip, 8, strides=2), 12, strides=2)
    x = layers.Conv2DTranspose(8, 3, 2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(6, 2, 2, padding="valid")(x)
    x = conv(layers.Concatenate()([skip, x]), 4)
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.MaxPooling2D(2)(x))
    return network(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


@recipe()
def channel_shuffle() -> Any:
    """ShuffleNet's unit: channels split, half of them convolved, joined and shuffled."""
    import keras
    from keras import layers

    x = inputs = image(12, 12, 3)
    x = conv(x, 16)
    for _ in range(2):
        kept, y = keras.ops.split(x, 2, axis=-1)
        y = conv(depthwise(conv(y, 8, 1), activation=None), 8, 1)
        x = layers.Concatenate()([kept, y])
        x = layers.Reshape((12, 12, 2, 8))(x)
        x = layers.Reshape((12, 12, 16))(layers.Permute((1, 2, 4, 3))(x))
    return network(inputs, classify(x[:, 1:-1, ::2, :]))


@recipe()
def pixels_to_channels() -> Any:
    """Space to depth at the entrance, depth to space at the end, as super-resolution has it."""
    import tensorflow as tf
    from keras import layers

    x = inputs = image(12, 16, 3)
    x = conv(layers.Lambda(lambda t: tf.nn.space_to_depth(t, 2))(x), 8)
    x = conv(x, 12, activation=None)
    return network(inputs, layers.Lambda(lambda t: tf.nn.depth_to_space(t, 2))(x))


@recipe()
def attention() -> Any:
    """Attention to channels and to places (CBAM): means, maxima, one map for all channels."""
    import keras
    from keras import layers

    x = inputs = image(10, 10, 3)
    x = conv(x, 12)
    pooled = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    squeeze, excite = layers.Dense(3, activation="relu"), layers.Dense(12)
    gate = layers.Activation("sigmoid")(layers.Add()([excite(squeeze(p)) for p in pooled]))
    x = layers.Multiply()([x, layers.Reshape((1, 1, 12))(gate)])
    maps = [f(x, axis=-1, keepdims=True) for f in (keras.ops.mean, keras.ops.max)]
    gate = layers.Conv2D(1, 7, padding="same", activation="sigmoid")(layers.Concatenate()(maps))
    return network(inputs, classify(layers.Multiply()([x, gate])))


@recipe()
def differences() -> Any:
    """Normalization, Subtract, Maximum, Minimum, PReLU of channels and of values."""
    from keras import layers

    x = inputs = image(9, 9, 3)
    x = layers.Normalization(mean=[0.1, 0.2, -0.1], variance=[0.5, 0.6, 0.7])(x)
    x, y = conv(x, 8, activation=None), conv(x, 8, activation=None)
    slopes = {"alpha_initializer": "random_uniform"}
    x = layers.PReLU(shared_axes=[1, 2], **slopes)(layers.Subtract()([x, y]))
    x = layers.Minimum()([layers.Maximum()([x, y]), layers.PReLU(**slopes)(y)])
    return network(inputs, layers.Dense(5)(layers.GlobalMaxPooling2D()(conv(x, 8))))


@recipe()
def transformer() -> Any:
    """An encoder block over the patches of an image: layer norms, two heads of attention, swish."""
    from keras import layers

    x = inputs = image(16, 16, 3)
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 4, strides=4)(x))
    y = layers.LayerNormalization()(x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 6)(y, y)])
    y = layers.Dense(20, activation="swish")(layers.LayerNormalization()(x))
    x = layers.Add()([x, layers.Dense(12)(y)])
    x = layers.GlobalAveragePooling1D()(x)
    return network(inputs, layers.Dense(4, activation="softmax")(x))


@recipe()
def recurrent() -> Any:
    """Unrolled LSTM forwards and backwards, and a GRU on top."""
    from keras import layers

    x = inputs = image(6, 5)
    lstm = layers.LSTM(7, unroll=True, return_sequences=True)
    x = layers.Bidirectional(lstm)(x)
    x = layers.GRU(6, unroll=True)(x)
    return network(inputs, layers.Dense(3, activation="softmax")(x))


@recipe()
def curves() -> Any:
    """Activations that converters spell in several operators, or leave in float32."""
    import keras
    from keras import layers

    x = inputs = image(8, 8, 3)
    for curve in ("selu", "swish", "hard_sigmoid", "relu6"):
        x = layers.Activation(curve)(conv(x, 6, activation=None))
    return network(inputs, classify(keras.ops.abs(x)))


@recipe()
def square_root() -> Any:
    """A root, which TensorFlow's converter leaves in float32 up to 2.19, and not since."""
    import keras

    x = inputs = image(8, 8, 3)
    return network(inputs, classify(keras.ops.sqrt(keras.ops.abs(conv(x, 6, activation=None)))))


@recipe()
def embedding() -> Any:
    """Vectors of length one, and the distance of two of them."""
    import tensorflow as tf
    from keras import layers

    x = inputs = image(8, 8, 3)
    x = layers.GlobalAveragePooling2D()(conv(conv(x, 8, activation="elu"), 12, activation=None))
    normalised = layers.Lambda(lambda t: tf.nn.l2_normalize(t, -1))(x)
    apart = layers.Lambda(lambda t: tf.math.squared_difference(t[0], t[1]))
    return network(inputs, apart([normalised, layers.Dense(12, activation="tanh")(x)]))


@recipe()
def gathered() -> Any:
    """Channels picked one by one: GATHER."""
    import keras

    x = inputs = image(6, 6, 3)
    return network(inputs, classify(keras.ops.take(conv(x, 4), [3, 0, 2], axis=-1)))


@recipe()
def minima() -> Any:
    """REDUCE_MIN over height and width."""
    import keras

    x = inputs = image(6, 6, 3)
    return network(inputs, classify(keras.ops.min(conv(x, 4), axis=(1, 2), keepdims=True)))


@recipe()
def largest_values() -> Any:
    """TOPK_V2, which is not supported."""
    import keras

    x = inputs = image(6, 6, 3)
    return network(inputs, classify(keras.ops.top_k(conv(x, 4), 2)[0]))
