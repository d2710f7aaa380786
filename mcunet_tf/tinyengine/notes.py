# SPDX-License-Identifier: Apache-2.0
"""What a user should know of a model that compiles: sentences for the report."""

from __future__ import annotations

from collections.abc import Iterator

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.ops.lstm import lstms_remember

# Operators whose results lie between 0 and 1.
_SHARES = ("LOGISTIC", "SOFTMAX")
_MOVES = ("RESHAPE", "TRANSPOSE", "QUANTIZE", "SQUEEZE", "EXPAND_DIMS", "SLICE", "STRIDED_SLICE")
_FEWEST_STEPS = 16
_NAME_CHARACTERS = 60


def notes_of(read: Graph, compiled: Graph) -> tuple[str, ...]:
    """What is worth knowing.

    Args:
      read: the graph as it stands in the file.
      compiled: the graph behind all passes.
    """
    layers = (*_float_layers(compiled), *_lstms(read))
    return (*_coarse_outputs(read), *layers, *_float_states(read))


def _float_layers(graph: Graph) -> Iterator[str]:
    count = sum(op.kind.endswith("_F32") for op in graph.ops)
    if count:
        layers = "1 layer computes" if count == 1 else f"{count} layers compute"
        yield (
            f"{layers} in float32: quantised to int8, the model takes about a quarter of the "
            "memory and is faster"
        )


def _lstms(graph: Graph) -> Iterator[str]:
    """Whether LSTMs remember: TensorFlow Lite goes on unless it is reset."""
    kept = lstms_remember(graph)
    one = len(kept) == 1
    if kept and all(kept):
        yield (
            f"{'1 LSTM goes' if one else f'{len(kept)} LSTMs go'} on from the inference before, "
            "until the state is reset; lstm=reset begins at zero in each"
        )
    elif kept:
        yield (
            f"{'1 LSTM takes' if one else f'{len(kept)} LSTMs take'} a whole sequence in each "
            f"inference and {'begins' if one else 'begin'} at zero, as TensorFlow Lite does after "
            "reset_all_variables(); lstm=keep goes on from the last one"
        )


def _float_states(graph: Graph) -> Iterator[str]:
    """Variables that the converter left in float32, in a model whose input is quantised."""
    held = [graph.tensors[index] for index in graph.entries]
    count = sum(tensor.dtype == "float32" for tensor in held)
    if count and any(graph.tensors[index].dtype != "float32" for index in graph.given):
        states = "1 state is" if count == 1 else f"{count} states are"
        yield (
            f"{states} float32, four times as large as int8 and converted in every inference: set "
            "converter._experimental_variable_quantization = True and export again"
        )


def _coarse_outputs(graph: Graph) -> Iterator[str]:
    """Outputs that probabilities share with values of another size, boxes for instance."""
    producers = graph.producers()
    for position, index in enumerate(graph.made):
        source = _behind_moves(producers, index, ("DEQUANTIZE", *_MOVES))
        joined = producers.get(source)
        tensor = graph.tensors[source]
        if joined is None or joined.kind != "CONCATENATION" or tensor.dtype != "int8":
            continue
        quantization = tensor.quantization
        if quantization is None or len(quantization.scale) != 1 or not quantization.scale[0] > 0:
            continue
        steps = round(1 / quantization.scale[0])
        shares = _first_share(producers, joined)
        if shares is not None and steps < _FEWEST_STEPS:
            name = shares.name[:_NAME_CHARACTERS]
            yield (
                f"output {position}: its scale of {quantization.scale[0]:.4g} leaves the results "
                f"of {shares.kind} '{name}' {max(steps, 1)} of 256 steps, as other values lie in "
                "the same tensor: export them as an output of their own"
            )


def _behind_moves(producers: dict[int, Op], index: int, moves: tuple[str, ...]) -> int:
    """The tensor whose values another one holds, in another order or on another scale."""
    while index in producers and producers[index].kind in moves:
        index = producers[index].inputs[0]
    return index


def _first_share(producers: dict[int, Op], joined: Op) -> Op | None:
    """The first operand of a joined tensor that holds probabilities."""
    for index in joined.inputs:
        maker = producers.get(_behind_moves(producers, index, _MOVES))
        if maker is not None and maker.kind in _SHARES:
            return maker
    return None
