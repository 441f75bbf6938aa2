"""One process that plans: questions in by a pipe, answers out by another; it ends when the pipe does.

So it never outlives the service, even one that is killed, and planning does not hold up the requests of others.
"""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

from api.services.plan_question import PlanQuestion, answer_question
from api.services.stored_models import StoredModels
from api.store.files import Files

_ROOT = Path(__file__).resolve().parents[2]


class PlannerLost(Exception):
    """The process ended before it answered."""


class PlanProcess:
    """The service's end of the pipes; one question at a time."""

    def __init__(self, files: str, scratch: Path, cached_models: int) -> None:
        """Start it; it is ready when its first answer comes."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "api.services.plan_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
        )
        self._write((files, scratch, cached_models))

    def ask(self, question: PlanQuestion) -> dict[str, Any]:
        """The plan.

        Raises:
            PlannerLost: the process ended.
            Exception: whatever `answer_question` raises, there.
        """
        self._write(question)
        assert self._process.stdout is not None
        try:
            answer = pickle.load(self._process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise PlannerLost("the process that plans has ended") from None
        if isinstance(answer, Exception):
            raise answer
        plan: dict[str, Any] = answer
        return plan

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def close(self) -> None:
        """End it, and wait until it has."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        self._process.kill()
        self._process.wait()

    def _write(self, value: object) -> None:
        assert self._process.stdin is not None
        try:
            pickle.dump(value, self._process.stdin)
            self._process.stdin.flush()
        except OSError:
            raise PlannerLost("the process that plans has ended") from None


def _environment() -> dict[str, str]:
    """One thread for linear algebra each: the processes share the cores."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, **threads, "PYTHONPATH": path}


def _serve(questions: BinaryIO, answers: BinaryIO) -> None:
    files, scratch, cached_models = pickle.load(questions)
    models = StoredModels(Files(files, scratch), scratch, cached_models)
    while True:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        pickle.dump(_answered(models, question), answers)
        answers.flush()


def _answered(models: StoredModels, question: PlanQuestion) -> dict[str, Any] | Exception:
    try:
        return answer_question(models, question)
    except Exception as error:
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "wb") as own:
        os.dup2(2, 1)  # what libraries print goes to standard error, not between the answers
        _serve(sys.stdin.buffer, own)
