"""Requests are counted over any minute, names apart, and what is over is forgotten."""

from api.rates import MovingWindow


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_any_minute_has_at_most_so_many() -> None:
    clock = Clock()
    window = MovingWindow(3, clock)
    taken = []
    for second in range(0, 200, 7):
        clock.seconds = 1000.0 + second
        if window.take("a"):
            taken.append(second)
    assert taken == [0, 7, 14, 63, 70, 77, 126, 133, 140, 189, 196]


def test_names_are_counted_apart_and_asking_counts_nothing() -> None:
    window = MovingWindow(1, Clock())
    assert not window.is_full("a")
    assert not window.is_full("a")
    assert len(window) == 0
    assert window.take("a")
    assert window.is_full("a")
    assert not window.is_full("b")
    assert window.take("b")
    assert not window.take("a")


def test_a_refused_request_does_not_prolong_the_wait() -> None:
    clock = Clock()
    window = MovingWindow(1, clock)
    assert window.take("a")
    clock.seconds += 59.0
    assert not window.take("a")
    clock.seconds += 1.5
    assert window.take("a")


def test_names_of_old_are_forgotten() -> None:
    clock = Clock()
    window = MovingWindow(5, clock)
    for number in range(1000):
        window.take(str(number))
    assert len(window) == 1000
    clock.seconds += 61.0
    assert not window.is_full("7")  # nothing is left of it but its name
    window.take("fresh")
    clock.seconds += 61.0
    window.take("fresher")
    assert len(window) == 1
