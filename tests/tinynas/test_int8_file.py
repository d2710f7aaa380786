# SPDX-License-Identifier: Apache-2.0
"""Weights of int8 files come back into Keras: what the model says is what the file says."""

import numpy as np
import pytest

from mcunet_tf import Reference, zoo
from mcunet_tf.errors import ModelError, SearchError
from mcunet_tf.tinynas import Arch, Block
from mcunet_tf.tinynas.int8_file import read_int8_file

STOCK = {
    "mcunet-vww1": "mcunet_vww1",
    "mobilenet-v1-w0.25": "person_detect_int8",
    "ds-cnn": "mlperf_kws_dscnn_int8",
    "resnet-8": "mlperf_resnet8_int8",
}
TINY = Arch(
    (12, 12, 3),
    8,
    2,
    (Block(3, 8, 8), Block(5, 24, 8, 1, True), Block(3, 12, 12, 2, True, "plain", True)),
    16,
)


@pytest.mark.parametrize("name", STOCK)
def test_stock_files_are_of_their_networks(name, shared_models):
    source = shared_models / f"{STOCK[name]}.tflite"
    found = read_int8_file(source.read_bytes(), zoo.arch(name), name, source.name)
    assert found.num_classes == zoo.classes(name)
    assert found.arch.padding == ("alike" if name == "mcunet-vww1" else "same")
    assert set(found.ranges) == {"image", *(layer.name for layer in found.arch.layers(2))}


def test_a_file_of_another_network_is_named(shared_models):
    path = shared_models / "mcunet_vww1.tflite"
    with pytest.raises(SearchError, match=r"not mcunet-in0: at layer 'stem' .* give the file of"):
        zoo.build("mcunet-in0", weights=path)
    with pytest.raises(SearchError, match=r"no.tflite cannot be read"):
        zoo.build("mcunet-vww1", weights=path.with_name("no.tflite"))
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        zoo.build("mcunet-vww1", weights=b"nothing of the kind")
    with pytest.raises(SearchError, match="give the path of a full-int8"):
        zoo.build("mcunet-vww1", weights=3)
    with pytest.raises(SearchError, match="give weights too"):
        zoo.build("mcunet-vww1", images=np.zeros((2, 80, 80, 3)))


def waves(shape, count):
    """Smooth images: sums of a few waves, int8."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] / max(shape[:2])
    made = np.zeros((count, *shape))
    for _ in range(6):
        a, b, turn = rng.normal(0, 9, (3, count, 1, 1, shape[2]))
        made += rng.normal(0, 30, (count, 1, 1, shape[2])) * np.sin(
            a * y[..., None] + b * x[..., None] + turn
        )
    return np.clip(np.round(made), -128, 127).astype(np.int8)


def agreement(model, found, flatbuffer, q):
    """Share of images of which model and file say the same, and the model's outputs."""
    real = (q.astype(np.float32) - found.zero_point) * np.float32(found.scale)
    said = [np.ravel(outputs[0]) for outputs in Reference(flatbuffer).run([(i[None],) for i in q])]
    outputs = np.asarray(model(real))
    return np.mean(outputs.argmax(1) == np.argmax(said, 1)), outputs, real


@pytest.mark.slow
def test_a_network_there_and_back():
    """Of every kind of layer, and of the norms that images settle: the function stays."""
    pytest.importorskip("tensorflow")
    import keras

    keras.utils.set_random_seed(1)
    model = TINY.to_keras(5)
    q = waves(TINY.input_shape, 60)
    images = (q.astype(np.float32) + 128) / 255
    from mcunet_tf import quantize_ptq
    from mcunet_tf.tinynas import initial

    initial.settle_norms(model, images)
    flatbuffer = quantize_ptq(model, images)
    found = read_int8_file(flatbuffer, TINY, "tiny", "tiny.tflite")
    made = initial.model_of_file(flatbuffer, TINY, "tiny", None, "tiny", None, True)
    share, outputs, real = agreement(made, found, flatbuffer, q)
    assert share >= 0.95
    plain = initial.model_of_file(flatbuffer, TINY, "tiny", None, "tiny", None, False)
    settled = initial.model_of_file(flatbuffer, TINY, "tiny", None, "tiny", real, False)
    assert np.allclose(plain(real), settled(real), atol=1e-4)
    norm = settled.get_layer("stem_norm")
    assert not np.allclose(norm.moving_variance, plain.get_layer("stem_norm").moving_variance)
    # Weights for images from 0 to 1 give nearly the same, away from the borders' padding.
    weights = initial.read_initial(flatbuffer, TINY, 5)
    pixels = TINY.to_keras(5)
    for name, values in weights.items():
        pixels.get_layer(name).set_weights(values)
    assert np.corrcoef(np.ravel(pixels(images)), np.ravel(outputs))[0, 1] > 0.98
    # Another number of classes leaves the classifier out.
    assert "logits" not in initial.read_initial(flatbuffer, TINY, 7)


def test_visual_wake_words_there_and_back(shared_models):
    """99 of 100 images: MCUNet's own file, which pads alike and has float32 edges."""
    pytest.importorskip("tensorflow")
    path = shared_models / "mcunet_vww1.tflite"
    found = read_int8_file(path.read_bytes(), zoo.arch("mcunet-vww1"), "vww", path.name)
    q = waves((80, 80, 3), 24)
    real = (q.astype(np.float32) - found.zero_point) * np.float32(found.scale)
    said = [np.ravel(o[0]) for o in Reference(path.read_bytes()).run([(i[None],) for i in real])]
    outputs = np.asarray(zoo.build("mcunet-vww1", weights=path)(real))
    assert np.mean(outputs.argmax(1) == np.argmax(said, 1)) >= 0.95
