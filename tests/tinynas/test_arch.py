# SPDX-License-Identifier: Apache-2.0
"""Architectures are values: counted exactly, written and read back, built as plain Keras."""

import numpy as np
import pytest

from mcunet_tf import zoo
from mcunet_tf.errors import SearchError
from mcunet_tf.tinynas import Arch, Block

SMALL = Arch((12, 10, 1), 8, 2, (Block(3, 8, 8), Block(5, 24, 8, 1, True), Block(3, 24, 12, 2)), 20)

# M MACs and M parameters as MCUNet's and ProxylessNAS' authors state them.
PUBLISHED = {
    "mcunet-in0": (6.4, 0.75),
    "mcunet-in1": (12.8, 0.64),
    "mcunet-in2": (67.3, 0.73),
    "mcunet-in3": (81.8, 0.74),
    "mcunet-in4": (125.9, 1.73),
    "mcunet-vww1": (11.6, 0.43),
    "mbv2-w0.35": (23.5, 0.75),
    "proxyless-w0.3": (38.3, 0.75),
    "proxyless-mobile": (320.4, 4.08),
    "resnet-8": (12.5, 0.08),
    "ds-cnn": (2.7, 0.02),
    "mobilenet-v1-w0.25": (7.5, 0.21),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_zoo_counts_what_was_published(name):
    macs, parameters = PUBLISHED[name]
    arch, classes = zoo.arch(name), zoo.classes(name)
    assert round(arch.macs(classes) / 1e6, 1) == macs
    assert round(arch.parameters(classes) / 1e6, 2) == parameters


@pytest.mark.parametrize("name", zoo.names())
def test_json_there_and_back(name):
    arch = zoo.arch(name)
    assert Arch.from_json(arch.to_json()) == arch
    assert hash(Arch.from_json(arch.to_json())) == hash(arch)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"blocks": [{}]}', '{"blocks": 3}'])
def test_other_text_is_no_architecture(text):
    with pytest.raises(SearchError, match="no architecture"):
        Arch.from_json(text)


@pytest.mark.parametrize(
    "blocks",
    [
        (Block(4, 8, 8),),
        (Block((3, 2), 8, 8),),
        (Block(3, 0, 8),),
        (Block(3, 8, 9, 1, True),),
        (Block(3, 8, 8, 2, True),),
        (Block(3, 8, 8, (2, 1)),),
        (Block(3, 8, 8, 2, False, "plain", projected=True),),
    ],
)
def test_impossible_blocks_are_refused(blocks):
    with pytest.raises(SearchError, match="block 0"):
        Arch((12, 12, 3), 8, 2, blocks)


def test_unknown_networks_are_named():
    with pytest.raises(SearchError, match="unknown network 'resnet'"):
        zoo.arch("resnet")


@pytest.mark.parametrize("arch", [SMALL, zoo.arch("mcunet-in0")], ids=["small", "in0"])
def test_keras_agrees_with_the_counts(arch):
    model = arch.to_keras(7)
    assert model.input_shape[1:] == arch.input_shape
    assert model.output_shape[1:] == (7,)
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == arch.parameters(7)
    macs = 0
    for layer in model.layers:
        kind = type(layer).__name__
        if kind in ("Conv2D", "DepthwiseConv2D"):
            height, width = layer.output.shape[1:3]
            macs += int(np.prod(layer.kernel.shape)) * height * width
        elif kind == "Dense":
            macs += int(np.prod(layer.kernel.shape))
    assert macs == arch.macs(7)


def test_the_keras_model_is_plain(tmp_path):
    import keras

    model = SMALL.to_keras(7)
    model.save(tmp_path / "model.keras")
    image = np.random.default_rng(0).random((2, *SMALL.input_shape), np.float32)
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(image), model(image))
    assert {type(layer).__module__.split(".")[0] for layer in model.layers} == {"keras"}
