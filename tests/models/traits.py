# SPDX-License-Identifier: Apache-2.0
"""Small networks, each for one trait that real files have."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.models.networks import ds_cnn
from tests.models.recipes import (
    SAMPLES,
    classify,
    conv,
    depthwise,
    empty_biases,
    image,
    negate_scales,
    network,
    random_images,
    recipe,
)


@recipe()
def tiny_conv() -> Any:
    """Small enough to read as emitted C."""
    x = inputs = image(6, 6, 1)
    return network(inputs, classify(conv(x, 4, strides=2), 3))


@recipe()
def pad_valid() -> Any:
    """ZeroPadding2D before VALID convolutions, symmetric and not."""
    from keras import layers

    x = inputs = image(20, 17, 3)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = conv(x, 8, strides=2, padding="valid")
    x = layers.ZeroPadding2D(2)(x)
    x = depthwise(x, 5, strides=2, padding="valid")
    x = layers.ZeroPadding2D(((1, 0), (2, 1)))(x)
    return network(inputs, classify(conv(x, 12, (2, 3), padding="valid")))


@recipe()
def pad_kept() -> Any:
    """Paddings that cannot be folded: before a pooling, before an ADD, with a value, at the end."""
    import tensorflow as tf
    from keras import layers

    x = inputs = image(10, 10, 3)
    x = conv(x, 8, activation="relu")
    y = layers.ZeroPadding2D(1)(layers.MaxPooling2D(2)(x))
    z = layers.ZeroPadding2D(((2, 0), (1, 1)))(conv(y, 8, padding="valid"))
    y = layers.Add()([y, z])
    y = layers.Lambda(lambda t: tf.pad(t, [[0, 0], [1, 0], [0, 2], [0, 0]], constant_values=0.5))(y)
    y = layers.AveragePooling2D(2)(y)
    return network(inputs, layers.ZeroPadding2D(1)(y))


@recipe()
def concatenation() -> Any:
    """Inception-like branches: channel concatenation of unlike scales, and along height."""
    from keras import layers

    x = inputs = image(14, 14, 3)
    x = conv(x, 12)
    branches = [conv(x, 5, 1), conv(x, 7, 3), layers.MaxPooling2D(3, 1, padding="same")(x)]
    x = layers.Concatenate()(branches)
    x = conv(x, 8, 1, activation=None)
    x = layers.Concatenate(axis=1)([x, conv(x, 8, 3, activation="relu")])
    return network(inputs, classify(x))


@recipe()
def upsampling() -> Any:
    """A small U-net: RESIZE_NEAREST_NEIGHBOR up and down, whole and broken factors, a skip."""
    from keras import layers

    x = inputs = image(16, 16, 3)
    skip = conv(x, 8)
    x = conv(layers.MaxPooling2D(2)(skip), 12)
    x = layers.Resizing(16, 16, interpolation="nearest")(x)
    x = conv(layers.Concatenate()([skip, x]), 8)
    x = layers.Resizing(21, 11, interpolation="nearest")(x)
    return network(inputs, layers.Conv2D(2, 1, activation="sigmoid")(x))


@recipe()
def upsampling_by_tile() -> Any:
    """UpSampling2D, which recent Keras lowers to RESHAPE and TILE."""
    from keras import layers

    x = inputs = image(6, 5, 3)
    return network(inputs, conv(layers.UpSampling2D((2, 3))(conv(x, 4)), 4))


@recipe()
def pools() -> Any:
    """Average and max pooling, SAME and VALID, overlapping, on odd sizes."""
    from keras import layers

    x = inputs = image(23, 19, 3)
    x = conv(x, 6, activation="relu")
    x = layers.AveragePooling2D(3, 1, padding="same")(x)
    x = layers.MaxPooling2D((2, 3), (2, 1), padding="valid")(x)
    x = layers.AveragePooling2D((3, 2), 2, padding="same")(x)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    x = layers.AveragePooling2D(x.shape[1:3])(x)
    return network(inputs, layers.Dense(4)(layers.Flatten()(x)))


@recipe()
def global_pools() -> Any:
    """MEAN with and without kept axes, over one axis, and REDUCE_MAX's usual stand-in."""
    import keras
    from keras import layers

    x = inputs = image(9, 7, 3)
    x = conv(x, 10, activation=None)
    a = layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True)(x))
    b = layers.GlobalAveragePooling2D()(conv(x, 10))
    c = layers.Flatten()(keras.ops.mean(conv(x, 3), axis=2))
    return network(inputs, [layers.Add()([a, b]), c])


@recipe()
def mask() -> Any:
    """ARG_MAX over classes, and a MIRROR_PAD."""
    import keras
    import tensorflow as tf
    from keras import layers

    x = inputs = image(10, 9, 3)
    x = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    x = conv(x, 6, padding="valid")
    return network(
        inputs, layers.Lambda(lambda values: tf.argmax(values, axis=3))(layers.Conv2D(5, 1)(x))
    )


@recipe()
def sums() -> Any:
    """SUM over an image and over its channels."""
    import keras
    from keras import layers

    x = inputs = image(9, 7, 3)
    x = conv(x, 10)
    a, b = keras.ops.sum(x, axis=(1, 2)), keras.ops.sum(x, axis=3)
    return network(inputs, [layers.Dense(4)(a), layers.Flatten()(b)])


@recipe()
def flatten_dense() -> Any:
    """RESHAPE of a rank-4 tensor, two dense layers, softmax."""
    from keras import layers

    x = inputs = image(8, 8, 1)
    x = layers.Flatten()(conv(x, 4, strides=2, activation="relu"))
    x = layers.Dense(17, activation="relu")(x)
    return network(inputs, layers.Dense(5, activation="softmax")(x))


@recipe(fixed_batch=False)
def flatten_dense_open_batch() -> Any:
    """The same with batch -1: RESHAPE whose shape comes from SHAPE, STRIDED_SLICE and PACK."""
    return flatten_dense()


@recipe(fixed_batch=False)
def reshape_open_batch() -> Any:
    """Keras Reshape layers over an open batch, between convolutions."""
    from keras import layers

    x = inputs = image(8, 6, 2)
    x = conv(x, 6)
    x = layers.Reshape((12, 4, 6))(x)
    x = conv(x, 8, strides=2)
    x = layers.Reshape((-1, 8))(x)
    return network(inputs, layers.Softmax()(x))


@recipe(fixed_batch=False)
def ds_cnn_open_batch() -> Any:
    return ds_cnn()


@recipe()
def depth_multiplier() -> Any:
    """Depthwise convolutions with multipliers 2 and 3, and as a first layer."""
    x = inputs = image(12, 12, 3)
    x = depthwise(x, 3, depth_multiplier=2, strides=2)
    x = depthwise(x, 5, depth_multiplier=3)
    x = conv(x, 10, 1)
    return network(inputs, classify(x))


@recipe()
def one_channel_depthwise() -> Any:
    """A depthwise convolution over one channel with multiplier 8: a dense one in disguise."""
    x = inputs = image(16, 10, 1)
    x = depthwise(x, (10, 8), depth_multiplier=8, strides=2, activation="relu")
    return network(inputs, classify(x, 4))


@recipe()
def dilated() -> Any:
    """Dilated dense and depthwise convolutions, SAME and VALID."""
    x = inputs = image(20, 18, 3)
    x = conv(x, 6, 3, dilation_rate=2)
    x = depthwise(x, 3, dilation_rate=(3, 2))
    x = conv(x, 8, (3, 2), dilation_rate=(2, 3), padding="valid")
    x = depthwise(x, 3, dilation_rate=2, padding="valid")
    return network(inputs, classify(x))


@recipe()
def grouped_conv() -> Any:
    """Grouped convolutions: CONV_2D whose filters have fewer input channels than the tensor."""
    x = inputs = image(8, 8, 4)
    x = conv(x, 8)
    x = conv(x, 12, 3, groups=4)
    x = conv(x, 12, 3, groups=12)
    return network(inputs, classify(conv(x, 8, 1, groups=2)))


@recipe()
def odd_kernels() -> Any:
    """Rectangular and even kernels, unequal strides, strided 1x1, channel counts off the tiles."""
    x = inputs = image(31, 22, 3)
    x = conv(x, 5, (1, 7), strides=(1, 2))
    x = conv(x, 7, (4, 2), strides=(3, 1))
    x = conv(x, 13, 1, strides=2)
    x = depthwise(x, (2, 4))
    x = depthwise(x, (5, 3))
    x = conv(x, 3, 1)
    return network(inputs, classify(x, 3))


@recipe()
def depthwise_kernels() -> Any:
    """Depthwise 3, 5 and 7, strides 1 and 2, odd and even sizes and channel counts."""
    x = inputs = image(29, 26, 3)
    x = conv(x, 17)
    for kernel in (3, 5, 7):
        x = depthwise(x, kernel)
    x = depthwise(x, 7, strides=2)
    x = conv(x, 30, 1)
    x = depthwise(x, 5, strides=2)
    x = depthwise(x, 3, strides=2)
    x = depthwise(x, 7)
    return network(inputs, classify(x))


@recipe()
def large_depthwise() -> Any:
    """Kernels larger than the image: most taps lie in the padding."""
    x = inputs = image(5, 4, 3)
    x = depthwise(conv(x, 9), 7)
    x = depthwise(conv(x, 6, 5, strides=2), 5, strides=2)
    return network(inputs, classify(x))


@recipe()
def one_pixel() -> Any:
    """Images of one pixel and one column."""
    from keras import layers

    x = inputs = image(7, 1, 3)
    x = depthwise(conv(x, 11, 3, strides=(2, 1)), 3)
    x = conv(x, 6, (4, 1), padding="valid")
    x = depthwise(conv(x, 9, 3), 3)
    return network(inputs, layers.Dense(4)(layers.Flatten()(x)))


@recipe()
def activations() -> Any:
    """RELU, RELU6 and LOGISTIC as operators of their own, ADD and MUL with fused ones.

    TFLite-Micro's RELU6 clamps without rescaling, so here tflite-runtime alone is the oracle.
    """
    import keras
    from keras import layers

    x = inputs = image(8, 8, 3)
    a = conv(layers.Activation("relu")(x), 6, activation=None)
    b = conv(x, 6, activation=None)
    x = layers.Activation("relu6")(layers.Add()([a, b]))
    x = layers.Activation("relu")(layers.MaxPooling2D(2)(layers.Multiply()([x, a])))
    y = layers.Activation("sigmoid")(layers.AveragePooling2D(2)(a))
    y = keras.ops.transpose(layers.Multiply()([x, y]), (0, 2, 1, 3))
    z = layers.Activation("relu6")(b)
    return network(inputs, [y, layers.Multiply()([z, layers.Activation("relu")(a)])])


@recipe()
def additions() -> Any:
    """ADD of two tensors, of one with itself, with a constant channel vector and a scalar."""
    import keras
    from keras import layers

    x = inputs = image(6, 7, 4)
    x = conv(x, 5, activation=None)
    y = layers.Add()([x, conv(x, 5)])
    y = layers.Add()([y, y])
    y = y + keras.ops.convert_to_tensor(np.float32([[[[0.1, -0.4, 0.7, 0.0, 1.5]]]]))
    y = layers.MaxPooling2D(2)(y) * 0.3
    return network(inputs, y)


@recipe()
def shape_views() -> Any:
    """RESHAPE, SQUEEZE, EXPAND_DIMS and TRANSPOSE (a Permute layer) between layers."""
    import keras
    from keras import layers

    x = inputs = image(6, 8)
    x = keras.ops.expand_dims(x, -1)
    x = conv(x, 4, (6, 3), padding="valid")
    x = keras.ops.squeeze(x, 1)
    x = layers.Permute((2, 1))(x)
    x = layers.Reshape((2, 2, 6))(x)
    x = layers.Permute((3, 1, 2))(x)
    return network(inputs, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


@recipe(fixed_batch=False)
def shape_views_open_batch() -> Any:
    return shape_views()


@recipe()
def conv_1d() -> Any:
    """Conv1D layers: EXPAND_DIMS or RESHAPE around CONV_2D of height one."""
    from keras import layers

    x = inputs = image(64, 3)
    x = layers.Conv1D(8, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv1D(12, 3, padding="valid", activation="relu")(x)
    x = layers.MaxPooling1D(2)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return network(inputs, layers.Dense(6, activation="softmax")(x))


@recipe()
def dense_rank_4() -> Any:
    """Dense on `[n, h, w, c]`: FULLY_CONNECTED with a rank-4 input and kept dimensions.

    tflite-runtime 2.14's per-channel reference kernel takes the output's height for its depth and
    leaves most of the output unwritten; TFLite-Micro (and arithmetic) is the oracle here.
    """
    from keras import layers

    x = inputs = image(5, 4, 3)
    x = layers.Dense(7, activation="relu")(conv(x, 6))
    return network(inputs, layers.Dense(2, use_bias=False)(x))


@recipe()
def softmax_rank_4() -> Any:
    """Softmax over the channels of every pixel, as in segmentation."""
    from keras import layers

    x = inputs = image(9, 9, 3)
    x = conv(x, 5, activation=None)
    return network(inputs, layers.Softmax()(x))


@recipe(edge_type="uint8")
def uint8_edges() -> Any:
    """uint8 input and output: QUANTIZE between uint8 and int8 at both ends."""
    x = inputs = image(10, 10, 3)
    return network(inputs, classify(conv(x, 8)))


@recipe(edge_type="float32")
def float_edges() -> Any:
    """float32 input and output: QUANTIZE and DEQUANTIZE at the ends."""
    x = inputs = image(10, 10, 3)
    return network(inputs, classify(conv(x, 8)))


@recipe()
def two_inputs_two_outputs() -> Any:
    """Two inputs of unlike shapes and scales, two outputs of which one feeds the other."""
    from keras import layers

    a, b = image(12, 12, 3), image(6, 6, 2)
    x = conv(a, 8, strides=2)
    y = conv(b, 8, 1, activation="relu")
    joined = layers.Add()([x, y])
    return network([a, b], [conv(joined, 4, activation=None), classify(conv(joined, 6))])


@recipe()
def input_is_used_twice() -> Any:
    """The input is read by two layers far apart, and an output is read inside the graph."""
    from keras import layers

    x = inputs = image(8, 8, 6)
    y = conv(conv(x, 12, 1), 6, activation=None)
    y = layers.Add()([x, y])
    return network(inputs, [y, layers.Add()([x, conv(y, 6)])])


@recipe(rewrite=negate_scales)
def negative_scales() -> Any:
    """Per-channel weight scales of both signs in dense, depthwise and pointwise layers."""
    x = inputs = image(12, 10, 3)
    x = depthwise(conv(x, 9, strides=2), 3, activation=None)
    x = conv(depthwise(x, 5), 8, 1, activation="relu")
    return network(inputs, classify(x))


@recipe(rewrite=empty_biases)
def empty_bias() -> Any:
    """FULLY_CONNECTED whose bias is a tensor of no elements: tflite-runtime 2.14 refuses it."""
    from keras import layers

    x = inputs = image(20)
    return network(inputs, layers.Dense(3, use_bias=False)(layers.Dense(8, use_bias=False)(x)))


@recipe(fixed_batch=False, trained_ranges=True)
def quantization_aware() -> Any:
    """Fake-quantised tf_keras layers: FULLY_CONNECTED per tensor, scales of both signs."""
    import tensorflow_model_optimization as tfmot
    import tf_keras
    from tf_keras import layers

    tf_keras.utils.set_random_seed(7)
    x = inputs = tf_keras.Input((12, 12, 3))
    x = layers.ReLU(6)(layers.BatchNormalization()(layers.Conv2D(8, 3, 2, "same")(x)))
    y = layers.ReLU(6)(layers.BatchNormalization()(layers.DepthwiseConv2D(5, padding="same")(x)))
    y = layers.BatchNormalization()(layers.Conv2D(8, 1)(y))
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, y]))
    x = layers.Softmax()(layers.Dense(5)(x))
    model = tfmot.quantization.keras.quantize_model(tf_keras.Model(inputs, x))
    model.compile("sgd", "mse")
    model.fit(random_images((12, 12, 3), 7), np.zeros((SAMPLES, 5)), epochs=2, verbose=0)
    return model


@recipe()
def wide_layers() -> Any:
    """Many channels on few pixels: flash rather than SRAM."""
    x = inputs = image(4, 4, 96)
    x = conv(x, 256, 1)
    x = depthwise(x, 3)
    return network(inputs, classify(conv(x, 64, 1, activation=None), 100))


@recipe()
def small_range_inputs() -> Any:
    """No activation after most layers: zero points anywhere, clamps at the type's limits."""
    x = inputs = image(11, 9, 2)
    x = conv(x, 6, activation=None)
    x = depthwise(x, 3, activation=None)
    x = conv(x, 5, 1, activation="relu")
    x = depthwise(x, 3, activation=None, strides=2)
    return network(inputs, conv(x, 4, 1, activation=None))
