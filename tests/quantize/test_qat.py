# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the file itself is trained, whatever it was made with."""

from types import SimpleNamespace

import numpy as np
import pytest

from mcunet_tf.check import Reference
from mcunet_tf.errors import DataError, UnsupportedError
from mcunet_tf.quantize import quantize_ptq, quantize_qat
from mcunet_tf.quantize.qat import _check_loss
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas import Arch, Block
from tests.tinynas.tiny import images

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

ARCH = Arch((10, 10, 1), 8, 2, (Block(3, 8, 8, 1, True), Block(5, 24, 16, 2)))


def pictures(count=300):
    pixels, labels = images(count)
    return pixels.astype(np.float32) / 255, labels


def accuracy(flatbuffer, x, y):
    compiled = compile_tflite(flatbuffer, "host", name="tiny")
    scale, zero_point = compiled.inputs[0].scale, compiled.inputs[0].zero_point
    stored = np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)
    outputs = Reference(flatbuffer).run([(image[np.newaxis],) for image in stored])
    return np.mean([arrays[0].argmax() for arrays in outputs] == y)


def untrained():
    keras.utils.set_random_seed(0)
    return ARCH.to_keras(3)


@pytest.fixture(scope="session")  # tests of a file may come back to a worker
def learnt():
    """(untrained model, its file after training in int8 alone)."""
    model = untrained()
    x, y = pictures()
    model(x, training=True)
    return model, quantize_qat(model, (x, y), epochs=12, learning_rate=1e-2)


def test_the_file_learns(learnt):
    """All that it knows it has learnt with its rounding: the model had seen nothing."""
    model, flatbuffer = learnt
    x, y = (part[200:] for part in pictures())
    assert accuracy(quantize_ptq(model, x), x, y) < 0.45
    assert accuracy(flatbuffer, x, y) > 0.65


def test_what_is_trained_is_what_the_file_computes(learnt):
    """The network in TensorFlow and the reference kernels agree but for single roundings."""
    from mcunet_tf.quantize.trainable_file import TrainableFile

    _, flatbuffer = learnt
    x, _ = pictures(20)
    compiled = compile_tflite(flatbuffer, "host")
    scale, zero_point = compiled.inputs[0].scale, compiled.inputs[0].zero_point
    stored = np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)
    wanted = np.concatenate(
        [out[0] for out in Reference(flatbuffer).run([(row[np.newaxis],) for row in stored])]
    )
    (outputs,) = TrainableFile(flatbuffer, "tiny").outputs([tf.constant(x)])
    spec = compiled.outputs[0]
    steps = np.round(outputs.numpy() / spec.scale) + spec.zero_point - wanted
    assert np.abs(steps).mean() < 0.5 and np.abs(steps).max() <= 3


def test_weights_lie_on_the_grid_of_their_scale(learnt):
    """Of each channel the largest weight is 127, as the converter has it, and none is -128."""
    from mcunet_tf.tinyengine.read_tflite import read_tflite

    graph = read_tflite(learnt[1])
    for op in graph.ops:
        if op.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            continue
        source, weights = (graph.tensors[i] for i in op.inputs[:2])
        axis = 3 if op.kind == "DEPTHWISE_CONV_2D" else 0
        others = tuple(i for i in range(weights.data.ndim) if i != axis)
        largest = np.abs(weights.data.astype(int)).max(axis=others)
        assert set(largest.tolist()) <= {0, 127} or len(weights.quantization.scale) == 1
        assert weights.data.min() >= -127
        if op.inputs[2] < 0:
            continue  # the converter leaves out a bias of zeros
        np.testing.assert_allclose(
            graph.tensors[op.inputs[2]].quantization.scale,
            np.float32(source.quantization.scale[0]) * np.float32(weights.quantization.scale),
            rtol=1e-6,
        )


def sequential():
    return keras.Sequential(
        [
            keras.Input((10, 10, 1)),
            keras.layers.Conv2D(4, 3, activation="swish"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def subclassed():
    class Small(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv2D(4, 3, 2, padding="same", activation="relu")
            self.out = keras.layers.Dense(3)

        def call(self, x):
            x = self.conv(x)
            return self.out(keras.ops.mean(keras.ops.concatenate([x, x * 0.5], -1), (1, 2)))

    return Small()


def squeezed():
    inputs = keras.Input((10, 10, 1))
    x = keras.layers.SeparableConv2D(8, 3, 2, padding="same", activation="hard_silu")(inputs)
    gate = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = keras.layers.Conv2D(8, 1, activation="sigmoid")(gate)
    x = keras.layers.Multiply()([x, gate])
    x = keras.layers.ZeroPadding2D()(x)
    x = keras.layers.AveragePooling2D(2)(x)
    x = keras.layers.UpSampling2D(2)(x)
    x = keras.layers.Conv2DTranspose(4, 3, 2, activation="relu6")(x)
    return keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalMaxPooling2D()(x)))


def of_tf_keras():
    tf_keras = pytest.importorskip("tf_keras")
    return tf_keras.Sequential(
        [
            tf_keras.layers.Input((10, 10, 1)),
            tf_keras.layers.Conv2D(4, 3, use_bias=False),
            tf_keras.layers.BatchNormalization(),
            tf_keras.layers.PReLU(shared_axes=[1, 2]),
            tf_keras.layers.Flatten(),
            tf_keras.layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("make", [sequential, subclassed, squeezed, of_tf_keras])
@pytest.mark.slow
def test_models_of_every_making_are_trained(make):
    x, y = pictures(64)
    model = make()
    before = quantize_ptq(model, x)
    after = quantize_qat(model, (x, y), learning_rate=1e-3)
    assert len(compile_tflite(after, "host").graph.ops) == len(
        compile_tflite(before, "host").graph.ops
    )
    assert after != before


def test_several_inputs_outputs_and_weights_of_samples():
    first, second = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    x = keras.layers.Concatenate()([first, keras.layers.Dense(4, activation="tanh")(second)])
    model = keras.Model([first, second], [keras.layers.Dense(2)(x), keras.layers.Dense(1)(x)])
    rng = np.random.default_rng(0)
    data = [rng.normal(size=(40, 4)), rng.normal(size=(40, 3))]
    targets = [rng.normal(size=(40, 2)), rng.normal(size=(40, 1))]

    def loss(wanted, outputs):
        pairs = zip(wanted, outputs, strict=True)
        return sum(tf.reduce_mean((tf.cast(w, tf.float32) - o) ** 2, axis=1) for w, o in pairs)

    flatbuffer = quantize_qat(model, (data, targets, np.ones(40)), loss=loss, learning_rate=1e-3)
    assert len(compile_tflite(flatbuffer, "host").outputs) == 2


def test_a_dataset_is_read_anew_every_epoch():
    x, y = pictures(48)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    assert quantize_qat(untrained(), data, epochs=2, edge_type="float32")


def wrong_arguments():
    x, y = np.zeros((4, 10, 10, 1), np.float32), np.array([0, 1, 2, 0])
    nan = x.copy()
    nan[1, 0, 0] = np.nan
    return {
        "no pair": (x, {}, "arrays"),
        "channels": ((np.zeros((4, 10, 10, 3)), y), {}, "10, 10"),
        "rows": ((x, y[:3]), {}, "4 samples do not fit"),
        "weights": ((x, y, np.ones(3)), {}, "weights"),
        "nan": ((nan, y), {}, "NaN"),
        "none": ((None, y), {}, "None"),
        "text": (("images", y), {}, "array of numbers"),
        "float labels": ((x, y.astype(float)), {}, "labels are float64"),
        "negative labels": ((x, y - 1), {}, r"from -1 to 1; the model has 3 outputs"),
        "labels beyond": ((x, y + 1), {}, r"give whole numbers in 0..2"),
        "one-hot": ((x, np.eye(3)[y % 3]), {}, r"labels are float64 \[4, 3\]"),
        "epochs 0": ((x, y), {"epochs": 0}, "epochs = 0"),
        "epochs 1.5": ((x, y), {"epochs": 1.5}, "epochs = 1.5"),
        "batch 0": ((x, y), {"batch_size": 0}, "batch_size = 0"),
        "rate nan": ((x, y), {"learning_rate": float("nan")}, "learning_rate = nan"),
    }


@pytest.mark.parametrize("name", wrong_arguments())
@pytest.mark.sampled(3)
def test_wrong_arguments_are_one_line(name):
    data, options, message = wrong_arguments()[name]
    with pytest.raises(DataError, match=message) as caught:
        quantize_qat(untrained(), data, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [None, "m.keras", ARCH], ids=["none", "path", "arch"])
def test_what_is_no_model_is_one_line(model):
    with pytest.raises(UnsupportedError, match="is no "):
        quantize_qat(model, (np.zeros((4, 10, 10, 1), np.float32), np.zeros(4, np.int64)))


def test_an_operator_that_cannot_be_trained_through_is_named():
    inputs = keras.Input((6, 4))
    model = keras.Model(inputs, keras.ops.cumsum(keras.layers.Dense(3)(inputs), axis=1))
    data = (np.random.default_rng(0).normal(size=(8, 6, 4)), np.zeros((8, 6, 3)))
    with pytest.raises(UnsupportedError, match="CUMSUM"):
        quantize_qat(model, data, loss=lambda y, out: tf.reduce_mean(out, (1, 2)))


def test_a_twin_that_computes_something_else_is_refused(monkeypatch):
    """The network to train is held against the file before anything is trained."""
    from mcunet_tf.quantize import trainable_operators

    monkeypatch.setitem(
        trainable_operators.OPERATORS, "MEAN", lambda inputs, *_: tf.reduce_max(inputs[0], (1, 2))
    )
    with pytest.raises(UnsupportedError, match="steps off on average"):
        quantize_qat(untrained(), pictures(32))


def test_a_dataset_is_held_against_the_model_too():
    x, y = pictures(32)
    data = tf.data.Dataset.from_tensor_slices((x, y + 3)).batch(16)
    with pytest.raises(DataError, match=r"give whole numbers in 0..2"):
        quantize_qat(untrained(), data)


@pytest.mark.slow
def test_weights_of_a_dataset_count():
    x, y = pictures(32)
    trained = [
        quantize_qat(
            untrained(),
            tf.data.Dataset.from_tensor_slices((x, y, np.full(32, weight))).batch(16),
            learning_rate=1e-2,
        )
        for weight in (0.0, 1.0)
    ]
    assert trained[0] != trained[1]


def test_constants_beside_a_batch_are_repeated():
    inputs = keras.Input((4, 4, 2))
    row = keras.ops.convert_to_tensor(np.ones((1, 4, 4, 1), np.float32))
    x = keras.layers.Lambda(lambda t: tf.concat([t, tf.tile(row, [tf.shape(t)[0], 1, 1, 1])], 3))(
        inputs
    )
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))
    data = (np.random.default_rng(0).normal(size=(16, 4, 4, 2)), np.arange(16) % 3)
    assert quantize_qat(model, data, batch_size=5)


def test_what_mixes_the_samples_of_a_batch_is_one_line():
    inputs = keras.Input((4, 4))
    x = keras.layers.Flatten()(keras.layers.Dense(4)(inputs))
    x = keras.layers.Lambda(lambda t: tf.reshape(t, (-1, 2, 8)))(x)
    x = keras.layers.Lambda(lambda t: tf.reduce_max(t, axis=0))(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(x))
    data = (np.random.default_rng(0).normal(size=(16, 4, 4)), np.zeros(16, int))
    with pytest.raises(UnsupportedError, match="cannot be trained through") as caught:
        quantize_qat(model, data)
    assert "\n" not in str(caught.value)


def test_a_strided_pointwise_convolution_can_be_trained():
    """8 to 16 channels of 64 x 64 pixels: TensorFlow's own gradient ends the process there."""
    from mcunet_tf.quantize.trainable_operators import OPERATORS

    options = SimpleNamespace(strideH=2, strideW=2, dilationHFactor=1, dilationWFactor=1, padding=0)
    options.fusedActivationFunction = 0
    rng = np.random.default_rng(0)
    x = tf.constant(rng.normal(size=(8, 64, 64, 8)).astype(np.float32))
    weights = tf.Variable(rng.normal(size=(16, 1, 1, 8)).astype(np.float32))
    with tf.GradientTape() as tape:
        y = OPERATORS["CONV_2D"]((x, weights), options, (8, 32, 32, 16))
        loss = tf.reduce_sum(y)
    read = x[:, ::2, ::2]
    np.testing.assert_allclose(y, read @ tf.transpose(weights[:, 0, 0]), atol=1e-4)
    expected = np.broadcast_to(tf.reduce_sum(read, (0, 1, 2)), (16, 8))
    np.testing.assert_allclose(
        tape.gradient(loss, weights)[:, 0, 0], expected, rtol=1e-3, atol=1e-2
    )


@pytest.mark.parametrize(
    ("last", "from_logits", "said"),
    [
        ("SOFTMAX", True, "ends in SOFTMAX: make it with from_logits=False"),
        ("FULLY_CONNECTED", False, "ends in logits: make it with from_logits=True"),
        ("SOFTMAX", False, None),
        ("FULLY_CONNECTED", True, None),
    ],
)
def test_a_loss_must_want_what_the_model_gives(last, from_logits, said):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    if said is None:
        _check_loss(loss, ["RESHAPE", last])
        return
    with pytest.raises(DataError, match=said):
        _check_loss(loss, ["RESHAPE", last])
