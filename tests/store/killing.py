"""Processes that are killed in the middle of their work, and begun again."""

import subprocess
import sys
from itertools import count


def kill_at_each_step(program: str, *words: str) -> int:
    """Run a program again and again, which prints a line and then reads one after each step, and ``done`` at its end;
    kill it after its first step, the next time after its second one, and so on until it ends by itself. Returns how
    often it was killed.
    """
    command = [sys.executable, "-c", program, *words]
    for steps in count():
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("on\n" * steps)
            process.stdin.flush()
            told = [process.stdout.readline() for _ in range(steps + 1)]
            if "done\n" in told:
                return steps
            assert "" not in told, "the program has failed"
            process.kill()
    raise AssertionError
