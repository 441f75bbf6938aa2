"""Sampling: `ModelInputs` and priors in, posterior draws out.

Every chain has its own seed and runs by itself, two at a time in processes of their own, so that the answer does not
depend on the number of cores. nutpie calls the compiled gradient through Python; two processes keep two cores busy.
"""

import dataclasses
import multiprocessing
import os
import queue
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measurement.conditional import complete_chain
from measurement.errors import SamplingStopped
from measurement.preparation import ModelInputs
from measurement.priors import Priors
from measurement.sampling_progress import Message, Progress, counting, relay
from measurement.whitening import Coordinates, round_coordinates

FloatArray = NDArray[np.float64]

ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false --xla_cpu_use_xnnpack=false --xla_backend_optimization_level=1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}
STOPPED = (
    "a sampling process ended before its chains did: either memory ran out (fit fewer geos or weeks, or free some), or "
    'a script calls the fit without its guard: put the call under if __name__ == "__main__":'
)


@dataclass(frozen=True)
class SamplerSettings:
    """How long and how often to sample; short trees (2^maxdepth steps) keep the first draws from taking most time."""

    chains: int = 4
    tune: int = 200
    draws: int = 600
    target_accept: float = 0.85
    maxdepth: int = 6
    processes: int = 2


@dataclass(frozen=True)
class Posterior:
    """Draws by name, `(chains, draws, ...)`: the sampled parameters and what `complete_chain` adds; and divergences."""

    draws: dict[str, FloatArray]
    divergences: int
    gradients_per_draw: float

    @property
    def count(self) -> int:
        """Draws over all chains."""
        return int(np.prod(self.draws["rho"].shape))

    def joined(self, other: "Posterior") -> "Posterior":
        """Both posteriors' chains, as many draws each."""
        return Posterior(
            {name: np.concatenate([values, other.draws[name]]) for name, values in self.draws.items()},
            self.divergences + other.divergences,
            (self.gradients_per_draw + other.gradients_per_draw) / 2,
        )


@dataclass(frozen=True)
class _Task:
    inputs: ModelInputs
    priors: Priors
    channels: tuple[str, ...]
    settings: SamplerSettings
    seeds: tuple[int, ...]
    index: int


def sample_posterior(
    inputs: ModelInputs,
    priors: Priors,
    channels: tuple[str, ...],
    settings: SamplerSettings,
    seed: int,
    progress: Progress | None = None,
) -> Posterior:
    """Sample the model's parameters; same inputs, settings and seed give the same draws.

    Args:
        inputs: arrays of the panel.
        priors: priors of the channels.
        channels: labels, length C.
        settings: chains, draws and tuning.
        seed: root of the chains' seeds.
        progress: told how far the chains are, about once a second.

    Raises:
        SamplingStopped: a process ended early, such as for lack of memory.
    """
    seeds = [int(s) for s in np.random.SeedSequence(seed).generate_state(settings.chains)]
    groups = [tuple(seeds[i :: settings.processes]) for i in range(min(settings.processes, settings.chains))]
    tasks = [_Task(inputs, priors, channels, settings, group, index) for index, group in enumerate(groups)]
    context = multiprocessing.get_context("spawn")
    messages: Any = context.Manager().Queue() if progress is not None else None
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with ProcessPoolExecutor(len(tasks), mp_context=context) as pool:
            futures = [pool.submit(_run_chains, task, messages) for task in tasks]
            if messages is not None and progress is not None:
                relay(futures, messages, (settings.chains, settings.tune + settings.draws), progress)
            parts = [future.result() for future in futures]
    except BrokenProcessPool:
        raise SamplingStopped(STOPPED) from None
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    chains = [chain for part in parts for chain in part]
    order = np.argsort([seeds.index(chain.seed) for chain in chains])
    chains = [chains[i] for i in order]
    names = chains[0].draws
    return Posterior(
        {name: np.stack([chain.draws[name] for chain in chains]) for name in names},
        sum(chain.divergences for chain in chains),
        float(np.mean([chain.gradients_per_draw for chain in chains])),
    )


@dataclass(frozen=True)
class _Chain:
    seed: int
    draws: dict[str, FloatArray]
    divergences: int
    gradients_per_draw: float


def _run_chains(task: _Task, messages: "queue.Queue[Message] | None") -> list[_Chain]:
    """In a process of its own: compile once, then one chain after the other.

    Whatever a library prints there goes to standard error: standard output may be somebody's JSON.
    """
    os.dup2(sys.stderr.fileno(), 1)
    _start_jax_on_one_core(task.index)
    import nutpie

    from measurement.model import build_model

    model = build_model(task.inputs, task.priors, task.channels)
    compiled = nutpie.compile_pymc_model(model, backend="jax", gradient_backend="jax", freeze_model=False)
    compiled = _in_round_coordinates(compiled, _start_of(model))
    return [_run_chain(compiled, task, seed, messages) for seed in task.seeds]


def _start_jax_on_one_core(index: int) -> None:
    """Keep this process on one core, another one for each process of a fit, where the system allows.

    XLA hands every gradient to a thread of its own; between cores that costs as much as the gradient itself. The size
    of its pool is the number of cores that the process may use when JAX starts.
    """
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[(os.getppid() + index) % len(allowed)]})
    import jax

    jax.config.update("jax_cpu_enable_async_dispatch", False)


def _run_chain(compiled: Any, task: _Task, seed: int, messages: "queue.Queue[Message] | None") -> _Chain:
    import nutpie

    settings = task.settings
    trace = nutpie.sample(
        counting(compiled, seed, messages),
        chains=1,
        cores=1,
        tune=settings.tune,
        draws=settings.draws,
        seed=seed,
        target_accept=settings.target_accept,
        maxdepth=settings.maxdepth,
        save_warmup=False,
        progress_bar=False,
    )
    draws = {str(name): np.asarray(values.values[0], dtype=np.float64) for name, values in trace.posterior.items()}
    divergences = int(trace.sample_stats.diverging.sum())
    if messages is not None:
        messages.put(Message(seed, settings.tune + settings.draws, divergences))
    return _Chain(
        seed,
        draws | complete_chain(task.inputs, draws, np.random.default_rng(seed)),
        divergences,
        float(trace.sample_stats.n_steps.mean()),
    )


def _start_of(model: Any) -> FloatArray:
    values = model.initial_point().values()
    return np.concatenate([np.ravel(value) for value in values]).astype(np.float64)


def _in_round_coordinates(compiled: Any, start: FloatArray) -> Any:
    """The compiled model in coordinates in which its density is nearly round; draws are told in the model's own."""
    make_density, make_expand = compiled._make_logp_func, compiled._make_expand_func
    coordinates: Coordinates = round_coordinates(partial(make_density(), **compiled._shared_data), start)

    def make_round_density() -> Callable[..., tuple[float, FloatArray]]:
        density = make_density()

        def round_density(y: FloatArray, **shared: Any) -> tuple[float, FloatArray]:
            value, gradient = density(coordinates.position(y), **shared)
            return value, coordinates.gradient(gradient)

        return round_density

    def make_round_expand(*arguments: Any) -> Callable[..., Any]:
        expand = make_expand(*arguments)
        return lambda y, **shared: expand(coordinates.position(y), **shared)

    return dataclasses.replace(
        compiled,
        _make_logp_func=make_round_density,
        _make_expand_func=make_round_expand,
        _make_initial_points=coordinates.start,
    )
