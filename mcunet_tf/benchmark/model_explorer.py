# SPDX-License-Identifier: Apache-2.0
"""Costs by operator as node data of Google's Model Explorer, which colours the model's graph."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.benchmark.rows import LayerRow, Row, write_text
from mcunet_tf.errors import ToolError

# Model Explorer's id of the only graph of a .tflite file.
_GRAPH = "main"
_GRADIENT = [{"stop": 0, "bgColor": "#ffffff"}, {"stop": 1, "bgColor": "#d95f02"}]
METRICS = {
    "": "modelled_cycles",
    "_instructions": "instructions",
    "_live_bytes": "live_bytes",
    "_weights_bytes": "weights_bytes",
}


def node_data(layers: Sequence[LayerRow], metric: str) -> dict[str, Any]:
    """One metric of all layers, keyed by the tensor that each operator writes."""
    results = {
        layer.output_tensor: {"value": getattr(layer, metric)}
        for layer in layers
        if layer.output_tensor and getattr(layer, metric) is not None
    }
    return {_GRAPH: {"results": results, "gradient": _GRADIENT}}


def write_node_data(path: Path, rows: Sequence[Row]) -> list[Path]:
    """Writes cycles of the first row to `path`, its other metrics and other rows beside it.

    A file holds one metric of one row, as Model Explorer loads it. Further names are
    `<stem>[_<model>_<board>_<runtime>][_<metric>].json`.

    Raises:
        OutputError: a file cannot be written.
        ToolError: no row has layers that belong to the model's graph.
    """
    profiled = [row for row in rows if any(layer.output_tensor for layer in row.layers)]
    if not profiled:
        raise ToolError("no row has layers: measure a runtime of this package on a board")
    written = []
    for number, row in enumerate(profiled):
        base = path.stem if number == 0 else re.sub(r"\W", "_", "_".join((path.stem, *row.key)))
        for suffix, metric in METRICS.items():
            data = node_data(row.layers, metric)
            if data[_GRAPH]["results"]:
                target = path.with_name(f"{base}{suffix}.json")
                write_text(target, json.dumps(data, indent=2) + "\n")
                written.append(target)
    return written
