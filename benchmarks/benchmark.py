"""From CSV to an accepted model: how long, how much memory, how both grow. `make benchmark` writes `BENCHMARK.md`.

Every row is `rmo fit` in a process of its own on a simulated advertiser's CSV, timed from outside, memory summed over
all its processes. `--large` adds the row with 200 geos, 156 weeks and 8 channels.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks.machine import describe_machine
from measurement.simulate import WorldKind, WorldSpec, simulate, write_world

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "benchmark.json"
RMO = Path(sys.executable).with_name("rmo")
SIZES = ((40, 104, 4), (10, 104, 4), (80, 104, 4), (40, 156, 4), (40, 104, 8))
LARGE = (200, 156, 8)
POLL_SECONDS = 1.0
GIB = 1024.0**3


@dataclass(frozen=True)
class Timing:
    """One fit from outside: wall seconds, peak memory in GiB, and what its report says."""

    geos: int
    weeks: int
    channels: int
    seconds: float
    memory_gib: float
    status: str
    rhat: float
    ess: float

    @property
    def ess_per_second(self) -> float:
        """Smallest bulk ESS over wall seconds, everything included."""
        return self.ess / self.seconds


def time_fit(size: tuple[int, int, int], seed: int) -> Timing:
    """Fit one simulated advertiser through the command line."""
    geos, weeks, channels = size
    with tempfile.TemporaryDirectory() as folder:
        world = write_world(simulate(WorldSpec(WorldKind.PLAIN, geos, weeks, channels, seed)), Path(folder) / "world")
        command = [str(RMO), "fit", str(world / "panel.csv"), "--out", str(Path(folder) / "model"), "--json"]
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        peak = _peak_memory(process)
        answer = json.loads(process.communicate()[0])
        seconds = time.monotonic() - started
    found = answer["diagnostics"]
    return Timing(
        geos, weeks, channels, seconds, peak / GIB, answer["status"], found["rhat_max"], found["ess_bulk_min"]
    )


def _peak_memory(process: "subprocess.Popen[str]") -> float:
    """Largest sum of the proportional memory of the process and its descendants, in bytes."""
    peak = 0.0
    root = psutil.Process(process.pid)
    while process.poll() is None:
        total = 0.0
        for member in [root, *root.children(recursive=True)]:
            try:
                total += member.memory_full_info().pss
            except psutil.Error:
                continue
        peak = max(peak, total)
        time.sleep(POLL_SECONDS)
    return peak


def table(rows: list[Timing]) -> str:
    """The rows as Markdown."""
    lines = [
        "| geos x weeks x channels | wall s | peak GiB | status | r-hat | smallest bulk ESS | ESS per s |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.geos} x {row.weeks} x {row.channels} | {row.seconds:.0f} | {row.memory_gib:.2f} | {row.status} "
        f"| {row.rhat:.4f} | {row.ess:.0f} | {row.ess_per_second:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Time what was asked for and write the table; rows of other sizes are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="only the largest size, some 20 minutes")
    arguments = parser.parse_args()
    stored = {row: Timing(**values) for row, values in _stored().items()}
    for size in (LARGE,) if arguments.large else SIZES:
        row = time_fit(size, seed=7)
        print(f"{size}: {row.seconds:.0f} s, {row.memory_gib:.2f} GiB, {row.status}", file=sys.stderr, flush=True)
        stored["x".join(map(str, size))] = row
        RESULTS.write_text(json.dumps({name: asdict(timing) for name, timing in stored.items()}, indent=1))
        (FOLDER / "BENCHMARK.md").write_text(page(list(stored.values())))
    print(page(list(stored.values())))


def page(rows: list[Timing]) -> str:
    """The whole of `BENCHMARK.md`."""
    return (
        "# From CSV to an accepted model\n\n"
        "`make benchmark` writes this table; `python -m benchmarks.benchmark --large` adds the largest size.\n"
        f"{describe_machine()}. Wall time and memory (proportional set size, summed over all processes) of `rmo fit`\n"
        "from outside: start of the program, reading, compiling, 4 chains, gate and writing included. r-hat and ESS\n"
        "are the worst over all sampled parameters and every channel's incremental sales.\n\n" + table(rows) + "\n"
    )


def _stored() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return loaded


if __name__ == "__main__":
    main()
