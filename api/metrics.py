"""Requests as they are answered, and the tables as they stand, in; what Prometheus reads out."""

import time
from collections.abc import Iterable
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from api.store.engine import Store
from api.store.figures import Figures, read_figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30)
_SECONDS_KEPT = 10.0
_STREAM = "/events"


class Metrics:
    """What one process counts; each application has its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "rmo_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "rmo_request_seconds", "Time to answer.", ("method", "route"), buckets=_BUCKETS, registry=self._registry
        )
        self.in_progress = Gauge("rmo_requests_in_progress", "Requests being answered.", registry=self._registry)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def watch(self, store: Store) -> None:
        """Show what the tables say, too."""
        self._registry.register(_Tables(store))

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered; a stream of events lasts as long as its job, which is no time to answer."""
        self._requests.labels(method, route, str(status)).inc()
        if not route.endswith(_STREAM):
            self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Tables(Collector):
    """Figures from the tables, read at most every ten seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._read_at = -_SECONDS_KEPT
        self._figures: Figures | None = None

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            if self._figures is None or time.monotonic() - self._read_at >= _SECONDS_KEPT:
                with self._store.reading() as session:
                    self._figures = read_figures(session)
                self._read_at = time.monotonic()
            return list(_families(self._figures))


def _families(figures: Figures) -> Iterable[Metric]:
    jobs = GaugeMetricFamily("rmo_jobs", "Jobs in the tables.", labels=("kind", "state"))
    for (kind, state), count in figures.jobs.items():
        jobs.add_metric((kind, state), count)
    age = GaugeMetricFamily("rmo_queue_age_seconds", "How long the oldest waiting job waits.", labels=("kind",))
    for kind, seconds in figures.queue_age_seconds.items():
        age.add_metric((kind,), seconds)
    models = GaugeMetricFamily("rmo_models", "Fitted models by the gate's verdict.", labels=("status",))
    for status, count in figures.models.items():
        models.add_metric((status,), count)
    rhat = GaugeMetricFamily("rmo_fit_rhat", "R-hat of the fits of the last 30 days.", labels=("of",))
    for of, value in figures.rhat.items():
        rhat.add_metric((of,), value)
    spend = GaugeMetricFamily(
        "rmo_spend_under_management_per_week", "Weekly budget of each account's latest plan.", labels=("currency",)
    )
    for currency, amount in figures.spend_per_week.items():
        spend.add_metric((currency,), amount)
    messages = GaugeMetricFamily("rmo_messages", "Messages to webhooks.", labels=("state",))
    for state, count in figures.messages.items():
        messages.add_metric((state,), count)
    return (
        *(jobs, age, models, rhat, spend, messages),
        GaugeMetricFamily("rmo_accounts", "Accounts.", value=figures.accounts),
        GaugeMetricFamily(
            "rmo_workers", "Workers that gave a sign of life in the last ten seconds.", value=figures.workers
        ),
    )
