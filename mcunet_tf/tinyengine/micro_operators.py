# SPDX-License-Identifier: Apache-2.0
"""Every operator that TensorFlow Lite Micro registers, and what the compiler makes of it.

The names are those of `micro_mutable_op_resolver.h` of tflite-micro, custom operators as files name
them.
"""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables import KERNELS
from mcunet_tf.tinyengine.ops import SPECS, signal
from mcunet_tf.tinyengine.ops.shape import constraint_compile_time
from mcunet_tf.tinyengine.signal_frames import FRAMES

BUILTINS = tuple(
    "ABS ADD ADD_N ARG_MAX ARG_MIN ASSIGN_VARIABLE AVERAGE_POOL_2D BATCH_MATMUL BATCH_TO_SPACE_ND "
    "BROADCAST_ARGS BROADCAST_TO CALL_ONCE CAST CEIL CONCATENATION CONV_2D COS CUMSUM "
    "DEPTH_TO_SPACE DEPTHWISE_CONV_2D DEQUANTIZE DIV DYNAMIC_UPDATE_SLICE ELU EMBEDDING_LOOKUP "
    "EQUAL EXP EXPAND_DIMS FILL FLOOR FLOOR_DIV FLOOR_MOD FULLY_CONNECTED GATHER GATHER_ND GREATER "
    "GREATER_EQUAL HARD_SWISH IF L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LESS LESS_EQUAL LOG "
    "LOG_SOFTMAX LOGICAL_AND LOGICAL_NOT LOGICAL_OR LOGISTIC MAX_POOL_2D MAXIMUM MEAN MINIMUM "
    "MIRROR_PAD MUL NEG NOT_EQUAL PACK PAD PADV2 PRELU QUANTIZE READ_VARIABLE REDUCE_ALL "
    "REDUCE_MAX REDUCE_MIN RELU RELU6 RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 "
    "ROUND RSQRT SELECT_V2 SHAPE SIN SLICE SOFTMAX SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V "
    "SQRT SQUARE SQUARED_DIFFERENCE SQUEEZE STRIDED_SLICE SUB SUM SVDF TANH TRANSPOSE "
    "TRANSPOSE_CONV UNIDIRECTIONAL_SEQUENCE_LSTM UNPACK VAR_HANDLE WHILE ZEROS_LIKE".split()
)
CUSTOMS = tuple(
    "CIRCULAR_BUFFER SignalDelay SignalEnergy SignalFftAutoScale SignalFilterBank "
    "SignalFilterBankLog SignalFilterBankSpectralSubtraction SignalFilterBankSquareRoot "
    "SignalFramer SignalIrfft SignalOverlapAdd SignalPCAN SignalRfft SignalStacker SignalWindow "
    "TFLM_DECODE TFLite_Detection_PostProcess ethos-u".split()
)

_VARIABLES = ("ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "VAR_HANDLE")
_REASONS = {
    "TFLM_DECODE": "its weights are compressed: give the file from before compression",
    "ethos-u": "it runs on an Arm Ethos-U: give the file from before Vela",
}
"""Why an operator is not compiled."""

_CHOSEN = {
    "CIRCULAR_BUFFER": "a state of the model, where its readers run in every call",
    **dict.fromkeys(FRAMES, "joins, parts and sums of what is held, a state of the model"),
    "IF": "what the condition chooses, or both branches and a SELECT_V2",
    "WHILE": "unrolled, where the number of rounds follows from constants",
}

_FORMS = {"_F32": "float32", "_S32": "int32"}


def answer(name: str) -> str:
    """What becomes of an operator: compiled, computed, rewritten, or one line that says why not.

    Args:
      name: of `BUILTINS` or `CUSTOMS`.
    """
    if name in _VARIABLES:
        return "a state of the model, which outlasts an inference"
    if name in _CHOSEN:
        return _CHOSEN[name]
    if name in _REASONS:
        return f"not compiled: {_REASONS[name]}"
    name = signal.CUSTOM_NAMES.get(name, name)
    spec = SPECS.get(name) or SPECS[f"CUSTOM {name}"]
    if constraint_compile_time in spec.constraints:
        return "computed at compile time"
    own = tuple(f"{name}{suffix}" for suffix in _FORMS)
    if spec.becomes and not set(spec.becomes) <= set(own):
        how = "part of a table" if spec.becomes == ("TABLE",) else _joined(spec.becomes)
        found = [how if how == "part of a table" else f"rewritten as {how}"]
    elif name in KERNELS:
        found = ["compiled"]
    else:
        found = [] if spec.becomes else ["a view, costs nothing"]
    forms = [kind for suffix, kind in _FORMS.items() if f"{name}{suffix}" in SPECS]
    if forms:
        found.append(f"compiled for {_joined(forms)}")
    return "; ".join(found)


def _joined(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)


def micro_operators() -> dict[str, str]:
    """The answer for every operator, builtin ones first."""
    return {name: answer(name) for name in (*BUILTINS, *CUSTOMS)}
