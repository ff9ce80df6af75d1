"""Ties a child process to its parent, so that no child is left behind, however the parent ends.

Linux sends a signal of the child's choice when the thread that started it ends, however it ends, and SIGKILL and
SIGCONT reach a process that is stopped as well. Elsewhere a child has only the end of its pipe to go by: it ends too,
but a stopped one not before it is continued.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def signal_when_parent_ends(parent_pid: int, signum: signal.Signals) -> None:
    """Have the kernel send `signum` to this process when its parent ends; at once if `parent_pid` is not that any more.

    The kernel means the thread of the parent that started this process. Does nothing on other systems than Linux.

    Raises:
        OSError: the kernel refuses.
    """
    if not sys.platform.startswith("linux"):
        return
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the death of the parent cannot be waited for")
    # The parent may have ended before prctl was called.
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signum)
