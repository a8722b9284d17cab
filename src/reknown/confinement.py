"""Taking from a process what it does not need, as far as the system lets us."""

from __future__ import annotations

import ctypes
import errno
import resource
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

# <linux/prctl.h>, <linux/sched.h> and glibc's <malloc.h>
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_CLONE_THREAD = 0x10000
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_ARENAS = 2
# What a process needs that computes, reads and writes what is open already, and ends.
_SYSCALLS = """
    brk clock_gettime close dup exit exit_group fcntl fstat ftruncate futex getpid getrandom
    getrusage gettid gettimeofday lseek madvise mmap mprotect mremap munmap newfstatat poll read
    recvfrom recvmsg restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn sched_yield
    sendmsg sendto setitimer shutdown sigaltstack write
"""


def give_up_network() -> None:
    """From here on it has no network: best effort, not every system lets a process do that."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "unshare") and libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def bound_memory(address_space: int) -> None:
    """At most so many bytes of addresses, in few heaps; nothing of it in a core dump."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_ARENA_MAX, _ARENAS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    within = _at_most(resource.RLIMIT_AS, address_space)
    resource.setrlimit(resource.RLIMIT_AS, (within, within))


def bound_processor_time(seconds: int) -> None:
    """Killed when all its threads together have computed for so long; may be said again."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (_at_most(resource.RLIMIT_CPU, seconds), hard))


def _at_most(which: int, wanted: int) -> int:
    """As much as the operator has left it, where that is less."""
    _, hard = resource.getrlimit(which)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def keep_memory(size: int) -> None:
    """Keeps so many bytes at hand that were freed: fresh ones cost more than the work."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, size)
        libc.mallopt(_M_TRIM_THRESHOLD, size)


def give_memory_back() -> None:
    """What was kept, after something so large that the next will hardly need as much."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def die_with_parent() -> None:
    """Ended when the thread ends that started this process, where the system does that."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def load_seccomp() -> bool:
    """From here on it opens no file, no socket and starts nothing; whether the system does that.

    Any other call of the system fails, but for those of a thread that its libraries start.
    """
    try:
        import pyseccomp  # noqa: PLC0415 - looks for libseccomp
    except (ImportError, RuntimeError, OSError):  # the system has no libseccomp
        return False
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    allowed = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in _SYSCALLS.split():
        try:
            allowed.add_rule(pyseccomp.ALLOW, name)
        except (OSError, ValueError):  # this processor's Linux does not know it
            continue
    _allow_threads(pyseccomp, allowed)
    try:
        allowed.load()
    except OSError:
        return False
    return True


def _allow_threads(pyseccomp: ModuleType, allowed: Any) -> None:
    """Threads of this very process, whose time and memory count as its own, and no process.

    What the newer call starts is behind a pointer, where no filter sees it: the C library falls
    back to the older one where there is none.
    """
    thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    for action, name, conditions in (
        (pyseccomp.ALLOW, "clone", (thread,)),
        (pyseccomp.ERRNO(errno.ENOSYS), "clone3", ()),
        (pyseccomp.ALLOW, "set_robust_list", ()),
    ):
        with suppress(OSError, ValueError):
            allowed.add_rule(action, name, *conditions)
