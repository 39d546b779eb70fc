"""What pytest looks for here."""

import signal

from together import pytest_xdist_auto_num_workers, pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_auto_num_workers", "pytest_xdist_make_scheduler"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell without job control gives that to what it starts with `&`, and every talops of a test would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
