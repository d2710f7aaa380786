# SPDX-License-Identifier: Apache-2.0
"""Runs a command: flags in, an exit code out, and one line on stderr for whatever goes wrong."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from absl import app, flags

from mcunet_tf.errors import McunetError

_HELP = ("--help", "-help", "-h", "--helpshort")


def run_command(main: Callable[[Sequence[str]], int], module: str, usage: str) -> NoReturn:
    """Parses the flags of `module`, calls `main` and exits with its result.

    Args:
      main: gets the program's name and the arguments that are no flags; returns the exit code.
      module: name of the module that defines the flags.
      usage: what --help prints above the flags; its first word is the command.
    """
    command = usage.split(maxsplit=1)[0]
    _open_standard_streams()
    signal.signal(signal.SIGTERM, _end)

    def parse(argv: Sequence[str]) -> list[str]:
        if any(argument in _HELP for argument in argv[1:]):
            print(f"usage: {usage}\n{_flags_text(module)}")
            sys.exit(0)
        try:
            return list(flags.FLAGS(argv))
        except flags.Error as error:
            sys.exit(_complain(command, f"{_first_line(error)}; --help lists the flags"))

    app.run(lambda argv: _guarded(main, argv, command), flags_parser=parse)
    raise AssertionError("absl's run() does not return")


def _open_standard_streams() -> None:
    """Gives a process that was started without standard streams the null device for them.

    Otherwise the next file that is opened takes their place, and what is printed goes into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _end(number: int, _: object) -> NoReturn:
    """Ends the command in order, so that temporary files and processes go with it."""
    raise SystemExit(128 + number)


def _flags_text(module: str) -> str:
    """The flags of a module; absl knows them by the script's name if it was started directly."""
    known = module if module in flags.FLAGS.flags_by_module_dict() else sys.argv[0]
    return str(flags.FLAGS.module_help(known)).strip().partition("\n")[2]


def _guarded(main: Callable[[Sequence[str]], int], argv: Sequence[str], command: str) -> int:
    try:
        code = main(argv)
        sys.stdout.flush()
    except McunetError as error:
        return _complain(command, str(error))
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # `| head` has read enough. Python must not try to flush the rest once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # A full disk behind stdout; everything else has been turned into an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _complain(command, f"cannot write the output: {error.strerror or error}")
    return code


def _complain(command: str, text: str) -> int:
    print(f"{command}: {text}", file=sys.stderr)
    return 1


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
