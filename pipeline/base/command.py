"""What every command does with an error: one line each on standard error, exit code 2."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from pipeline.base.errors import UserError

MAX_SHOWN = 30  # errors printed at once


class Parser(argparse.ArgumentParser):
    """An argument parser whose error is one line, like every other."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def guarded(command: Callable[[], int], debug: bool = False) -> int:
    """Runs a command; a `UserError` is printed without its traceback, a bug with it.

    `debug`, or the environment variable ATTENTION_LAB_DEBUG, shows every traceback.
    """
    try:
        code = command()
        sys.stdout.flush()
        return code
    except UserError as error:
        if debug or os.environ.get("ATTENTION_LAB_DEBUG"):
            raise
        print(*error.lines[:MAX_SHOWN], sep="\n", file=sys.stderr)
        if len(error.lines) > MAX_SHOWN:
            print(f"and {len(error.lines) - MAX_SHOWN} more errors", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output closed it, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
