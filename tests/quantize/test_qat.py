# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training gives files that the compiler takes and that still classify."""

import numpy as np
import pytest

from mcunet_tf.errors import DataError, UnsupportedError
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


def wrong_arguments():
    x, y = np.zeros((4, 10, 10, 1), np.float32), np.array([0, 1, 2, 0])
    nan = x.copy()
    nan[1, 0, 0] = np.nan
    return {
        "channels": ((np.zeros((4, 10, 10, 3)), y), {}, "do not fit the model's input"),
        "empty": ((x[:0], y[:0]), {}, "n >= 1"),
        "nan": ((nan, y), {}, "NaN"),
        "none": ((None, y), {}, "do not fit"),
        "text": (("images", y), {}, "arrays of numbers"),
        "float labels": ((x, y.astype(float)), {}, "labels are float64"),
        "negative labels": ((x, y - 1), {}, r"from -1 to 1; the model has 3 outputs"),
        "labels beyond": ((x, y + 1), {}, r"give whole numbers in 0..2"),
        "one-hot": ((x, np.eye(3)[y % 3]), {}, r"labels \[4, 3\]"),
        "epochs 0": ((x, y), {"epochs": 0}, "epochs = 0"),
        "epochs 1.5": ((x, y), {"epochs": 1.5}, "epochs = 1.5"),
        "batch 0": ((x, y), {"batch_size": 0}, "batch_size = 0"),
        "rate nan": ((x, y), {"learning_rate": float("nan")}, "learning_rate = nan"),
    }


@pytest.mark.parametrize("name", wrong_arguments())
def test_wrong_arguments_are_one_line(name):
    data, options, message = wrong_arguments()[name]
    model = build_with(tf_keras, ARCH.input_shape, ARCH.layers(3), "tiny")
    with pytest.raises(DataError, match=message) as caught:
        quantize_qat(model, *data, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [None, "m.keras", ARCH], ids=["none", "path", "arch"])
def test_what_is_no_model_of_tf_keras_is_one_line(model):
    with pytest.raises(UnsupportedError, match="needs a functional tf_keras model"):
        quantize_qat(model, np.zeros((4, 10, 10, 1), np.float32), np.zeros(4, np.int64))


def test_a_model_of_keras_3_is_one_line():
    with pytest.raises(UnsupportedError, match="rebuild it with tf_keras, or use quantize_ptq"):
        quantize_qat(ARCH.to_keras(3), np.zeros((4, 10, 10, 1)), np.zeros(4, np.int64))
