# SPDX-License-Identifier: Apache-2.0
"""Every case of every operator, and what the two reference interpreters make of them."""

from __future__ import annotations

from tests.ops import (
    conv_cases,
    detection_cases,
    dilation_cases,
    float_cases,
    index_cases,
    int16_cases,
    layout_cases,
    mask_cases,
    matmul_cases,
    pick_cases,
    recurrent_cases,
    reduction_cases,
    signal_cases,
    strided_cases,
    table_cases,
    typed_cases,
    value_cases,
)
from tests.ops.case import Case

CASES: dict[str, tuple[Case, ...]] = {
    "CONV_2D": conv_cases.CONV_2D,
    "DEPTHWISE_CONV_2D": conv_cases.DEPTHWISE_CONV_2D,
    "SPACE_TO_BATCH_ND": dilation_cases.SPACE_TO_BATCH_ND,
    "BATCH_TO_SPACE_ND": dilation_cases.BATCH_TO_SPACE_ND,
    "TRANSPOSE_CONV": conv_cases.TRANSPOSE_CONV,
    "FULLY_CONNECTED": conv_cases.FULLY_CONNECTED,
    "BATCH_MATMUL": matmul_cases.BATCH_MATMUL,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent_cases.UNIDIRECTIONAL_SEQUENCE_LSTM,
    "SVDF": recurrent_cases.SVDF,
    "ADD": value_cases.ADD,
    "SUB": value_cases.SUB,
    "MUL": value_cases.MUL,
    "SQUARED_DIFFERENCE": value_cases.SQUARED_DIFFERENCE,
    "MAXIMUM": value_cases.MAXIMUM,
    "MINIMUM": value_cases.MINIMUM,
    "PRELU": value_cases.PRELU,
    "AVERAGE_POOL_2D": value_cases.AVERAGE_POOL_2D,
    "MAX_POOL_2D": value_cases.MAX_POOL_2D,
    "MEAN": reduction_cases.MEAN,
    "SUM": reduction_cases.SUM,
    "REDUCE_MAX": reduction_cases.REDUCE_MAX,
    "ARG_MAX": reduction_cases.ARG_MAX,
    "ARG_MIN": reduction_cases.ARG_MIN,
    "SOFTMAX": value_cases.SOFTMAX,
    "L2_NORMALIZATION": value_cases.L2_NORMALIZATION,
    "RELU": value_cases.RELU_CASES,
    "RELU6": value_cases.RELU6_CASES,
    "LOGISTIC": value_cases.LOGISTIC,
    "HARD_SWISH": value_cases.HARD_SWISH,
    "LEAKY_RELU": value_cases.LEAKY_RELU,
    "TANH": value_cases.TANH,
    "ABS": table_cases.ABS,
    "RSQRT": table_cases.RSQRT,
    "EXP": table_cases.EXP,
    "LOG": table_cases.LOG,
    "ELU": table_cases.ELU,
    "GELU": table_cases.GELU,
    **table_cases.FLOAT32,
    **table_cases.COMPARISONS,
    "QUANTIZE": value_cases.QUANTIZE,
    "DEQUANTIZE": value_cases.DEQUANTIZE,
    "PAD": layout_cases.PAD,
    "PADV2": layout_cases.PADV2,
    "CONCATENATION": layout_cases.CONCATENATION,
    "RESIZE_NEAREST_NEIGHBOR": layout_cases.RESIZE_NEAREST_NEIGHBOR,
    "RESIZE_BILINEAR": layout_cases.RESIZE_BILINEAR,
    "GATHER": pick_cases.GATHER,
    "MIRROR_PAD": pick_cases.MIRROR_PAD,
    "RESHAPE": (*layout_cases.RESHAPE, *layout_cases.OPEN_BATCH),
    "SQUEEZE": layout_cases.SQUEEZE,
    "EXPAND_DIMS": layout_cases.EXPAND_DIMS,
    "TRANSPOSE": strided_cases.TRANSPOSE,
    "REVERSE_V2": strided_cases.REVERSE_V2,
    "SLICE": strided_cases.SLICE,
    "STRIDED_SLICE": strided_cases.STRIDED_SLICE,
    "TILE": strided_cases.TILE,
    "BROADCAST_TO": strided_cases.BROADCAST_TO,
    "SPACE_TO_DEPTH": strided_cases.SPACE_TO_DEPTH,
    "DEPTH_TO_SPACE": strided_cases.DEPTH_TO_SPACE,
    "SPLIT": strided_cases.SPLIT,
    "SPLIT_V": strided_cases.SPLIT_V,
    "UNPACK": strided_cases.UNPACK,
    "PACK": strided_cases.PACK,
}
for _other in (
    typed_cases.TYPED,
    float_cases.FLOATS,
    mask_cases.MASKS,
    index_cases.INDICES,
    int16_cases.CASES,
    detection_cases.CASES,
    signal_cases.SIGNALS,
):
    for _kind, _more in _other.items():
        CASES[_kind] = (*CASES.get(_kind, ()), *_more)
ALL_CASES = tuple(case for cases in CASES.values() for case in cases)

# Where tflite-runtime 2.14 is not the oracle, and why.
RUNTIME_FAILS: dict[str, str] = {
    **{
        str(case): "it has no Signal operators"
        for cases in signal_cases.SIGNALS.values()
        for case in cases
    },
    **{
        f"UNIDIRECTIONAL_SEQUENCE_LSTM-{name}": (
            "of a state that is carried from call to call an output is a step off now and then; "
            "within a call, and in TF-Lite Micro, none is"
        )
        for name in (
            *("one_step_of_batch", "one_step_clipped"),
            *("remembering_plain", "remembering_batch"),
            *("remembering_last_of_batch", "remembering_time_major"),
        )
    },
    "CONV_2D-no_bias": "it wants a bias; TF-Lite Micro does not",
    "FULLY_CONNECTED-rank_4_per_channel": (
        "its per-channel kernel takes the second dimension of the output for its depth, whatever "
        "the rank: most of the output stays unwritten"
    ),
    "FULLY_CONNECTED-rank_3_per_channel": "as for rank 4",
    **{
        str(case): "it sums -1 and 0 to -128; TF-Lite Micro does not"
        for case in CASES["SUM"]
        if case.name != "vanishing"
    },
    **{
        f"UNIDIRECTIONAL_SEQUENCE_LSTM-{name}": (
            "its curves of gates are series, TF-Lite Micro's and CMSIS-NN's are lines between "
            "points: they differ by one here"
        )
        for name in (
            *("quads", "one_step_of_batch", "one_unit", "long", "wide", "zero_points_high"),
            *("coarse_input", "remembering_last", "remembering_batch", "remembering_time_major"),
            *(f"cell_scale_{power}" for power in (9, 11, 13, 14, 15)),
            *("clipped", "clipped_beyond", "hidden_scale_small"),
            *("last_step_of_batch", "last_step_and_all"),
        )
    },
    **{
        f"UNIDIRECTIONAL_SEQUENCE_LSTM-cell_scale_{power}": (
            "its cell state wraps around where the input gate's share alone is beyond int16"
        )
        for power in (16, 20)
    },
    **{
        str(case): "its LSTM takes no int16"
        for case in recurrent_cases.UNIDIRECTIONAL_SEQUENCE_LSTM
        if case.name.startswith("int16")
    },
    "UNIDIRECTIONAL_SEQUENCE_LSTM-saturating_gates": "it is far off where most gates saturate",
    **{
        str(case): "it takes the state for one of int16"
        for case in recurrent_cases.SVDF
        if case.name.startswith("bytes")
    },
    "CUSTOM TFLite_Detection_PostProcess-regular_int8": (
        "it leaves the order of equal scores of two classes open; TF-Lite Micro does not"
    ),
    "SVDF-no_activation": "it wants RELU, which it then ignores as TF-Lite Micro does",
    "CONV_2D-int16_bias_none": "it wants a bias; TF-Lite Micro does not",
    **dict.fromkeys(
        (
            "FULLY_CONNECTED-int16_bias_none",
            "TRANSPOSE_CONV-int16_none",
            "TRANSPOSE_CONV-int16_int16",
        ),
        "its sums have 32 bits but for a bias of 64; TF-Lite Micro's have 64 but for one of 32",
    ),
    **dict.fromkeys(
        ("ADD-int16_powers_of_two", "SUB-int16_powers_of_two"),
        "it shifts where both scales are powers of two; TF-Lite Micro rescales",
    ),
    "SOFTMAX-int16_rows": "its points of the exponential are computed in float64",
    "PRELU-int16_channels": "its PRELU takes no int16",
    **dict.fromkeys(
        ("QUANTIZE-int8_to_int16", "QUANTIZE-int8_to_int32"),
        "its QUANTIZE makes bytes of bytes",
    ),
    **{
        str(case): "its SQUARED_DIFFERENCE takes no int16"
        for case in int16_cases.CASES["SQUARED_DIFFERENCE"]
    },
    **{
        str(case): f"its reference kernels lack {case.op}"
        for kind in ("ELU", "CEIL", "ROUND", "CUMSUM")
        for case in CASES[kind]
    },
    **{
        str(case): f"its {case.op} takes no int8"
        for kind in ("ADD_N", "ZEROS_LIKE", "DIV")
        for case in CASES[kind]
        if case.name in index_cases.NAMES[kind] and "32" not in case.name
    },
}
# Where TF-Lite Micro does something else than tflite-runtime, which is the oracle.
_MICRO_RELU6 = "its RELU6 clamps at the quantised 0 and 6 but does not rescale"
_MICRO_LOGISTIC = (
    "it computes in fixed point, tflite-runtime in float32: they differ by one where the exact "
    "result lies within 1e-5 of a tie, as with scales that are powers of two"
)
_MICRO_DEALT = "TF-Lite Micro pads with 0 where it deals out pixels, not with the zero point"
MICRO_DIFFERS: dict[str, str] = {
    **{f"SPACE_TO_BATCH_ND-{name}": _MICRO_DEALT for name in ("same", "uneven", "one_dimension")},
    **{f"BATCH_TO_SPACE_ND-{name}": _MICRO_DEALT for name in ("depthwise", "rows")},
    **{
        f"RELU6-{name}": _MICRO_RELU6
        for name in (
            "zero_points_low",
            "zero_points_apart",
            "finer",
            "coarser",
            "doubled",
            "halved",
            "saturating",
            "vanishing",
            "few_values",
            "image",
        )
    },
    **{
        f"LOGISTIC-scale_0.0078125_zero_point_{zero_point}": _MICRO_LOGISTIC
        for zero_point in (-128, -1, 127)
    },
    "LEAKY_RELU-alpha_1": (
        "it computes the slope of negative values in float64, tflite-runtime in float32: they "
        "differ by one where the exact result is a tie"
    ),
    "PAD-int64_paddings": "it reads every padding as int32",
    "STRIDED_SLICE-ellipsis": "it refuses ellipses",
    "STRIDED_SLICE-new_axis": "it refuses new axes",
    **{
        f"{kind}-{name}": "its indices are int32"
        for kind in ("ARG_MAX", "ARG_MIN")
        for name in ("int64", "int64_rows")
    },
    **{str(case): "it has no TILE" for case in CASES["TILE"]},
    **{
        str(case): "it casts neither uint8 nor int64"
        for case in CASES["CAST"]
        if "uint8" in case.name or "int64" in case.name
    },
    **{str(case): "it has no REDUCE_ANY" for case in CASES["REDUCE_ANY"]},
    **{f"{kind}-int32": f"its {kind} takes float32 only" for kind in ("FLOOR_DIV", "FLOOR_MOD")},
    "ADD-int32_relu": "it leaves out the activation of int32",
    "SPACE_TO_BATCH_ND-alone_padded": _MICRO_DEALT,
    "DEQUANTIZE-float_float16_weights": "it widens no float16",
    "DEQUANTIZE-float_weights_per_channel": "it takes one scale for all channels",
    "GATHER-int32": "its GATHER takes int8 and float32 only",
    "TRANSPOSE-int32": "its TRANSPOSE takes int8, int16 and float32 only",
    "SLICE-int64": "its SLICE takes no int64",
    **{
        str(case): f"it has no {case.op}"
        for kind in ("GELU", "POW", "SELECT", "RELU_N1_TO_1")
        for case in CASES[kind]
    },
    **{str(case): "its EXP takes float32 only" for case in table_cases.EXP},
}
