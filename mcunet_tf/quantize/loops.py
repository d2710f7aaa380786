# SPDX-License-Identifier: Apache-2.0
"""Recurrent layers on their way to int8.

TensorFlow's converter ends the process with a segmentation fault where it is to quantise a loop
over time. It knows one layer whose loop becomes an operator, the LSTM of tf_keras as it is by
default; everything else has to be unrolled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcunet_tf.errors import UnsupportedError, require_packages

_FUSED = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "recurrent_dropout": 0.0,
    "go_backwards": False,
    "stateful": False,
}


def has_loops(graph: Any) -> bool:
    """Whether a frozen graph function holds a loop."""
    return any(node.op == "LoopCond" for node in graph.graph.as_graph_def().node)


def check_loops(model: Any) -> None:
    """Makes sure that all loops of a model become operators.

    Raises:
        UnsupportedError: one does not; the message names its layer and the remedy.
    """
    loops = [layer for layer in _layers(model) if getattr(layer, "unroll", None) is False]
    for layer in loops:
        kind = type(layer).__name__
        if kind != "LSTM" or not type(layer).__module__.startswith("tf_keras"):
            remedy = "build it with unroll=True, or as an LSTM of tf_keras"
            raise UnsupportedError(_cannot(model, f"{kind} '{layer.name}'", remedy))
        settings = layer.get_config()
        for name, value in _FUSED.items():
            if settings.get(name, value) != value:
                remedy = f"with {name}={settings[name]} it wants unroll=True"
                raise UnsupportedError(_cannot(model, f"{kind} '{layer.name}'", remedy))
    if not loops:
        raise UnsupportedError(
            _cannot(model, "one of its layers", "write it without tf.while_loop")
        )


def _cannot(model: Any, what: str, remedy: str) -> str:
    return (
        f"model '{model.name}': {what} is a loop, which TensorFlow's converter cannot quantise: "
        f"{remedy}"
    )


def _layers(model: Any) -> Iterator[Any]:
    """All layers, those of nested models and wrappers too."""
    flatten = getattr(model, "_flatten_layers", None)
    yield from flatten(include_self=False, recursive=True) if flatten else ()


def with_batch_of_one(model: Any) -> Any:
    """The same layers of a tf_keras model behind inputs of a batch of one."""
    require_packages("an LSTM of tf_keras", "tf_keras")
    import tf_keras

    inputs = [
        tf_keras.Input(tensor.shape[1:], batch_size=1, name=f"input_{index}")
        for index, tensor in enumerate(model.inputs)
    ]
    return tf_keras.Model(inputs, model(inputs if len(inputs) > 1 else inputs[0]))
