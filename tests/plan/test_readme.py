# SPDX-License-Identifier: Apache-2.0
"""The example in `plan/README.md` is what the planner really does."""

from __future__ import annotations

from pathlib import Path

from mcunet_tf.tinyengine import compile_tflite
from tests.plan.random_networks import streamed_network

README = Path(__file__).resolve().parents[2] / "mcunet_tf" / "tinyengine" / "plan" / "README.md"
NAMES = ("expand", "filter", "project")


def example():
    return compile_tflite(streamed_network(6), "portable", name="m", optimize="sram").plan


def calls_drawn(plan) -> list[str]:
    """A line for each call: what it makes, and which rows the slots of both rings hold then."""
    (stage,) = plan.stages
    wide, filtered = (stage.rings[node.output] for node in stage.nodes[:2])
    slots = {wide.tensor: ["."] * wide.rows, filtered.tensor: ["."] * filtered.rows}
    lines = []
    for number, (node, first, end) in enumerate(stage.events):
        assert end == first + 1
        window = stage.nodes[1]
        if node is window:
            low, high = first - window.window.pad_top, first + window.window.extent
            for row in range(low, high - window.window.pad_top):
                if not 0 <= row < node.height:
                    slots[wide.tensor][(row + wide.shift) % wide.rows] = "p"
        if node.output in slots:
            ring = stage.rings[node.output]
            slots[ring.tensor][(first + ring.shift) % ring.rows] = str(first)
        name = NAMES[stage.nodes.index(node)]
        held = " ".join(slots[wide.tensor])
        lines.append(
            f"{number:4d}  {name:8s}{first}    {held}   {' '.join(slots[filtered.tensor])}"
        )
    return lines


def test_the_calls_are_those_of_the_plan():
    text = README.read_text()
    for line in calls_drawn(example()):
        assert line in text


def test_the_offsets_are_those_of_the_plan():
    plan = example()
    text = README.read_text()
    for tensor, storage in plan.storage.items():
        end = storage.offset + storage.size_bytes
        assert f"[{storage.offset:3d}, {end:3d})" in text, tensor
    assert f"{plan.arena_bytes} bytes" in text


def test_every_module_of_the_planner_points_to_the_example():
    for path in README.parent.glob("*.py"):
        assert "README.md" in path.read_text().split('"""')[1], path
        assert path.name == "__init__.py" or f"`{path.name}`" in README.read_text(), path
