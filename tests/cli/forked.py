# SPDX-License-Identifier: Apache-2.0
"""Commands in processes of their own, without the time that importing the package takes each time.

A process that has imported what commands share forks for every command; the copy then does what
`python -m MODULE` does, to its end. Memory, flags, exit code and standard streams are a new
process's. Tests of the start itself use `subprocess`.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120


def run_module(
    module: str, arguments: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a module as a command in a folder, with variables besides those of this process."""
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
    with tempfile.TemporaryDirectory() as name:
        paths = [os.path.join(name, stream) for stream in ("stdout", "stderr")]
        code = _ask([module, arguments, str(folder), variables, paths])
        told = [Path(path).read_text(encoding="utf-8") for path in paths]
    return subprocess.CompletedProcess([module, *arguments], code, *told)


def _ask(request: object) -> int:
    server = _server()
    assert server.stdin is not None and server.stdout is not None
    # What hangs ends with all that it started; the next command gets a server of its own.
    timer = threading.Timer(TIMEOUT_S, os.killpg, (server.pid, signal.SIGKILL))
    timer.start()
    try:
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
    finally:
        timer.cancel()
    if not answer:
        _server.cache_clear()
    assert answer, f"no answer in {TIMEOUT_S} s: {request}"
    return int(answer)


@functools.cache
def _server() -> subprocess.Popen[str]:
    """It ends with this process, whose end of the pipe closes then."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.cli.forked"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _serve() -> list:
    """Answers with exit codes; returns in a copy, with what it was made for."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    sys.exit()


def _become(module: str, arguments: list[str], folder: str, variables: dict, paths: list) -> None:
    """Goes on as a command, which ends as any program of Python does."""
    modes = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for number, (path, mode) in enumerate(zip([os.devnull, *paths], modes, strict=True)):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.path[:0] = variables["PYTHONPATH"].split(os.pathsep)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    # What most commands need; nothing in it defines flags.

    import mcunet_tf.audio
    import mcunet_tf.check
    import mcunet_tf.tinyengine
    import mcunet_tf.vision  # noqa: F401

    # A copy that collects garbage of the whole would write, and so copy, all pages.
    gc.freeze()
    _become(*_serve())
