# SPDX-License-Identifier: Apache-2.0
"""What a user can do about a model that is refused: one half sentence for each kind of reason."""

from __future__ import annotations

from collections.abc import Iterable

_STATE = (
    "a variable is read and written as tensors of one shape, type and scale: export with full int8 "
    "quantisation of variables (converter._experimental_variable_quantization = True)"
)
_LOOP = "build the recurrent layer with unroll=True, or use LSTM with a fixed batch of 1"
_CHOICE = (
    "what runs must follow from constants: give loops a fixed number of rounds (unroll=True), and "
    "branches results of one type and shape"
)
_OPEN_BATCH = "export with a fixed batch of 1, so that the converter computes shapes"
_DILATION = (
    "write it as the dilation of a convolution of stride 1 (dilation_rate=), and export again"
)
_SIGNAL = "cut sound into frames in the application, and export what computes on a frame"
_INT8 = "convert it with full int8 quantisation (TFLITE_BUILTINS_INT8, a representative data set)"
_INT16 = (
    "TF-Lite Micro has no int16 form of this operator either: leave the layer out of the network, "
    "or convert it with int8 activations (TFLITE_BUILTINS_INT8)"
)
_DAMAGED = "the file contradicts itself: export it again with tf.lite.TFLiteConverter"
_SMALLER = "use a smaller input or a smaller model"
_CONSTANTS = "make it a constant of the model: export with all shapes fixed"
_LAYER = "change the layer as SUPPORTED_OPS.md says, and export again"
_OTHER_LAYER = (
    "SUPPORTED_OPS.md lists what can be compiled: use other layers, or compute this part in the "
    "application"
)

_BY_CUSTOM = {
    "CUSTOM TFLM_DECODE": "give the file from before tflite-micro's compression of weights",
    "CUSTOM CIRCULAR_BUFFER": (
        "keep the window in a variable (READ_VARIABLE, CONCATENATION, ASSIGN_VARIABLE)"
    ),
}
_BY_KIND = {
    **dict.fromkeys(("CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"), _STATE),
    **dict.fromkeys(("RNN", "UNIDIRECTIONAL_SEQUENCE_RNN"), _LOOP),
    **dict.fromkeys(("WHILE", "IF"), _CHOICE),
    **dict.fromkeys(("LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM"), _LOOP),
    **dict.fromkeys(("FILL", "SHAPE", "RANGE", "REDUCE_PROD", "BROADCAST_ARGS"), _OPEN_BATCH),
}
# What a reason says, and the remedy; the first that fits is taken.
_BY_REASON = (
    ("the model is float32", _INT8),
    ("options of another operator", _DAMAGED),
    ("like what the variable holds", _STATE),
    ("no operand", _DAMAGED),
    ("an operand that states", _DAMAGED),
    ("no output", _DAMAGED),
    ("is int16", _INT16),
    ("no per-tensor scale", _INT8),
    ("float32", _INT8),
    ("no microcontroller", _SMALLER),
    ("along an axis", _SMALLER),
    ("not constant", _CONSTANTS),
    ("at run time", _CONSTANTS),
    ("the operator is not supported", _OTHER_LAYER),
)


def remedies(problems: Iterable[tuple[str, str]]) -> list[str]:
    """The remedies of some problems, `(operator or edge, reason)`, each once, in their order."""
    return list(dict.fromkeys(_remedy(kind, reason) for kind, reason in problems))


def _remedy(kind: str, reason: str) -> str:
    if kind.startswith("CUSTOM Signal"):
        return _SIGNAL
    if kind in _BY_CUSTOM:
        return _BY_CUSTOM[kind]
    if kind.startswith("CUSTOM "):
        return f"bind a C function to it with --custom_op={kind.removeprefix('CUSTOM ')}=FILE.c"
    if kind in ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"):
        return _DILATION
    if kind in _BY_KIND and "not supported" in reason:
        return _BY_KIND[kind]
    return next((remedy for text, remedy in _BY_REASON if text in reason), _LAYER)
