"""What a long fit says while it runs."""

from api.cli.progress import PlainLines, describe
from measurement.fitted import FitProgress


def at(done: int, stage: str = "sampling", divergences: int = 0, left: float | None = 40.0) -> FitProgress:
    return FitProgress(4, done, 3200, divergences, left, stage)


def test_a_line_tells_draws_chains_divergences_and_the_time_left() -> None:
    assert describe(at(800, divergences=3)) == "800 of 3,200 draws in 4 chains, 3 divergences, about 40 s left"
    assert describe(at(800, left=300)) == "800 of 3,200 draws in 4 chains, about 5 min left"
    assert describe(at(3200, left=0)) == "3,200 of 3,200 draws in 4 chains"


def test_plain_lines_come_every_ten_seconds_and_at_each_new_stage() -> None:
    said: list[str] = []
    moments = iter([0.0, 1.0, 9.0, 11.5, 12.0])
    lines = PlainLines(said.append, lambda: next(moments))
    for progress in (at(0, "compiling"), at(10), at(20), at(30), at(3200, "checking")):
        lines(progress)
    assert [line.split(":")[0] for line in said] == ["compiling", "sampling", "sampling", "checking"]
    assert said[2].startswith("sampling: 30 of 3,200")
