# SPDX-License-Identifier: Apache-2.0
"""The C form of a cascade: which stage runs next, by the scores of those that ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mcunet_tf.tinyengine.emit.library import Arena, Network
from mcunet_tf.tinyengine.emit.parts import JointPart, PartFiles
from mcunet_tf.version import __version__
from mcunet_tf.vision.cascade_stage import CascadeStage
from mcunet_tf.vision.decoder import Decoder
from mcunet_tf.vision.emit_boxes import filled

_KERNELS = ("vision/vision.h", "vision/vision_wake_portable.c")

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @names@: each wakes the next one. Made by mcunet_tf @version@. Do not edit.
 *
 *   static struct @name@_cascade cascade;
 *   @name@_cascade_reset(&cascade);
 *   in every moment: level = @name@_look(&cascade, @arguments@, &senses);
 *
 * A level of @NAME@_STAGES says that somebody is there. Networks take turns in one arena: what one
 * has found is in the struct, for the others overwrite its outputs.
 */
#ifndef @NAME@_CASCADE_H_
#define @NAME@_CASCADE_H_

#include <stdint.h>

@includes@#include "kernels/vision/vision.h"

#ifdef __cplusplus
extern "C" {
#endif

@numbers@#define @NAME@_STAGES @count@

/* What is remembered from one moment to the next. */
struct @name@_cascade {
  struct vision_wakefulness stages[@NAME@_STAGES];
  int32_t scores[@NAME@_STAGES]; /* of this moment's stages, the others' are older */
  int32_t running;               /* the stage whose score is waited for, or -1 */
  int32_t level;                 /* stages awake behind the last moment, from the first on */
@boxes@};

/* What the application does for it. */
struct @name@_senses {
  void *context; /* the application's own, handed on */
  /* Gives a stage's network a frame and runs it: its camera's functions, or its input and invoke,
   * with the memory that @name@.h has for it. */
  void (*see)(void *context, int32_t stage, @parameters@);
@ask@};

/* All asleep. */
void @name@_cascade_reset(struct @name@_cascade *cascade);

/* A moment: runs the first stage, and those behind it that are awake. Returns the level. */
int32_t @name@_look(struct @name@_cascade *cascade, @parameters@,
@indent@const struct @name@_senses *senses);

/* The same in steps, for applications that sleep between them: begin gives the first stage to run;
 * read takes the score from the outputs of the network that ran, tell takes that of a larger
 * system, 32767 being 1. Both give the next stage to run in this moment, or -1. */
int32_t @name@_begin(struct @name@_cascade *cascade);
int32_t @name@_read(struct @name@_cascade *cascade, @parameters@);
int32_t @name@_tell(struct @name@_cascade *cascade, int32_t score);

#ifdef __cplusplus
}
#endif

#endif /* @NAME@_CASCADE_H_ */
"""

_ASK = """\
  /* Asks a larger system, which may have to be switched on: its score, 32767 being 1. */
  int32_t (*ask)(void *context, int32_t stage);
"""

_SOURCE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @names@: each wakes the next one. Made by mcunet_tf @version@. Do not edit.
 */
#include "@name@_cascade.h"

#include <string.h>

#include "@name@.h"

/* The least score that wakes, that keeps awake, and moments in a row. */
static const struct vision_stage @name@_stages[@NAME@_STAGES] = {
@stages@};

void @name@_cascade_reset(struct @name@_cascade *cascade) {
  memset(cascade, 0, sizeof *cascade);
  cascade->running = -1;
}

int32_t @name@_begin(struct @name@_cascade *cascade) {
  cascade->running = 0;
  return 0;
}

int32_t @name@_tell(struct @name@_cascade *cascade, int32_t score) {
  const int32_t stage = cascade->running;
  if (stage < 0) {
    return -1;
  }
  cascade->scores[stage] = score;
  const int32_t awake =
      vision_wake_portable(&@name@_stages[stage], &cascade->stages[stage], score);
  if (awake && stage + 1 < @NAME@_STAGES) {
    cascade->running = stage + 1;
    return stage + 1;
  }
  cascade->level = stage + (awake ? 1 : 0);
  /* Who is behind a stage that sleeps begins anew. */
  for (int32_t i = stage + 1; i < @NAME@_STAGES; i++) {
    cascade->stages[i].awake = 0;
    cascade->stages[i].run = 0;
  }
  cascade->running = -1;
  return -1;
}

int32_t @name@_read(struct @name@_cascade *cascade, @parameters@) {
  int32_t score = 0;
@unused@  switch (cascade->running) {
@cases@    default:
      break;
  }
  return @name@_tell(cascade, score);
}

int32_t @name@_look(struct @name@_cascade *cascade, @parameters@,
@indent@const struct @name@_senses *senses) {
  int32_t stage = @name@_begin(cascade);
  while (stage >= 0) {
@run@  }
  return cascade->level;
}
"""

_RUN = """\
    senses->see(senses->context, stage, @arguments@);
    stage = @name@_read(cascade, @arguments@);
"""
_RUN_OR_ASK = """\
    if (@larger@) {
      stage = @name@_tell(cascade, senses->ask(senses->context, stage));
    } else {
      senses->see(senses->context, stage, @arguments@);
      stage = @name@_read(cascade, @arguments@);
    }
"""


def cascade_part(name: str, stages: Sequence[CascadeStage]) -> JointPart:
    """`<name>_cascade.h`, `<name>_cascade.c` and the kernel that they need."""
    return lambda networks, arenas: _files(name, stages, networks, arenas)


def _files(
    name: str, stages: Sequence[CascadeStage], networks: Sequence[Network], arenas: Sequence[Arena]
) -> PartFiles:
    known = {network.name: network for network in networks}
    larger = [n for n, stage in enumerate(stages) if stage.model is None]
    decoded = [stage for stage in stages if isinstance(stage.score, Decoder)]
    macro = name.upper()
    words: dict[str, object] = {
        "run": _RUN_OR_ASK if larger else _RUN,
        "larger": " || ".join(f"stage == {macro}_{stages[n].name.upper()}" for n in larger),
        "ask": _ASK if larger else "",
        "includes": "".join(f'#include "{stage.name}_boxes.h"\n' for stage in decoded),
        "numbers": "".join(
            f"#define {macro}_{stage.name.upper()} {n}\n" for n, stage in enumerate(stages)
        ),
        "boxes": "".join(_fields(stage) for stage in decoded),
        "stages": "".join(_limits(stage) for stage in stages),
        "cases": "".join(
            _case(f"{macro}_{stage.name.upper()}", stage, known[stage.name])
            for stage in stages
            if stage.model is not None
        ),
        "unused": "".join(f"  (void){arena.name};\n" for arena in arenas),
        "parameters": ", ".join(f"void *{arena.name}" for arena in arenas),
        "arguments": ", ".join(arena.name for arena in arenas),
        "indent": " " * len(f"int32_t {name}_look("),
        "names": ", ".join(stage.name for stage in stages),
        "count": len(stages),
        "name": name,
        "NAME": macro,
        "version": __version__,
    }
    files: Mapping[str, str] = {
        f"{name}_cascade.h": filled(_HEADER, words),
        f"{name}_cascade.c": filled(_SOURCE, words),
    }
    return PartFiles(files, _KERNELS)


def _fields(stage: CascadeStage) -> str:
    name, macro = stage.name, stage.name.upper()
    return (
        f"  int32_t {name}_count; /* boxes that {name} found when it last ran, the best first */\n"
        f"  struct {name}_box {name}_boxes[{macro}_BOX_CANDIDATES];\n"
    )


def _limits(stage: CascadeStage) -> str:
    limits = stage.thresholds
    values = f"{limits.wake}, {limits.sleep}, {limits.up}, {limits.down}"
    return f"    {{{values}}}, /* {stage.name} */\n"


def _case(number: str, stage: CascadeStage, network: Network) -> str:
    """How the score of a network that ran is read."""
    if isinstance(stage.score, Decoder):
        memories = ", ".join(
            place
            for arena, place in zip(network.arenas, network.places, strict=True)
            if arena.name != "state"
        )
        found, count = f"cascade->{stage.name}_boxes", f"cascade->{stage.name}_count"
        lines = [f"{count} = {stage.name}_decode({memories}, {found});"]
        if stage.label is None:
            lines.append(f"score = {count} > 0 ? {found}[0].score : 0;")
        else:
            lines += [
                f"for (int32_t i = 0; i < {count}; i++) {{",
                f"  if ({found}[i].label == {stage.label} && {found}[i].score > score) {{",
                f"    score = {found}[i].score;",
                "  }",
                "}",
            ]
    else:
        edge = network.outputs[stage.output_number]
        read = f"{edge.function}({network.places[edge.region]})"
        index = stage.score[1]
        other = f" - values[{1 - index}]" if stage.activation == "softmax" else ""
        lines = [f"const {edge.ctype} *values = {read};", f"score = values[{index}]{other};"]
    body = "".join(f"      {line}\n" for line in lines)
    return f"    case {number}: {{\n{body}      break;\n    }}\n"
