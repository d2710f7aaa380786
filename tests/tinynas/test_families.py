# SPDX-License-Identifier: Apache-2.0
"""Families of blocks: predicted and compiled alike, trained alike, and one of the user's own."""

import dataclasses

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.errors import SearchError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas import space as spaces
from mcunet_tf.tinynas.arch import Arch
from mcunet_tf.tinynas.block import Block
from mcunet_tf.tinynas.cost import candidate_cost, layer_by_layer_bytes
from mcunet_tf.tinynas.families import (
    DepthwiseSeparable,
    Family,
    FusedInvertedResidual,
    InvertedResidual,
    PlainResidual,
)
from mcunet_tf.tinynas.space import Space, SpaceStage, make_space
from tests.tinynas.networks import quantised
from tests.tinynas.test_search import run

SKELETONS = {
    "plain": spaces.PLAIN_SMALL_IMAGES,
    "fused": spaces.FUSED_SMALL_IMAGES,
    "separable": spaces.SEPARABLE_SMALL_IMAGES,
}


@pytest.mark.parametrize("name", SKELETONS)
@pytest.mark.sampled(2)
def test_predicted_sram_is_the_compiled_models(name):
    space = make_space((20, 12, 3), 1.0, 0.4, SKELETONS[name])
    arch = space.arch(space.sample(np.random.default_rng(1)))
    model = quantised(arch, 10, 1)
    for board in ("qemu-m4", "host"):
        compiled = compile_tflite(model, board)
        cost = candidate_cost(arch, 10, load_board(board))
        assert cost.sram_bytes == compiled.arena_bytes
        assert cost.macs == compiled.macs
        assert cost.weights_bytes == pytest.approx(compiled.report.weights_bytes, rel=0.02)
        if compiled.report.instructions is not None:
            assert cost.instructions == pytest.approx(compiled.report.instructions, rel=0.01)
    assert cost.sram_bytes <= layer_by_layer_bytes(arch, 10)


ODD = {
    "projected": Arch(
        (20, 12, 3),
        8,
        1,
        (
            Block(3, 16, 16, 2, True, "plain", projected=True),
            Block(3, 16, 16, (2, 1), True, "plain", projected=True),
        ),
    ),
    "spectrogram": Arch(
        (25, 10, 1), 16, (2, 1), (Block((5, 3), 16, 24, 1, False, "separable"),), 0, (10, 4)
    ),
    "temporal": Arch(
        (25, 10, 1),
        16,
        (2, 10),
        (
            Block((5, 1), 16, 16, 1, True, "separable"),
            Block((3, 1), 16, 24, 1, True, "separable", projected=True),
        ),
        0,
        (5, 10),
    ),
    "series": Arch(
        (64, 1, 3),
        16,
        (2, 1),
        (Block((5, 1), 48, 16, 1, True), Block((3, 1), 24, 24, (2, 1), False, "fused")),
        0,
        (7, 1),
    ),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.sampled(2)
def test_windows_and_strides_by_axis(name):
    """Predicted, compiled, and equal as a part of a supernet and as a plain model."""
    tf = pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.supernet import assign_weights, full_settings

    arch = ODD[name]
    compiled = compile_tflite(quantised(arch, 4, 1), "qemu-m4")
    cost = candidate_cost(arch, 4, load_board("qemu-m4"))
    assert cost.sram_bytes == compiled.arena_bytes
    assert cost.macs == compiled.macs
    network = make_network(arch, 4, 0)
    x = np.random.default_rng(0).normal(size=(6, *arch.input_shape)).astype(np.float32)
    settings = full_settings(arch)
    outputs, statistics = network.forward(tf.constant(x), tf.constant(settings), collect=True)
    plain = arch.to_keras(4)
    assign_weights(plain, network.subnet_weights(settings, statistics))
    # Statistics of the population: the plain model divides by one less.
    given = network.forward(tf.constant(x), tf.constant(settings), statistics)[0].numpy()
    np.testing.assert_allclose(plain(x).numpy(), given, rtol=1e-4, atol=1e-4)
    assert outputs.shape == given.shape


@pytest.mark.parametrize("name", SKELETONS)
@pytest.mark.sampled(2)
def test_a_sub_network_computes_what_its_plain_model_computes(name):
    """Weights and norms of a part of the supernet, as a Keras model of its own."""
    tf = pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.final import make_network
    from mcunet_tf.tinynas.supernet import assign_weights

    space = dataclasses.replace(
        make_space((12, 10, 2), 1.0, 0.3, SKELETONS[name]),
        family=dataclasses.replace(
            SKELETONS[name].family,
            kernels=(3, 5),
            expansions=(1,) if name == "separable" else (1, 2),
        ),
    )
    network = make_network(space.arch(space.largest()), 4, 0, None, space.optional_blocks())
    images = np.random.default_rng(0).random((16, 12, 10, 2), np.float32)
    for seed in range(3):
        subnet = space.sample(np.random.default_rng(seed))
        settings = space.settings(subnet)
        if seed == 1:
            whole = tf.constant(space.settings(space.largest()))
            unsorted, _ = network.forward(images, whole)
            network.sort_channels()
            np.testing.assert_allclose(network.forward(images, whole)[0], unsorted, atol=1e-4)
        _, statistics = network.forward(images, tf.constant(settings), collect=True)
        expected, _ = network.forward(images, tf.constant(settings), statistics)
        model = space.arch(subnet).to_keras(4)
        assign_weights(model, network.subnet_weights(settings, statistics))
        np.testing.assert_allclose(model(images), expected, atol=1e-4)


def test_depth_begins_at_one_and_stages_are_one_to_five():
    for count in (1, 2, 5):
        stages = tuple(SpaceStage(8 * (i + 1), 1 + i % 2, (1, 2)) for i in range(count))
        space = Space((16, 16, 1), 1.0, 8, 1, 0, stages, PlainResidual())
        small, large = space.arch(space.smallest()), space.arch(space.largest())
        assert (len(small.blocks), len(large.blocks)) == (count, 2 * count)
        assert space.settings(space.largest()).shape == (2 * count, 3)
        assert Arch.from_json(large.to_json()) == large


class Shortened(Family):
    """A family of the user's own: plain residuals whose middle is narrow."""

    def build(self, choice):
        hidden = max(4, choice.channels // (2 * choice.expansion))
        return Block(choice.kernel, hidden, choice.channels, choice.stride, choice.adds, "plain")


def test_a_family_of_the_users_own_is_costed():
    space = Space((16, 16, 1), 1.0, 8, 1, 0, (SpaceStage(16, 2, (1, 2)),), Shortened((3,), (1, 2)))
    arch = space.arch(space.largest())
    assert [block.hidden for block in arch.blocks] == [4, 4]
    assert candidate_cost(arch, 3, load_board("qemu-m4")).macs == arch.macs(3)


WRONG = {
    "no kernels": (lambda: PlainResidual(()), "kernels = "),
    "even": (lambda: PlainResidual((4,)), "needs a middle"),
    "falling": (lambda: InvertedResidual((5, 3)), "must ascend"),
    "expansion 0": (lambda: FusedInvertedResidual((3,), (0, 1)), "from 1 on"),
    "expanding": (lambda: DepthwiseSeparable((3,), (2,)), "do not expand"),
    "a list": (lambda: PlainResidual([3]), "give a tuple"),
    "a name": (
        lambda: Space((8, 8, 1), 1.0, 8, 1, 0, (SpaceStage(8, 1),), "plain"),
        "give a Family",
    ),
    "kind": (lambda: Arch((8, 8, 1), 8, 1, (Block(3, 8, 8, kind="dense"),)), "kind must be one of"),
    "separable that expands": (
        lambda: Arch((8, 8, 1), 8, 1, (Block(3, 16, 8, 1, False, "separable"),)),
        "as many hidden channels as it reads",
    ),
    "separable that adds another shape": (
        lambda: Arch((8, 8, 1), 8, 1, (Block(3, 8, 16, 1, True, "separable"),)),
        "residuals need stride 1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_built_is_one_line(name):
    make, words = WRONG[name]
    with pytest.raises(SearchError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("family", [PlainResidual((3,), (1, 2)), FusedInvertedResidual()])
def test_a_search_among_families(tmp_path, family):
    given = tuple(
        Space((10, 10, 1), width, 8, 1, 0, (SpaceStage(int(8 * width), 2, (1, 2)),), family)
        for width in (1.0, 2.0)
    )
    found = run(tmp_path, spaces=given)
    assert found.accuracy > 0.6
    assert {block.kind for block in found.arch.blocks} <= {"plain", "fused"}
    assert found.compile(tmp_path / "c").arena_bytes == found.cost.sram_bytes <= 6000
    assert run(tmp_path, spaces=given).flatbuffer == found.flatbuffer
