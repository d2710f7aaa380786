# SPDX-License-Identifier: Apache-2.0
"""Sub-networks share weights with the supernet and compute alone what they compute inside it."""

import numpy as np
import pytest

from mcunet_tf.errors import OutputError, SearchError
from mcunet_tf.tinynas.checkpoint import Checkpoints, write_bytes
from tests.tinynas.tiny import SPACES

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from mcunet_tf.tinynas.supernet import Supernet, assign_weights, full_settings  # noqa: E402

SPACE = SPACES[1]
IMAGES = np.random.default_rng(0).random((16, *SPACE.input_shape), np.float32)
# float32 sums in another order, through a dozen layers with logits of about one.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return Supernet(SPACE.arch(SPACE.largest()), 3, SPACE.optional_blocks())


def choices():
    rng = np.random.default_rng(4)
    return [SPACE.largest(), SPACE.smallest(), *(SPACE.sample(rng) for _ in range(3))]


@pytest.mark.parametrize("index", range(5))
@pytest.mark.sampled(3)
def test_an_extracted_sub_network_gives_the_same_logits(network, index):
    settings = SPACE.settings(choices()[index])
    _, statistics = network.forward(IMAGES, tf.constant(settings), collect=True)
    inside, _ = network.forward(IMAGES, tf.constant(settings), statistics)
    alone = SPACE.arch(choices()[index]).to_keras(3)
    assign_weights(alone, network.subnet_weights(settings, statistics))
    np.testing.assert_allclose(alone(IMAGES, training=False), inside, atol=TOLERANCE)


def test_smaller_parts_are_what_they_are_said_to_be(network):
    """A sub-network reads middles of kernels and first channels: zeroing the rest is no change."""
    settings = SPACE.settings(SPACE.smallest())
    before, _ = network.forward(IMAGES, tf.constant(settings))
    kept = [v.numpy() for v in network.variables]
    for block, (runs, kernel, hidden) in zip(network.blocks, settings, strict=True):
        window = block.depthwise.kernel
        mask = np.zeros(window.shape, np.float32)
        first = (window.shape[0] - kernel) // 2
        mask[first : first + kernel, first : first + kernel, :hidden] = runs
        window.assign(window * mask)
    after, _ = network.forward(IMAGES, tf.constant(settings))
    for variable, value in zip(network.variables, kept, strict=True):
        variable.assign(value)
    np.testing.assert_array_equal(after, before)


def test_sorting_channels_changes_nothing_but_their_order(network):
    everything = tf.constant(full_settings(network.arch))
    before, _ = network.forward(IMAGES, everything)
    network.sort_channels()
    after, _ = network.forward(IMAGES, everything)
    np.testing.assert_allclose(after, before, atol=TOLERANCE)
    for block in network.blocks[1:]:
        norms = np.abs(block.project.kernel.numpy()).sum(axis=(0, 1, 3))
        assert (np.diff(norms) <= 0).all()


def test_one_trace_serves_every_sub_network(network):
    spec = [tf.TensorSpec((None, 10, 10, 1)), tf.TensorSpec((None, 3), tf.int32)]
    run = tf.function(lambda x, s: network.forward(x, s)[0], input_signature=spec)
    for choice in choices():
        run(IMAGES, SPACE.settings(choice))
    assert run.experimental_get_tracing_count() == 1


def test_the_last_two_checkpoints_are_kept(tmp_path):
    store = Checkpoints(tmp_path, "net")
    assert store.load() is None
    for step in (1, 2, 3):
        store.save(step, {"a": np.full(4, step)}, {"epoch": step})
    assert len(list(tmp_path.iterdir())) == 2
    step, arrays, meta = store.load()
    assert (step, arrays["a"].tolist(), meta) == (3, [3] * 4, {"epoch": 3})


@pytest.mark.parametrize("damage", [lambda b: b[:-50], lambda b: b[:9] + b"x" + b[10:], bytes])
def test_damaged_checkpoints_are_named_and_earlier_ones_kept(tmp_path, damage):
    store = Checkpoints(tmp_path, "net")
    for step in (1, 2):
        store.save(step, {"a": np.full(4, step)}, None)
    last = tmp_path / "net-00002.ckpt"
    whole = last.read_bytes()
    last.write_bytes(damage(whole) if damage is not bytes else b"")
    with pytest.raises(SearchError, match=r"00002\.ckpt is damaged .*: delete it"):
        store.load()
    last.unlink()
    assert store.load()[0] == 1


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path, monkeypatch):
    path = tmp_path / "state.json"
    write_bytes(path, b"good")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mcunet_tf.tinynas.checkpoint.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_bytes(path, b"better")
    assert path.read_bytes() == b"good"
    assert list(tmp_path.iterdir()) == [path]
