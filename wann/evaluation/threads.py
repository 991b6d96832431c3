"""Evaluation on threads in this process: kernels run without the interpreter lock."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from wann.errors import TaskError
from wann.evaluation.players import make_player
from wann.evaluation.work import Episodes, Evaluator, Piece, Played, join
from wann.network import Networks
from wann.task import JittedTask, Task


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class ThreadEvaluator(Evaluator):
    """Plays a task on ``workers`` threads.

    Unless told otherwise these are one for each core, or one where the task runs in the Python interpreter: a plain
    function need not be safe for several threads.
    """

    def __init__(self, task: Task, workers: int | None = None) -> None:
        super().__init__(task)
        self.workers = workers or (1 if task.python else cores())
        self._player = make_player(task)
        self._pool = ThreadPoolExecutor(self.workers, thread_name_prefix="wann")

    def _play(self, networks: Networks, episodes: Episodes) -> Played:
        return self.play(networks, episodes, Piece.all(networks, episodes))

    def play(self, networks: Networks, episodes: Episodes, piece: Piece) -> Played:
        """Play a piece of the work."""
        pieces = self._player.cut(piece, self.workers)
        try:
            return join(piece, pieces, self._pool.map(lambda part: self._player.play(networks, episodes, part), pieces))
        except Exception as error:
            if not isinstance(self.task, JittedTask):  # others tell by themselves
                raise
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise TaskError(f"the task {self.task.name!r} failed in an episode: {what}") from error

    def close(self) -> None:
        """Stop the threads; pieces that have not begun are dropped, slow ones are not played to their ends."""
        self._player.cancelled = True
        self._pool.shutdown(wait=True, cancel_futures=True)
