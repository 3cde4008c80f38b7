"""What every command does with a fault: one line each on standard error, exit code 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from pipeline.base.errors import UserError

SHOWN = 30  # faults printed at once


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line, like every other fault."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def guarded(command: Callable[[], int], debug: bool = False) -> int:
    """Runs a command; a fault of the user's has no traceback, a bug of ours keeps its own.

    `debug`, or the environment variable ATTENTION_LAB_DEBUG, brings the traceback back.
    """
    try:
        code = command()
        sys.stdout.flush()
        return code
    except UserError as fault:
        if debug or os.environ.get("ATTENTION_LAB_DEBUG"):
            raise
        print(*fault.lines[:SHOWN], sep="\n", file=sys.stderr)
        if len(fault.lines) > SHOWN:
            print(f"and {len(fault.lines) - SHOWN} more faults", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output closed it, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
