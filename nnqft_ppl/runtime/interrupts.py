"""Ctrl-C is answered soon, even where Python cannot: while a program is compiled, or a long operation runs."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # the exit status of what SIGINT ended
GRACE = 3.0  # seconds


@contextmanager
def answered(last_words: Callable[[], str], grace: float = GRACE) -> Iterator[None]:
    """Let the process end with `last_words` and status 130 where a KeyboardInterrupt is not answered within `grace`.

    Python raises it in the main thread, between two of its own instructions; a call into XLA may take minutes. Results
    and checkpoints are whole files or nothing at any moment, so that nothing is lost or half-done by that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    over = threading.Event()

    def watch() -> None:
        while number := heard.recv(1):
            if number[0] == signal.SIGINT and not over.wait(grace):
                os.write(2, f"{last_words()}\n".encode(errors="replace"))
                os._exit(INTERRUPTED)

    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        told.close()
        thread.join()
        heard.close()
