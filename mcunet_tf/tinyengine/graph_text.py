# SPDX-License-Identifier: Apache-2.0
"""The text form of a graph, one operator a line, and its reader.

    graph "m"
    input %0 "image" int8[1,4,4,2] scale 0.1f zero -5
    const %1 "axes" int32[2] = 1 2
    op MEAN %0 %1 -> %2 "pooled" int8[1,2] scale 0.05f zero 3 | MeanAttributes(axes=(1, 2))
    output %2

An absent operand is "-"; results of several are apart by ";"; a layer that is not named like its
first result has its name behind the kind. A scale ending in f is the float32
of that name. Values of long constants are named by a digest, "#9f3c1a02" for instance, which says
whether two are the same and cannot be read back. What follows "  # " is a remark.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import ops
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Graph, Op, Quantization, Tensor

LONGEST_CONSTANT = 256
"""Values of a constant that are written out."""
_NUMBER = r"[-+0-9.a-z]+"
_TENSOR = re.compile(
    r'%(?P<index>\d+) (?P<name>"(?:[^"\\]|\\.)*") (?P<dtype>\w+)\[(?P<shape>[\d,]*)\]'
    rf"(?: scale (?P<scale>{_NUMBER}(?:,{_NUMBER})*) zero (?P<zero>-?[\d,-]*)"
    r"(?: axis (?P<axis>\d+))?)?"
)
_OPERATOR = re.compile(
    r'op (?P<kind>[^"%]+?)(?: (?P<name>"(?:[^"\\]|\\.)*"))?(?P<inputs>(?: (?:%\d+|-))*) ->'
)
_REMARK = re.compile(r"  # [^\"']*$")


def graph_text(graph: Graph) -> str:
    """The graph as text; tensors that nothing refers to are left out."""
    made = {index for op in graph.ops for index in op.outputs}
    used = {i for op in graph.ops for i in op.inputs if i >= 0}.union(graph.inputs, graph.outputs)
    lines = [f"graph {json.dumps(graph.name)}"]
    lines += [f"input {_tensor_text(graph, index)}" for index in graph.given]
    lines += [
        f"state {_tensor_text(graph, index)} = {_state_text(first)}"
        for index, first in zip(graph.entries, graph.states, strict=True)
    ]
    for index in sorted(used - made - set(graph.inputs)):
        data = graph.tensors[index].data
        values = "" if data is None else f" = {_values_text(data)}"
        lines.append(f"const {_tensor_text(graph, index)}{values}")
    lines += [_op_text(graph, op) for op in graph.ops]
    lines += [f"output %{index}" for index in graph.made]
    lines += [f"next state %{index}" for index in graph.exits]
    return "\n".join(lines) + "\n"


def _tensor_text(graph: Graph, index: int) -> str:
    tensor = graph.tensors[index]
    shape = ",".join(map(str, tensor.shape))
    text = f"%{index} {json.dumps(tensor.name)} {tensor.dtype}[{shape}]"
    quantization = tensor.quantization
    if quantization is not None:
        zeros = ",".join(map(str, quantization.zero_point))
        text += f" scale {','.join(map(_scale_text, quantization.scale))} zero {zeros}"
        text += f" axis {quantization.axis}" if len(quantization.scale) > 1 else ""
    return text


def _scale_text(scale: float) -> str:
    with np.errstate(over="ignore"):
        narrow = np.float32(scale)
    return f"{narrow!s}f" if float(narrow) == scale else repr(scale)


def _values_text(data: npt.NDArray[Any]) -> str:
    if data.size <= LONGEST_CONSTANT:
        return " ".join(map(str, data.reshape(-1).tolist()))
    digest = hashlib.sha256(np.ascontiguousarray(data).tobytes()).hexdigest()
    return f"#{digest[:8]} of {data.size} values"


def _state_text(data: npt.NDArray[Any]) -> str:
    """Most states begin with one value everywhere."""
    if data.size and np.all(data == data.flat[0]):
        return f"all {data.flat[0]}"
    return _values_text(data)


def _op_text(graph: Graph, op: Op) -> str:
    operands = "".join(f" %{i}" if i >= 0 else " -" for i in op.inputs)
    results = "; ".join(_tensor_text(graph, index) for index in op.outputs)
    attributes = "" if op.attributes is None else f" | {op.attributes!r}"
    sizes = [graph.tensors[i] for i in op.outputs]
    size = sum(t.size_bytes for t in sizes if t.dtype in ITEM_BYTES)
    same = bool(op.outputs) and graph.tensors[op.outputs[0]].name == op.name
    name = "" if same else f" {json.dumps(op.name)}"
    return f"op {op.kind}{name}{operands} -> {results}{attributes}  # {size} B"


class GraphTextError(McunetError):
    """A text is none of a graph."""


def read_graph_text(text: str) -> Graph:
    """The graph of a text.

    Raises:
      GraphTextError: names the line that cannot be read.
    """
    tensors: dict[int, Tensor] = {}
    parts: dict[str, list[Any]] = {"graph": [], "input": [], "op": [], "output": []}
    parts |= {"state": [], "next": [], "first": []}
    for number, line in enumerate(text.splitlines(), 1):
        stated = _REMARK.sub("", line).strip()
        if not stated or stated.startswith("#"):
            continue
        try:
            _read_line(stated, tensors, parts)
        except (ValueError, LookupError, TypeError, SyntaxError, AttributeError) as error:
            raise GraphTextError(f"line {number} of the graph's text: {error}") from error
    if len(parts["graph"]) != 1:
        raise GraphTextError("the graph's text names no graph, or several, in its first line")
    unused = Tensor("unused", (0,), "int8")
    table = tuple(tensors.get(i, unused) for i in range(max(tensors, default=-1) + 1))
    if len(parts["state"]) != len(parts["next"]):
        raise GraphTextError("the graph's text has as many lines 'next state' as states")
    return Graph(
        parts["graph"][0],
        table,
        tuple(parts["op"]),
        (*parts["input"], *parts["state"]),
        (*parts["output"], *parts["next"]),
        states=tuple(parts["first"]),
    )


def _read_line(line: str, tensors: dict[int, Tensor], parts: Mapping[str, list[Any]]) -> None:
    word, _, rest = line.partition(" ")
    if word == "graph":
        parts[word].append(json.loads(rest))
    elif word == "output":
        parts[word].append(int(rest.removeprefix("%")))
    elif word == "next":
        parts[word].append(int(rest.removeprefix("state %")))
    elif word == "state":
        index, tensors[index], rest = _read_tensor(rest)
        parts[word].append(index)
        parts["first"].append(_read_state(rest.removeprefix(" = "), tensors[index]))
    elif word in ("input", "const"):
        index, tensor, rest = _read_tensor(rest)
        if rest.startswith(" = "):
            tensor = dataclasses.replace(tensor, data=_read_values(rest[3:], tensor))
        tensors[index] = tensor
        if word == "input":
            parts[word].append(index)
    elif word == "op":
        parts[word].append(_read_op(line, tensors))
    else:
        raise ValueError(
            f"it begins with '{word}', not graph, input, state, const, op, output or next"
        )


def _read_tensor(text: str) -> tuple[int, Tensor, str]:
    """(index, tensor, what follows it)."""
    found = _TENSOR.match(text)
    if found is None:
        raise ValueError(f"no tensor: {text[:60]}")
    quantization = None
    if found["scale"]:
        scales = tuple(map(_read_scale, found["scale"].split(",")))
        zeros = tuple(int(z) for z in found["zero"].split(",") if z)
        quantization = Quantization(scales, zeros, int(found["axis"] or 0))
    shape = tuple(int(n) for n in found["shape"].split(",") if n)
    tensor = Tensor(json.loads(found["name"]), shape, found["dtype"], quantization)
    return int(found["index"]), tensor, text[found.end() :]


def _read_scale(text: str) -> float:
    narrow = text.endswith("f") and text not in ("inf", "-inf")
    return float(np.float32(text[:-1])) if narrow else float(text)


def _read_state(text: str, tensor: Tensor) -> npt.NDArray[Any]:
    if text.startswith("all "):
        value = np.array(text[4:]).astype(np.float64)
        return np.full(tensor.shape, value, tensor.dtype)
    return _read_values(text, tensor)


def _read_values(text: str, tensor: Tensor) -> npt.NDArray[Any]:
    if text.startswith("#"):
        raise ValueError(f"the values of '{tensor.name}' were left out")
    values = [_read_value(value) for value in text.split()]
    return np.array(values, tensor.dtype).reshape(tensor.shape)


def _read_value(text: str) -> Any:
    """A number or a truth value; float32 has some that are no literals of Python."""
    return float(text) if text in ("inf", "-inf", "nan") else ast.literal_eval(text)


def _read_op(line: str, tensors: dict[int, Tensor]) -> Op:
    found = _OPERATOR.match(line)
    if found is None:
        raise ValueError(f"no operator: {line[:60]}")
    inputs = tuple(-1 if t == "-" else int(t[1:]) for t in found["inputs"].split())
    outputs, rest = [], line[found.end() :]
    while rest.startswith((" %", "; %")):
        index, tensor, rest = _read_tensor(rest.lstrip("; "))
        tensors[index] = tensor
        outputs.append(index)
    attributes = None
    if rest.startswith(" | "):
        attributes = _read_attributes(ast.parse(rest[3:], mode="eval").body)
    elif rest:
        raise ValueError(f"what is {rest.strip()[:60]}?")
    name = json.loads(found["name"]) if found["name"] else tensors[outputs[0]].name
    return Op(found["kind"], name, inputs, tuple(outputs), attributes)


def _attribute_classes() -> Iterator[tuple[str, Callable[..., Any]]]:
    """The frozen dataclasses that the operators' modules define."""
    for module in pkgutil.iter_modules(ops.__path__):
        for name, value in vars(importlib.import_module(f"{ops.__name__}.{module.name}")).items():
            if isinstance(value, type) and dataclasses.is_dataclass(value):
                yield name, value


_CLASSES: Mapping[str, Callable[..., Any]] = dict(_attribute_classes())


def _read_attributes(node: ast.expr) -> Any:
    """The value of an expression of calls of those classes, tuples and literals."""
    if isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name) or node.func.id not in _CLASSES or node.args:
            raise ValueError(f"{ast.unparse(node)} is no attribute")
        fields = {k.arg: _read_attributes(k.value) for k in node.keywords if k.arg is not None}
        return _CLASSES[node.func.id](**fields)
    if isinstance(node, ast.Tuple):
        return tuple(map(_read_attributes, node.elts))
    return _read_value(ast.unparse(node))
