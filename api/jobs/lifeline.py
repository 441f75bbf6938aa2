"""A pipe that nobody writes to in; this process's whole group ends when the other end of it closes, even by kill -9.

The kernel itself sends the signal: native code that holds the interpreter does not delay it, and it does not come too
early, as PR_SET_PDEATHSIG does when the thread ends that started the child.
"""

import fcntl
import os
import select
import signal
import threading

_F_SETSIG = getattr(fcntl, "F_SETSIG", None)


def end_with(lifeline: int) -> None:
    """End this process's group, which must be its own, as soon as the pipe's other end is closed.

    Args:
        lifeline: the reading end of a pipe.
    """
    if _F_SETSIG is None:
        threading.Thread(target=_wait_and_end, args=(lifeline,), daemon=True).start()
        return
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, _F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:
        os.killpg(os.getpgrp(), signal.SIGKILL)


def _wait_and_end(lifeline: int) -> None:
    """Where the kernel cannot be asked (not on Linux): a thread that waits for the pipe's end."""
    os.read(lifeline, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)
