# SPDX-License-Identifier: Apache-2.0
"""Quantisation-aware training: the network learns with the rounding it will be deployed with.

The model is quantised after training first, by TensorFlow's converter; what is trained is the int8
file that it gives. So it does not matter what the model was made with: batch-norm is folded and
operators are fused as the converter does it, and the result lies on the grid that the file has.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import DataError, UnsupportedError, require_packages
from mcunet_tf.quantize.ptq import check_edge_type, quantize_ptq
from mcunet_tf.quantize.sources import Samples, open_source, read_samples

Loss = Callable[[Any, Any], Any]

_REPRESENTATIVE = 300
_CLIPPED_NORM = 1.0
_COMPARED = 4
_MOST_STEPS_OFF = 2.0
"""Steps of an output's scale that the network to train may be off from the file, on average."""


def quantize_qat(
    model: Any,
    data: Any,
    *,
    loss: Loss | None = None,
    epochs: int = 1,
    learning_rate: float = 1e-4,
    batch_size: int = 64,
    seed: int = 0,
    edge_type: str = "int8",
    representative_data: Any = None,
) -> bytes:
    """Trains a model with simulated rounding and gives its full-int8 `.tflite` file.

    Activations keep the ranges that quantisation after training finds; weights and biases are
    trained, by Adam with a cosine that ends at zero.

    Args:
        model: what `quantize_ptq` takes: a trained Keras 3 or tf_keras model, functional,
            Sequential or subclassed; the path of a file; or the folder of a SavedModel.
        data: arrays `(x, y)` or `(x, y, weights)`, where `x` is one array `[n, ...]` as the model
            sees it, a list of them or a dictionary by input name; or a `tf.data.Dataset` of such
            samples, batched, which is read anew every epoch.
        loss: function (targets, outputs) of tensors that gives the loss of each sample; where the
            model has several outputs it gets the list of them. None takes the cross-entropy of
            classes: of probabilities where the model ends in a softmax, of logits otherwise.
        epochs: passes over the data.
        learning_rate: learning rate at the start of the cosine.
        batch_size: samples per step, where the data are arrays.
        seed: seed of the order of the samples.
        edge_type: type of the model's inputs and outputs: "int8", "uint8" or "float32".
        representative_data: samples whose ranges become the scales, as `quantize_ptq` takes them;
            None takes some of the training samples.

    Raises:
        DataError: samples and targets do not fit each other or the model, or a number is out of
            range.
        UnsupportedError: this is no model, an operator of it has no int8 form, or it cannot be
            trained through.
    """
    require_packages("quantisation-aware training", "tensorflow")
    check_edge_type(edge_type)
    _check_numbers(epochs, learning_rate, batch_size)
    source = open_source(model)
    batches = _Batches(source, data, batch_size, seed)
    sample = batches.sample if representative_data is None else representative_data
    flatbuffer = quantize_ptq(model, sample, edge_type)

    from mcunet_tf.quantize.trainable_file import TrainableFile

    network = TrainableFile(flatbuffer, source.name)
    _check_network(network, flatbuffer, batches.sample)
    _check_loss(loss, network.kinds[-2:])
    if loss is None:
        batches.expect_classes(int(network.graph.tensors[network.graph.outputs[0]].shape[-1]))
        loss = _cross_entropy(network.kinds[-1] == "SOFTMAX" or "SOFTMAX" in network.kinds[-2:])
    _train(network, batches, loss, epochs, learning_rate)
    return network.flatbuffer()


def _train(network: Any, batches: _Batches, loss: Loss, epochs: int, learning_rate: float) -> None:
    import keras
    import tensorflow as tf

    optimizer = keras.optimizers.Adam(learning_rate, global_clipnorm=_CLIPPED_NORM)
    optimizer.build(network.variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(x: Any, y: Any, w: Any) -> Any:
        with tf.GradientTape() as tape:
            outputs = network.outputs(x)
            losses = loss(y, outputs if len(outputs) > 1 else outputs[0])
            total = tf.reduce_mean(losses if w is None else losses * w)
        gradients = tape.gradient(total, network.variables)
        pairs = [(g, v) for g, v in zip(gradients, network.variables, strict=True) if g is not None]
        optimizer.apply_gradients(pairs)
        return total

    for epoch in range(epochs):
        done = 0
        for x, y, w in batches.epoch(epoch):
            share = (epoch + min(done / batches.steps, 1.0)) / epochs
            optimizer.learning_rate = learning_rate * 0.5 * (1 + math.cos(math.pi * share))
            found = step([tf.constant(part) for part in x], _constants(y), w)
            if not math.isfinite(float(found)):
                raise DataError(
                    f"training diverged in epoch {epoch + 1}: lower learning_rate = {learning_rate}"
                )
            done += 1
        batches.steps = max(done, 1)


def _constants(y: Any) -> Any:
    import tensorflow as tf

    return [tf.constant(part) for part in y] if isinstance(y, list | tuple) else tf.constant(y)


def _check_loss(loss: Any, last: Sequence[str]) -> None:
    """Makes sure that a Keras loss wants what the model's last operators give.

    Raises:
        DataError: it wants logits of a model that ends in probabilities, or the other way round.
    """
    from_logits = getattr(loss, "from_logits", None)
    ends = next((kind for kind in last if kind in ("SOFTMAX", "LOGISTIC")), None)
    if from_logits is True and ends is not None:
        raise DataError(
            f"the loss is from logits, but the model ends in {ends}: make it with "
            "from_logits=False, or leave the last activation out of the model"
        )
    if from_logits is False and ends is None:
        raise DataError(
            "the loss wants probabilities, but the model ends in logits: make it with "
            "from_logits=True"
        )


def _cross_entropy(of_probabilities: bool) -> Loss:
    import tensorflow as tf

    def loss(y: Any, outputs: Any) -> Any:
        if not of_probabilities:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int64), outputs)
        # int8 probabilities may be exactly 0, where the logarithm has no gradient.
        likely = tf.gather(outputs, tf.cast(y, tf.int64), axis=1, batch_dims=1)
        return -tf.math.log(likely + 1 / 256)

    return loss


def _check_network(network: Any, flatbuffer: bytes, sample: tuple[Samples, ...]) -> None:
    """Makes sure that what will be trained computes what the file computes.

    Raises:
        UnsupportedError: the outputs are further apart than rounding explains.
    """
    import tensorflow as tf

    few = [part[:_COMPARED] for part in sample]
    wanted = _interpreted(flatbuffer, few)
    try:
        found = [part.numpy() for part in network.outputs([tf.constant(part) for part in few])]
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        # Such as an operator that moves samples of a batch among each other.
        reason = str(error).strip().splitlines()[0][:200]
        raise UnsupportedError(
            f"model '{network.name}' cannot be trained through with a batch of several: {reason}; "
            "use quantize_ptq"
        ) from error
    for index, (values, scale) in enumerate(wanted):
        off = math.inf
        if found[index].shape == values.shape:
            off = float(np.abs(found[index] - values).mean()) / scale
        if off > _MOST_STEPS_OFF:
            raise UnsupportedError(
                f"model '{network.name}' cannot be trained through faithfully: its output {index} "
                f"is {off:.1f} steps off on average; use quantize_ptq"
            )


def _interpreted(flatbuffer: bytes, inputs: list[Any]) -> list[tuple[Any, float]]:
    """(real values `[n, ...]`, scale) of the outputs that TensorFlow's interpreter gives."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer TensorFlow says that it will move elsewhere
        interpreter = tf.lite.Interpreter(model_content=flatbuffer)
    interpreter.allocate_tensors()
    outputs = interpreter.get_output_details()
    rows: list[list[Any]] = [[] for _ in outputs]
    for row in range(len(inputs[0])):
        # In the order of their places in the file, as `TrainableFile` takes them.
        for detail, x in zip(interpreter.get_input_details(), inputs, strict=True):
            interpreter.set_tensor(detail["index"], _stored(x[row : row + 1], detail))
        interpreter.invoke()
        for made, detail in zip(rows, outputs, strict=True):
            made.append(interpreter.get_tensor(detail["index"]).astype(np.float64))
    found = []
    for made, detail in zip(rows, outputs, strict=True):
        values, (scale, point) = np.concatenate(made), detail["quantization"]
        found.append(((values - point) * scale, scale) if scale else (values, 1 / 256))
    return found


def _stored(values: npt.NDArray[np.float32], detail: Any) -> npt.NDArray[Any]:
    """Real values as an input tensor holds them."""
    scale, point = detail["quantization"]
    if not scale:
        return values
    limits = np.iinfo(detail["dtype"])
    stored: npt.NDArray[Any] = np.clip(np.round(values / scale) + point, limits.min, limits.max)
    return stored.astype(detail["dtype"])


class _Batches:
    """The data as batches, the same for every form in which they are given.

    Attributes:
        sample: some of the samples, one array for each input.
        steps: batches of an epoch, as far as they are known.
    """

    def __init__(self, source: Any, data: Any, batch_size: int, seed: int):
        self.source = source
        self.data = data
        self.size = batch_size
        self.seed = seed
        self.arrays: tuple[tuple[Samples, ...], Any, Any] | None = None
        self.classes: int | None = None
        if hasattr(data, "element_spec"):
            spec = data.element_spec
            if not isinstance(spec, tuple) or len(spec) not in (2, 3):
                raise DataError("data must give pairs (x, y), or (x, y, weights)")
            self.sample = read_samples(source, data.map(lambda x, *_: x))
            cardinality = int(data.cardinality())
            self.steps = cardinality if cardinality > 0 else 1
            return
        if not isinstance(data, tuple | list) or len(data) not in (2, 3):
            raise DataError(
                "data must be arrays (x, y) or (x, y, weights), or a tf.data.Dataset of them"
            )
        x = read_samples(source, data[0])
        y = _targets(data[1])
        w = None if len(data) == 2 or data[2] is None else np.asarray(data[2], np.float32)
        counts = {len(part) for part in (y if isinstance(y, list) else [y])}
        if counts != {len(x[0])} or (w is not None and w.shape != (len(x[0]),)):
            raise DataError(
                f"{len(x[0])} samples do not fit targets of {sorted(counts)} rows"
                f"{'' if w is None else f' and weights {list(w.shape)}'}: give one for each sample"
            )
        self.arrays = (x, y, w)
        picked = np.random.default_rng(seed).permutation(len(x[0]))[:_REPRESENTATIVE]
        self.sample = tuple(part[np.sort(picked)] for part in x)
        self.steps = -(-len(x[0]) // batch_size)

    def epoch(self, number: int) -> Iterator[tuple[list[Any], Any, Any]]:
        """(inputs, targets, weights or None) batch by batch."""
        if self.arrays is None:
            for element in self.data.as_numpy_iterator():
                x = read_samples(self.source, element[0])
                y = _targets(element[1])
                if self.classes is not None:
                    _check_classes(y, self.classes)
                w = np.asarray(element[2], np.float32) if len(element) > 2 else None
                yield list(x), y, w
            return
        x, y, w = self.arrays
        order = np.random.default_rng([self.seed, number]).permutation(len(x[0]))
        for start in range(0, len(order), self.size):
            part = order[start : start + self.size]
            targets = [one[part] for one in y] if isinstance(y, list) else y[part]
            yield [one[part] for one in x], targets, None if w is None else w[part]

    def expect_classes(self, classes: int) -> None:
        """Makes sure that targets are numbers of so many classes; of a dataset batch by batch.

        Raises:
            DataError: they are not.
        """
        self.classes = classes
        if self.arrays is not None:
            _check_classes(self.arrays[1], classes)


def _check_classes(y: Any, classes: int) -> None:
    if isinstance(y, list) or y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        shown = "a list" if isinstance(y, list) else f"{y.dtype} {list(y.shape)}"
        raise DataError(
            f"labels are {shown}: give whole numbers [n] of classes, or a loss of your own"
        )
    if y.min() < 0 or y.max() >= classes:
        raise DataError(
            f"labels are from {y.min()} to {y.max()}; the model has {classes} outputs: give whole "
            f"numbers in 0..{classes - 1}"
        )


def _targets(given: Any) -> Any:
    try:
        if isinstance(given, list | tuple) and all(hasattr(part, "shape") for part in given):
            return [np.asarray(part) for part in given]
        y = np.asarray(given)
    except (TypeError, ValueError) as error:
        raise DataError(f"targets are no array of numbers ({error})") from error
    if not y.ndim or y.dtype == object:
        raise DataError("targets are no array: give one row for each sample")
    return y


def _check_numbers(epochs: int, learning_rate: float, batch_size: int) -> None:
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise DataError(f"{name} = {value!r}: it must be a whole number from 1 on")
    if not isinstance(learning_rate, int | float) or not 0 < learning_rate < float("inf"):
        raise DataError(f"learning_rate = {learning_rate!r}: it must be a number above 0")
