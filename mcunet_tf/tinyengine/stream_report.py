# SPDX-License-Identifier: Apache-2.0
"""What is asked of a stream, and what a call of it takes beside a whole window."""

from __future__ import annotations

from collections.abc import Sequence

from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine.cost import CostModel
from mcunet_tf.tinyengine.emit.cost_report import StreamReport
from mcunet_tf.tinyengine.schedule.nodes import Node, node_macs
from mcunet_tf.tinyengine.schedule.stage import make_stage
from mcunet_tf.tinyengine.streams import FORMS, Stream


def check_stream(input_mode: str, hop: int | None, stream: str, timed: Sequence[str] = ()) -> None:
    """Holds a hop and a form against the way that the input comes in.

    Raises:
      McunetError: they do not go together, or the form is unknown.
    """
    if input_mode != "stream" and (hop is not None or stream != "auto" or timed):
        given = f"hop={hop}" if hop is not None else f"stream={stream}"
        given = f"timed={','.join(timed)}" if timed else given
        raise McunetError(f"{given} goes with input=stream: say that rows of time come in")
    if stream not in FORMS:
        raise McunetError(f"stream '{stream}' is unknown: use one of {', '.join(FORMS)}")


def stream_report(flow: Stream, nodes: Sequence[Node], model: CostModel | None) -> StreamReport:
    """A call's conditions, and what a whole window would take, layer by layer.

    Args:
      flow: the stream.
      nodes: of the network of a whole window.
      model: of the board's core, where there is one.
    """
    stages = [make_stage(flow.whole, (node,), frozenset()) for node in nodes]
    costs = [model.stage(stage)[0] for stage in stages] if model else []
    known = [cost for cost in costs if cost is not None]
    complete = model is not None and len(known) == len(nodes)
    return StreamReport(
        form=flow.form,
        hop=flow.hop,
        window=flow.window,
        warm_up=flow.warm_up,
        delay=flow.delay,
        window_macs=sum(map(node_macs, nodes)),
        window_instructions=round(sum(c.instructions for c in known)) if complete else None,
        window_cycles=round(sum(c.cycles for c in known)) if complete else None,
    )
