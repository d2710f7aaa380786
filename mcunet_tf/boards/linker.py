# SPDX-License-Identifier: Apache-2.0
"""Linker scripts are rendered from the board, so that budget and link cannot disagree."""

from __future__ import annotations

from dataclasses import replace
from string import Template

from mcunet_tf.boards.board import Board, MemoryRegion, load_board
from mcunet_tf.errors import BoardError

_ACCESS = {"flash": "rx", "ram": "rwx"}
ROLE_ALIASES = {"code": "CODE", "weights": "WEIGHTS", "data": "DATA", "arena": "ARENA"}


def memory_blocks(board: Board) -> tuple[MemoryRegion, ...]:
    """Merges adjacent regions of equal kind and roles: what the linker may fill as one."""
    blocks: list[MemoryRegion] = []
    for region in sorted((r for r in board.memory if r.roles), key=lambda r: r.origin):
        last = blocks[-1] if blocks else None
        if last and last.end == region.origin and _alike(last, region):
            blocks[-1] = replace(
                last,
                name=f"{last.name}_{region.name}",
                size_bytes=last.size_bytes + region.size_bytes,
            )
        else:
            blocks.append(region)
    return tuple(blocks)


def linker_script(board: Board) -> str:
    """Renders the linker script of the board's true memory sizes.

    Raises:
        BoardError: the board has no memory map (the host links without a script).
    """
    template = board.core.architecture.linker_template
    if not board.memory or template is None:
        raise BoardError(f"board {board.name} has no memory map: it links without a script")
    blocks = memory_blocks(board)
    memory = "\n".join(
        f"  {block.name} ({_ACCESS[block.kind]}) : "
        f"ORIGIN = 0x{block.origin:08X}, LENGTH = {block.size_bytes}"
        for block in blocks
    )
    aliases = "\n".join(
        f'REGION_ALIAS("{alias}", {_block_with(blocks, role).name})'
        for role, alias in ROLE_ALIASES.items()
    )
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=board.name,
        memory=memory,
        aliases=aliases,
        stack_reserve_bytes=board.stack_reserve_bytes,
    )


def emulate(board: Board) -> Board:
    """Moves a real board onto the QEMU machine of its core, keeping its memory sizes.

    Each block takes the origin of the machine's memory of the same role; sizes, stack reserve,
    clock and instruction set stay the real board's, so what does not fit there does not link here.
    A board that runs on QEMU anyway is returned as it is.

    Raises:
        BoardError: no emulated board is named, or the block is larger than the machine's.
    """
    if board.runner.kind == "qemu":
        return board
    if not board.runner.emulated_on:
        raise BoardError(
            f"board {board.name} has no emulator: give its serial port, "
            "or name a QEMU board in runner.emulated_on"
        )
    machine = load_board(board.runner.emulated_on)
    blocks = tuple(_move(board, block, machine) for block in memory_blocks(board))
    return replace(
        board,
        memory=blocks,
        runner=machine.runner,
        firmware_sources=machine.firmware_sources,
        firmware_defines=machine.firmware_defines,
    )


def _move(board: Board, block: MemoryRegion, machine: Board) -> MemoryRegion:
    target = _block_with(machine.memory, block.roles[0])
    if block.size_bytes > target.size_bytes:
        raise BoardError(
            f"board {board.name}: {block.name} has {block.size_bytes} bytes, but "
            f"{target.name} of {machine.name} only {target.size_bytes}; emulate it on another board"
        )
    return replace(block, origin=target.origin)


def _alike(a: MemoryRegion, b: MemoryRegion) -> bool:
    return a.kind == b.kind and set(a.roles) == set(b.roles)


def _block_with(blocks: tuple[MemoryRegion, ...], role: str) -> MemoryRegion:
    return next(block for block in blocks if role in block.roles)
