# SPDX-License-Identifier: Apache-2.0
"""Foreign code in a process of its own: where it aborts, that process ends and not the user's.

The parent writes pickled requests to the child's standard input and reads pickled answers from its
standard output. A child is started with the first request, and anew after it has ended.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

_REASON_CHARACTERS = 300
_GRACE_S = 60
"""How much longer than its parent a child waits before it ends itself."""


class ChildError(Exception):
    """A request was not answered; the message says in one line what happened.

    Attributes:
        died: whether the process ended, or was ended, over the request; otherwise it refused.
    """

    def __init__(self, reason: str, died: bool) -> None:
        super().__init__(reason)
        self.died = died


class Child:
    """A process that answers requests, one after the other."""

    def __init__(self, code: str, environment: Mapping[str, str] | None = None) -> None:
        """Describes the process; it is not started yet.

        Args:
            code: Python statements, which end in a call of `serve`.
            environment: variables that the process has besides those of its parent.
        """
        self._code = code
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._log: Any = None
        self._lock = threading.Lock()
        _children.add(self)

    @property
    def running(self) -> bool:
        """Whether there is a process, and it is one of ours and not of a parent that was forked."""
        return self._process is not None and self._owner == os.getpid()

    def start(self) -> None:
        """Starts the process, if it does not run, so that it is ready when it is asked."""
        with self._lock:
            self._started()

    def ask(self, request: object, timeout_s: float) -> Any:
        """The answer to a request.

        Raises:
            ChildError: the process refused, died, or did not answer in time.
        """
        with self._lock:
            return self._ask(request, timeout_s)

    def stop(self) -> None:
        """Ends the process, if there is one of ours."""
        if self.running:
            process, self._process = self._process, None
            assert process is not None
            process.kill()
            process.communicate()
            self._log.close()
        self._process = None

    def _ask(self, request: object, timeout_s: float) -> Any:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout_s, end)
        timer.daemon = True
        timer.start()
        try:
            pickle.dump(request, process.stdin, pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            done, value = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            ending = self._ending(process)
            slow = f"it did not answer within {timeout_s:.0f} s"
            raise ChildError(slow if late.is_set() else ending, died=True) from error
        except BaseException:
            # Interrupted between a request and its answer: the next one must not read that answer.
            self.stop()
            raise
        finally:
            timer.cancel()
        if not done:
            raise ChildError(str(value), died=False)
        return value

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or not self.running:
            path = [os.getcwd() if entry == "" else entry for entry in sys.path]
            self._log = tempfile.TemporaryFile(prefix="mcunet_tf-")
            self._process = subprocess.Popen(
                [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {self._code}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env={**os.environ, **self._environment},
            )
            self._owner = os.getpid()
        return self._process

    def _ending(self, process: subprocess.Popen[bytes]) -> str:
        """How the process ended, and the last that it said."""
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        status = process.wait()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        self._log.close()
        self._process = None
        how = f"exit status {status}"
        if status < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-status).name
        return f"{how}, its last line: {first_line(lines[-1])}" if lines else how


_children: weakref.WeakSet[Child] = weakref.WeakSet()


@atexit.register
def _stop_children() -> None:
    for child in list(_children):
        child.stop()


def serve(answer: Callable[[Any], Any], timeout_s: float) -> None:
    """Answers requests on standard input until it ends; called in the child.

    Whatever `answer` raises becomes the reason of a `ChildError` in the parent.

    Args:
        answer: makes the answer to a request.
        timeout_s: the longest time that the parent waits for one.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # foreign code may print what it likes
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if hasattr(signal, "alarm"):
            # Ends even foreign code that loops, when nobody is left to do so.
            signal.alarm(int(timeout_s) + _GRACE_S)
        try:
            result: tuple[bool, Any] = (True, answer(request))
        except Exception as error:  # foreign code raises anything
            result = (False, str(error).strip() or type(error).__name__)
        pickle.dump(result, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def first_line(text: str) -> str:
    """The first line of a text, cut where it is long."""
    return (text.strip() or "no reason").splitlines()[0][:_REASON_CHARACTERS]
