# SPDX-License-Identifier: Apache-2.0
"""Post-training quantisation: integers throughout, close to the float model, clear refusals."""

import numpy as np
import pytest

from mcunet_tf.check.reference import Reference
from mcunet_tf.errors import DataError, UnsupportedError
from mcunet_tf.quantize import quantize_ptq
from mcunet_tf.quantize.conversion import Conversion, FrozenGraph, convert
from mcunet_tf.quantize.inspect import float_operators
from mcunet_tf.quantize.ptq import freeze
from mcunet_tf.quantize.sources import open_source
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")


def samples(*shape: int, count: int = 20, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    """Convolution, depthwise convolution, dense layer without activation."""
    keras.utils.set_random_seed(5)
    layers = keras.layers
    inputs = x = keras.Input((8, 6, 2))
    x = layers.Conv2D(6, 3, activation="relu6")(x)
    x = layers.DepthwiseConv2D(3, padding="same", strides=2)(x)
    x = layers.Dense(4)(layers.Flatten()(x))
    return keras.Model(inputs, x, name="small")


def interpreter(flatbuffer: bytes):
    made = tf.lite.Interpreter(
        model_content=flatbuffer,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    made.allocate_tensors()
    return made


def run(flatbuffer: bytes, *inputs: np.ndarray) -> list[np.ndarray]:
    """Returns the real values of the outputs for one sample per input."""
    made = interpreter(flatbuffer)
    for detail, value in zip(made.get_input_details(), inputs, strict=True):
        scale, zero_point = detail["quantization"]
        limits = np.iinfo(detail["dtype"])
        quantised = np.clip(np.round(value / scale) + zero_point, limits.min, limits.max)
        made.set_tensor(detail["index"], quantised.astype(detail["dtype"]))
    made.invoke()
    outputs = []
    for detail in made.get_output_details():
        scale, zero_point = detail["quantization"]
        outputs.append((made.get_tensor(detail["index"]).astype(float) - zero_point) * scale)
    return outputs


def test_every_operator_computes_on_integers(model):
    flatbuffer = quantize_ptq(model, samples(8, 6, 2))
    assert float_operators(flatbuffer) == []
    types = {detail["dtype"] for detail in interpreter(flatbuffer).get_tensor_details()}
    assert types <= {np.int8, np.int32}


def test_the_batch_is_one(model):
    (detail,) = interpreter(quantize_ptq(model, samples(8, 6, 2))).get_input_details()
    assert list(detail["shape"]) == list(detail["shape_signature"]) == [1, 8, 6, 2]


def test_outputs_are_close_to_the_float_model(model):
    calibration = samples(8, 6, 2, count=100)
    flatbuffer = quantize_ptq(model, calibration)
    (detail,) = interpreter(flatbuffer).get_output_details()
    scale, _ = detail["quantization"]
    wanted = model(calibration).numpy()
    got = np.concatenate([run(flatbuffer, value[np.newaxis])[0] for value in calibration])
    assert np.abs(got - wanted).max() < 6 * scale, "six steps of the output's own grid"
    assert np.abs(wanted).max() > 60 * scale, "the grid is fine enough for this to mean something"


@pytest.mark.parametrize("edge_type", ["int8", "uint8", "float32"])
def test_edges_have_the_type_that_was_asked_for(model, edge_type):
    made = interpreter(quantize_ptq(model, samples(8, 6, 2), edge_type))
    for detail in (*made.get_input_details(), *made.get_output_details()):
        assert detail["dtype"] == np.dtype(edge_type)


def test_equal_calls_give_equal_bytes(model):
    calibration = samples(8, 6, 2)
    assert quantize_ptq(model, calibration) == quantize_ptq(model, calibration)


def test_several_inputs_keep_their_order():
    layers = keras.layers
    a, b = keras.Input((3,)), keras.Input((2,))
    joined = layers.Concatenate()([layers.Rescaling(100.0)(a), b])
    two = keras.Model([a, b], joined, name="two")
    flatbuffer = quantize_ptq(two, [samples(3), samples(2, seed=4)])
    shapes = [list(detail["shape"]) for detail in interpreter(flatbuffer).get_input_details()]
    assert shapes == [[1, 3], [1, 2]]
    (output,) = run(flatbuffer, np.float32([[1, -1, 0.5]]), np.float32([[0, 0]]))
    assert np.allclose(output, [[100, -100, 50, 0, 0]], atol=8)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (samples(8, 6, 3), r"\(20, 8, 6, 3\); it must be \[n, 8, 6, 2\]"),
        (samples(8, 6, 2, count=0), "n >= 1"),
        ([samples(8, 6, 2)] * 2, "has 1 inputs, but representative_data holds 2"),
        (np.full((2, 8, 6, 2), np.nan, np.float32), "NaN"),
    ],
    ids=["channels", "empty", "two", "nan"],
)
def test_unfit_samples_are_named(model, data, message):
    with pytest.raises(DataError, match=message):
        quantize_ptq(model, data)


WRONG_SAMPLES = {
    "none": (None, "is None"),
    "text": ("images.npy", "'images.npy'"),
    "ragged": ([[1.0, 2.0], [3.0]], "holds 2 arrays"),
    "ragged-pair": ([[[1.0, 2.0], [3.0]]], "give an array of numbers"),
    "strings": (np.array([["a"]]), "give an array of numbers"),
    "objects": (np.array([{}, {}]), "give an array of numbers"),
    "scalar": (np.float32(1), r"shape \(\)"),
    "one-sample": (samples(8, 6, 2)[0], r"shape \(8, 6, 2\)"),
    "infinity": (np.full((2, 8, 6, 2), np.inf, np.float32), "infinity"),
    "beyond-float32": (np.full((2, 8, 6, 2), 1e300), "infinity"),
    "names": ({"picture": samples(8, 6, 2)}, r"names the inputs \['picture'\]; those of model"),
    "empty-generator": (lambda: iter(()), "is empty"),
}


@pytest.mark.parametrize("name", WRONG_SAMPLES)
def test_samples_of_another_kind_are_one_line(model, name):
    data, message = WRONG_SAMPLES[name]
    with pytest.raises(DataError, match=message) as caught:
        quantize_ptq(model, data)
    assert "\n" not in str(caught.value)


def test_samples_come_in_many_forms(model):
    x = samples(8, 6, 2)
    labels = np.zeros(len(x), np.int64)
    expected = quantize_ptq(model, x)
    pairs = tf.data.Dataset.from_tensor_slices((x, labels))
    forms = {
        "dataset of pairs": pairs,
        "batches of pairs": pairs.batch(7),
        "batches": tf.data.Dataset.from_tensor_slices(x).batch(3),
        "endless": pairs.take(len(x)).batch(4),
        "by name": {model.inputs[0].name: x},
        "function": lambda: ([value[np.newaxis]] for value in x),
        "list": [x],
    }
    for name, form in forms.items():
        assert quantize_ptq(model, form) == expected, name


def test_an_endless_dataset_ends(model):
    x = samples(8, 6, 2)
    endless = tf.data.Dataset.from_tensor_slices(x).repeat().batch(100)
    assert float_operators(quantize_ptq(model, endless)) == []


def test_models_come_in_many_forms(model, tmp_path):
    x = samples(8, 6, 2)
    expected = quantize_ptq(model, x)
    model.save(tmp_path / "m.keras")
    model.export(tmp_path / "saved", verbose=False)
    assert quantize_ptq(tmp_path / "m.keras", x) == expected
    assert quantize_ptq(str(tmp_path / "m.keras"), x) == expected
    for flatbuffer in (expected, quantize_ptq(tmp_path / "saved", x)):
        outputs = np.concatenate([run(flatbuffer, value[np.newaxis])[0] for value in x])
        assert np.abs(outputs - model(x).numpy()).mean() < 0.05 * np.ptp(model(x).numpy())


class Subclassed(keras.Model):
    """Its shapes are known from the samples only."""

    def __init__(self):
        super().__init__(name="subclassed")
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("make", [lambda: keras.Sequential([keras.layers.Dense(3)]), Subclassed])
def test_models_that_were_never_called_are_built_by_the_samples(make):
    (detail,) = interpreter(quantize_ptq(make(), samples(5))).get_input_details()
    assert list(detail["shape"]) == [1, 5]


def wrong_models(folder):
    (folder / "m.tflite").write_bytes(b"TFL3")
    (folder / "m.keras").write_bytes(b"PK damaged")
    (folder / "empty").mkdir()
    return {
        "none": (None, "None is no model: give a Keras model"),
        "a dictionary": ({"a": 1}, "is no model"),
        "a class": (keras.layers.Dense, "is no model"),
        "nowhere": (folder / "nowhere.keras", "is no file and no SavedModel"),
        "an empty folder": (folder / "empty", "is no file and no SavedModel"),
        "damaged": (folder / "m.keras", "cannot be loaded by Keras"),
        "a damaged file": (folder / "m.tflite", "m.tflite: not a TensorFlow Lite model"),
    }


def float_file(model, folder) -> str:
    """The model as a float32 `.tflite` file."""
    path = folder / "real.tflite"
    function = freeze(open_source(model))
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    return str(path)


def test_a_float_file_is_quantised_as_it_stands(model, tmp_path):
    path = float_file(model, tmp_path)
    given = samples(8, 6, 2, count=100)
    flatbuffer = quantize_ptq(path, given)
    assert not float_operators(flatbuffer)
    for sample in given[:10, None]:
        (got,), wanted = run(flatbuffer, sample), np.asarray(model(sample))
        np.testing.assert_allclose(got, wanted, atol=0.05 * np.ptp(wanted) + 0.02)
    quantised = tmp_path / "quantised.tflite"
    quantised.write_bytes(flatbuffer)
    with pytest.raises(UnsupportedError, match=r"quantised\.tflite is quantised already: compile"):
        quantize_ptq(str(quantised), given)
    with pytest.raises(DataError, match=r"has shape \(20, 3\); it must be \[n, 8, 6, 2\]"):
        quantize_ptq(path, samples(3))


def test_what_is_no_model_is_one_line(tmp_path):
    for name, (given, message) in wrong_models(tmp_path).items():
        with pytest.raises(UnsupportedError, match=message) as caught:
            quantize_ptq(given, samples(5))
        assert "\n" not in str(caught.value), name


def test_a_stateful_layer_is_one_line():
    inputs = keras.Input((10, 8), batch_size=4)
    model = keras.Model(inputs, keras.layers.LSTM(5, stateful=True, unroll=True)(inputs))
    with pytest.raises(UnsupportedError, match="wants batch_size=1 and stateful=False") as caught:
        quantize_ptq(model, samples(10, 8))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_converter_that_dies_is_one_line_and_the_next_model_converts(model):
    """A loop over time, which quantize_ptq turns away, ends the converter by SIGSEGV."""
    words = recurrent(keras, keras.layers.GRU(6))
    frozen = FrozenGraph.of_function(freeze(open_source(words)))
    with pytest.raises(UnsupportedError, match="TensorFlow's converter died of it") as caught:
        convert(Conversion(frozen, "int8", (samples(10, 8),)), "words")
    assert "\n" not in str(caught.value) and "SIG" in str(caught.value)
    assert float_operators(quantize_ptq(model, samples(8, 6, 2))) == []


def test_open_shapes_are_named():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs), name="open")
    with pytest.raises(DataError, match="give the Input layer its height"):
        quantize_ptq(model, samples(8, 8, 3))


def test_unknown_edge_types_are_named(model):
    with pytest.raises(UnsupportedError, match="'float16' is unknown"):
        quantize_ptq(model, samples(8, 6, 2), "float16")


def test_layers_without_an_int8_form_are_refused():
    inputs = keras.Input((4, 4, 2))
    model = keras.Model(inputs, keras.layers.Lambda(tf.math.erf)(inputs), name="erf")
    with pytest.raises(UnsupportedError, match=r"model 'erf'.*(?i:erf)") as caught:
        quantize_ptq(model, samples(4, 4, 2))
    assert "\n" not in str(caught.value)


def test_logarithms_are_tables_like_those_of_newer_references():
    """softplus: tflite-runtime 2.14 and TF-Lite Micro have no int8 LOG; TensorFlow's own has."""
    inputs = keras.Input((4, 4, 16))
    flatbuffer = quantize_ptq(
        keras.Model(inputs, keras.layers.Activation("softplus")(inputs)), samples(4, 4, 16)
    )
    graph = run_passes(read_tflite(flatbuffer))
    assert [op.kind for op in graph.ops] == ["TABLE"]
    values = np.arange(-128, 128).astype(np.int8).reshape(1, 4, 4, 16)
    made = interpreter(flatbuffer)
    made.set_tensor(made.get_input_details()[0]["index"], values)
    made.invoke()
    wanted = made.get_tensor(made.get_output_details()[0]["index"])
    np.testing.assert_array_equal(evaluate(graph, [values])[0], wanted)


def test_float_operators_are_found(model):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    assert {"CONV_2D", "DEPTHWISE_CONV_2D"} <= set(float_operators(converter.convert()))


def recurrent(library, layer):
    """A classifier of sequences of 10 steps."""
    inputs = library.Input((10, 8))
    return library.Model(inputs, library.layers.Dense(3)(layer(inputs)), name="words")


@pytest.mark.slow
def test_an_lstm_of_tf_keras_becomes_one_operator():
    import tf_keras

    tf_keras.utils.set_random_seed(7)
    stack = [tf_keras.layers.LSTM(9, return_sequences=True), tf_keras.layers.LSTM(12)]
    model = recurrent(tf_keras, tf_keras.Sequential(stack))
    values = samples(10, 8, count=40)
    flatbuffer = quantize_ptq(model, values)
    graph = run_passes(read_tflite(flatbuffer))
    # The last step of the second one is written where it is wanted.
    assert [op.kind for op in graph.ops] == [
        *["UNIDIRECTIONAL_SEQUENCE_LSTM"] * 2,
        "FULLY_CONNECTED",
    ]
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    steps = np.round(values / source.scale) + source.zero_point
    quantised = [(v[np.newaxis],) for v in np.clip(steps, -128, 127).astype(np.int8)]
    found = [evaluate(graph, arrays)[0] for arrays in quantised]
    np.testing.assert_array_equal(
        found, [arrays[0] for arrays in Reference(flatbuffer).run(quantised)]
    )
    real = (np.concatenate(found).astype(float) - result.zero_point) * result.scale
    wanted = model.predict(values, verbose=0)
    assert np.abs(real - wanted).mean() < 0.03 * np.ptp(wanted)


@pytest.mark.parametrize("kind", ["GRU", "LSTM", "SimpleRNN"])
def test_loops_of_keras_are_refused(kind):
    """The converter itself would end the process."""
    model = recurrent(keras, getattr(keras.layers, kind)(6))
    message = rf"{kind} '.*' is a loop.* build it with unroll=True"
    with pytest.raises(UnsupportedError, match=message):
        quantize_ptq(model, samples(10, 8))


def test_an_lstm_of_tf_keras_that_stays_a_loop_is_refused():
    import tf_keras

    model = recurrent(tf_keras, tf_keras.layers.LSTM(6, use_bias=False))
    with pytest.raises(UnsupportedError, match="with use_bias=False it wants unroll=True"):
        quantize_ptq(model, samples(10, 8))
