# SPDX-License-Identifier: Apache-2.0
"""Loop counts of the kernels of Signal operators."""

from __future__ import annotations

from collections.abc import Mapping

from mcunet_tf.tinyengine.cost.counts import Counts, Features, Runs, total
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.signal.tables import radices


def values(view: View, calls: Runs) -> Counts:
    """Values one by one: of the operand, where the result is a single one."""
    made, _ = total(calls)
    return {"call": made, "value": made * max(view.output.elements, view.input(0).elements)}


def made_values(view: View, calls: Runs) -> Counts:
    """Values of the result one by one."""
    made, _ = total(calls)
    return {"call": made, "value": made * view.output.elements}


def bank_taps(view: View, calls: Runs) -> Counts:
    """Bins that feed two channels each."""
    made, _ = total(calls)
    taps = int(view.constant(5).astype("int64").sum())
    return {"call": made, "channel": made * view.constant(5).size, "tap": made * taps}


def transforms(view: View, calls: Runs) -> Counts:
    """Butterflies of each stage, and the bins that are made of them."""
    made, _ = total(calls)
    points = view.attributes.length // 2
    samples = min(view.input(0).shape[-1], 2 * points)
    frames = made * (view.input(0).elements // view.input(0).shape[-1])
    stages = radices(points)
    spans = [points >> 1 if stages[0] == 2 else points >> 2]
    for radix in stages[1:]:
        spans.append(spans[-1] // radix)
    return {
        "call": made,
        "frame": frames,
        "pair": frames * (samples // 2),
        "first2": frames * (points // 2) * (stages[0] == 2),
        "first4": frames * (points // 4) * (stages[0] == 4),
        "butterfly": frames * (points // 4) * (len(stages) - 1),
        "group": frames * sum(spans[1:]),
        "bin": frames * (points // 2),
    }


SIGNALS: Mapping[str, Features] = {
    "signal_window_portable": made_values,
    "signal_scale_bits_portable": values,
    "signal_shift_portable": made_values,
    **{
        f"signal_{kind}{form}": transforms
        for kind in ("rfft", "irfft")
        for form in ("_portable", "_dsp", "_mve", "_s32_portable", "_f32_portable")
    },
    "signal_energy_portable": made_values,
    "signal_filter_bank_portable": bank_taps,
    **{
        f"signal_{step}_portable": made_values
        for step in ("root", "noise", "without_noise", "pcan", "log")
    },
}
"""Feature functions by the kernel's name."""
