"""What a long run says of itself on standard error, where that is asked for: how far it is, and when it will end.

On a terminal a bar; elsewhere a line as soon as the end is known, and one every PATIENCE seconds. The end is estimated
from all steps so far but the first, in whose time programs are compiled. `heartbeat` speaks where nothing else does.
`answered` lets Ctrl-C end a process soon even where Python cannot: while a program is compiled, or a long call runs.
"""

import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[..., None]

INTERRUPTED = 130  # the exit status of what SIGINT ended
GRACE = 3.0  # seconds
PATIENCE = 30.0  # seconds without a word
WORTH_SAYING = 5.0  # seconds that are left: a shorter run needs no forecast


class _Voice:
    """Standard error, and when it was used last."""

    last = 0.0  # seconds of the monotonic clock
    quiet = False  # what the user asks for
    verbose = False
    bars = 0  # on the screen now
    doing: Callable[[], str] = staticmethod(lambda: "")  # and how far it is
    beating = False

    def say(self, line: str) -> None:
        self.last = time.monotonic()
        if not self.quiet:
            print(line, file=sys.stderr, flush=True)


_voice = _Voice()


def say(line: str) -> None:
    """A line on standard error, unless the user asked for none."""
    _voice.say(line)


def be_quiet(quiet: bool) -> None:
    """Is nothing of this module to be heard in this process?"""
    _voice.quiet = quiet


def be_verbose(verbose: bool) -> bool:
    """Are reasons and times to be heard in this process, now or since before? Not if it is quiet."""
    _voice.verbose |= verbose
    return _voice.verbose


def explain(line: str) -> None:
    """A line on standard error for a user who asked for reasons."""
    if _voice.verbose:
        _voice.say(line)


class Forecast:
    """When a number of steps will end, by the time that they took so far.

    The first step is no measure of the others, as programs are compiled in it: nothing is foretold before the second,
    unless the clock began anew in between, nor while the total is infinite, which stands for one that is not known yet.
    """

    def __init__(self, total: float, begun: float = 0) -> None:
        self.total, self.done = total, begun
        self.ends: float | None = None
        self._mark: tuple[float, float] | None = None  # from when on steps are a measure, and how many were done then

    def advance(self, steps: float, total: float | None = None) -> None:
        """Count steps, and set a new total where what remains is an estimate itself. No step: the clock begins anew."""
        now = time.monotonic()
        self.total = self.total if total is None else total
        self.done += steps
        if not steps or self._mark is None:
            self._mark = (now, self.done)
        since, before = self._mark
        if self.done > before and self.total < math.inf:
            self.ends = now + max(self.total - self.done, 0.0) * (now - since) / (self.done - before)

    def count(self, unit: str) -> str:
        """``3 of 20 steps``; ``3 steps`` as long as nobody knows of how many."""
        total = f" of {self.total:.0f}" if self.total < math.inf else ""
        return f"{self.done:.0f}{total} {unit}"

    @property
    def words(self) -> str:
        """``about 1:20 left``; nothing as long as nothing is known."""
        return "" if self.ends is None else f"about {duration(self.ends - time.monotonic())} left"


def duration(seconds: float) -> str:
    """``45 s``, ``1:20`` minutes, ``2:03:00`` hours."""
    whole = max(round(seconds), 0)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}" if minutes else f"{rest} s"


@contextmanager
def progress_bar(
    description: str, total: float, shown: bool, *, begun: float = 0, unit: str = "steps"
) -> Iterator[Advance]:
    """The steps of a long run; nothing is said where it is not `shown`.

    The yielded function ``advance(steps, total=None)`` counts them, and may set a new total where what remains is an
    estimate itself; ``advance(0)`` says that programs are compiled, and the clock begins. A run that goes on from a
    checkpoint has `begun` steps behind it, and says so.
    """
    forecast = Forecast(total, begun)
    if not shown or _voice.quiet:
        yield forecast.advance
        return
    if begun:
        _voice.say(f"{description}: resuming at {forecast.count(unit)}")
    with _bar(description, unit, forecast) if sys.stderr.isatty() else _lines(description, unit, forecast) as advance:
        yield advance


@contextmanager
def _bar(description: str, unit: str, forecast: Forecast) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[forecast].words}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None, count="", forecast=forecast)

        def show() -> None:
            total = forecast.total if forecast.total < math.inf else None
            bar.update(task, completed=forecast.done, total=total, count=forecast.count(unit))

        def advance(steps: float, total: float | None = None) -> None:
            forecast.advance(steps, total)
            show()

        show()
        _voice.bars += 1
        try:
            yield advance
        finally:
            _voice.bars -= 1
            _voice.last = time.monotonic()


@contextmanager
def _lines(description: str, unit: str, forecast: Forecast) -> Iterator[Advance]:
    started, first = time.monotonic(), True

    def words() -> str:
        return f"{description}: {forecast.count(unit)}, {forecast.words or since(started)}"

    def advance(steps: float, total: float | None = None) -> None:
        nonlocal first
        forecast.advance(steps, total)
        now = time.monotonic()
        if forecast.ends is None or forecast.done >= forecast.total:
            return
        if (first and forecast.ends - now > WORTH_SAYING) or now - _voice.last >= PATIENCE:
            _voice.say(words())
        first = False

    before, _voice.doing = _voice.doing, words
    try:
        yield advance
    finally:
        _voice.doing = before


def since(started: float) -> str:
    """``45 s so far``."""
    return f"{duration(time.monotonic() - started)} so far"


@contextmanager
def heartbeat(doing: str) -> Iterator[None]:
    """A line whenever nothing was said for PATIENCE seconds: what is being done, and for how long."""
    if _voice.beating:  # one is enough
        yield
        return
    over, started = threading.Event(), time.monotonic()
    _voice.last, _voice.doing, _voice.beating = started, lambda: f"{doing}: still at work, {since(started)}", True

    def beat() -> None:
        while not over.wait(min(PATIENCE / 10, 1.0)):
            now = time.monotonic()
            if not _voice.bars and now - _voice.last >= PATIENCE:
                _voice.say(_voice.doing())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _voice.beating = False


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
