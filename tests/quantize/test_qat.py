# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training gives files that the compiler takes and that still classify."""

import numpy as np
import pytest

from mcunet_tf.errors import DataError
from mcunet_tf.quantize import quantize_qat
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas import Arch, Block
from tests.tinynas.tiny import images

pytest.importorskip("tensorflow_model_optimization")
tf_keras = pytest.importorskip("tf_keras")

from mcunet_tf.tinynas.build import build_with  # noqa: E402

ARCH = Arch((10, 10, 1), 8, 2, (Block(3, 8, 8, 1, True), Block(5, 24, 16, 2)))


@pytest.mark.slow
def test_a_small_network_learns_in_int8():
    tf_keras.utils.set_random_seed(0)
    pixels, labels = images(400)
    x = pixels.astype(np.float32) / 255
    model = build_with(tf_keras, ARCH.input_shape, ARCH.layers(3), "tiny")
    loss = tf_keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf_keras.optimizers.Adam(5e-3), loss=loss)
    model.fit(x, labels, epochs=8, verbose=0)
    flatbuffer = quantize_qat(model, x, labels, epochs=2, learning_rate=1e-3)
    compiled = compile_tflite(flatbuffer, "host", name="tiny")
    from mcunet_tf.check import Reference

    scale, zero_point = compiled.inputs[0].scale, compiled.inputs[0].zero_point
    quantised = np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)
    outputs = Reference(flatbuffer).run([(image[np.newaxis],) for image in quantised[:200]])
    predicted = np.array([arrays[0].argmax() for arrays in outputs])
    assert np.mean(predicted == labels[:200]) > 0.8


def test_labels_must_fit_the_images():
    model = build_with(tf_keras, ARCH.input_shape, ARCH.layers(3), "tiny")
    with pytest.raises(DataError, match="do not fit"):
        quantize_qat(model, np.zeros((4, 10, 10, 1), np.float32), np.zeros(3, np.int64))
