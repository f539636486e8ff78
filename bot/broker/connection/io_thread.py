"""The one thread that owns the event loop and the library. Nothing else touches either.

Others hand in callables; what goes wrong in there is reported, never swallowed.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
Failed = Callable[[BaseException], None]


class IoThread:
    """``main`` runs on the loop until ``stop`` cancels it; every other task is cancelled after it."""

    def __init__(
        self,
        name: str,
        main: Callable[[], Coroutine[Any, Any, None]],
        failed: Failed,
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        self._main = main
        self._new_loop = new_loop
        self._failed = failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main_task: asyncio.Task[None] | None = None
        self._ready = threading.Event()
        self._is_stopping = False
        # A daemon, so that a process which must die is not held up by a socket.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    @property
    def is_current(self) -> bool:
        return threading.current_thread() is self._thread

    def post(self, call: Callable[[], object]) -> bool:
        """Run ``call`` on the loop, in the order of posting. False once the thread has ended."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return False
        try:
            loop.call_soon_threadsafe(self._guarded, call)
        except RuntimeError:  # closed between the question and the call
            return False
        return True

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        """Start a coroutine on the loop; its result or exception is the future's.

        Raises RuntimeError once the loop has ended.
        """
        if self._loop is None:
            raise RuntimeError("the io thread was never started")
        return asyncio.run_coroutine_threadsafe(work(), self._loop)

    def stop(self, timeout_s: float) -> bool:
        """Cancel everything and wait for the end. True when the thread has ended. Safe at any moment, and twice."""
        self._is_stopping = True
        if self._main_task is not None:
            self.post(self._main_task.cancel)
        if self._thread.is_alive() and not self.is_current:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        loop = self._new_loop()
        asyncio.set_event_loop(loop)
        loop.set_exception_handler(self._on_loop_trouble)
        self._loop = loop
        self._main_task = loop.create_task(self._main())
        self._ready.set()
        try:
            loop.run_until_complete(self._main_task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001  the thread's last chance to say it
            self._failed(error)
        finally:
            self._wind_up(loop)

    @staticmethod
    def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()

    def _guarded(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  reported, never swallowed: asyncio would only log it
            self._failed(error)

    def _on_loop_trouble(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # A socket that breaks while it is written to is the connection's news, not a fault of ours.
        if isinstance(error, OSError) or self._is_stopping:
            return
        self._failed(error or RuntimeError(str(context.get("message"))))
