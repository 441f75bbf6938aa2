"""Questions for plans in, plans out: from memory where the same was asked, else from a few processes that plan."""

import hashlib
import json
from collections import OrderedDict
from queue import LifoQueue
from threading import Lock
from typing import Any

from api.services.plan_process import PlannerLost, PlanProcess
from api.services.plan_question import PlanQuestion, answer_question
from api.services.stored_models import StoredModels
from api.settings import Settings

_ANSWERS_KEPT = 256
_TRIES = 2


class Planner:
    """What plans. Safe to share between threads; as many plan at a time as there are processes, the others wait."""

    def __init__(self, settings: Settings, models: StoredModels) -> None:
        """Starts nothing yet; with no processes at all it plans in the caller's thread."""
        self._settings = settings
        self._models = models
        self._places: LifoQueue[PlanProcess | None] = LifoQueue()
        for _ in range(settings.plan_processes):
            self._places.put(None)
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    def start(self) -> None:
        """Start the processes, so that the first plan does not wait for them."""
        started = [self._started(self._places.get()) for _ in range(self._settings.plan_processes)]
        for process in started:
            self._places.put(process)

    def plan(self, question: PlanQuestion) -> dict[str, Any]:
        """The plan: the same question to the same model has the same answer.

        Raises:
            PlannerLost: processes that plan ended twice over this question.
            Exception: whatever `answer_question` raises.
        """
        name = _name(question)
        with self._lock:
            if name in self._answers:
                self._answers.move_to_end(name)
                return self._answers[name]
        answer = self._planned(question)
        with self._lock:
            self._answers[name] = answer
            while len(self._answers) > _ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return answer

    def forget(self) -> None:
        """Drop all answers: which account one was for, its name does not tell."""
        with self._lock:
            self._answers.clear()

    def close(self) -> None:
        """End the processes."""
        for _ in range(self._settings.plan_processes):
            process = self._places.get()
            if process is not None:
                process.close()
            self._places.put(None)

    def _planned(self, question: PlanQuestion) -> dict[str, Any]:
        if self._settings.plan_processes == 0:
            return answer_question(self._models, question)
        for _ in range(_TRIES - 1):
            try:
                return self._asked(question)
            except PlannerLost:
                continue
        return self._asked(question)

    def _asked(self, question: PlanQuestion) -> dict[str, Any]:
        process = self._places.get()
        try:
            process = self._started(process)
            return process.ask(question)
        except PlannerLost:
            if process is not None:
                process.close()
            process = None
            raise
        finally:
            self._places.put(process)

    def _started(self, process: PlanProcess | None) -> PlanProcess:
        if process is not None:
            return process
        settings = self._settings
        return PlanProcess(settings.files, settings.scratch, settings.cached_models)


def _name(question: PlanQuestion) -> str:
    parts = [question.account, question.sha256, question.asked]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
