"""Who was let in is remembered for a second, no longer than the key is good, and not past its end."""

import math

from api.admission import SECONDS_KEPT, Admission
from api.auth import Principal
from api.store.states import Role

BUYER = Principal("key_1", "acc_1", Role.BUYER)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def __call__(self) -> float:
        return self.seconds


def remembered(seconds_good: float = math.inf) -> tuple[Admission, Clock]:
    clock = Clock()
    admission = Admission(clock)
    admission.keep("rmo_a", "acc_1", BUYER, seconds_good, admission.mark())
    return admission, clock


def test_it_is_one_key_in_one_account() -> None:
    admission, _ = remembered()
    assert admission.find("rmo_a", "acc_1") is BUYER
    assert admission.find("rmo_a", "acc_2") is None
    assert admission.find("rmo_a", "") is None
    assert admission.find("rmo_b", "acc_1") is None
    assert admission.find("", "acc_1") is None


def test_it_ends_after_a_second() -> None:
    admission, clock = remembered()
    clock.seconds += 0.99 * SECONDS_KEPT
    assert admission.find("rmo_a", "acc_1") is BUYER
    clock.seconds += 0.02 * SECONDS_KEPT
    assert admission.find("rmo_a", "acc_1") is None


def test_it_ends_with_the_key() -> None:
    admission, clock = remembered(seconds_good=0.25)
    clock.seconds += 0.26
    assert admission.find("rmo_a", "acc_1") is None


def test_what_is_forgotten_is_gone_and_does_not_come_back_from_a_look_begun_before() -> None:
    admission, _ = remembered()
    mark = admission.mark()
    admission.forget()
    assert admission.find("rmo_a", "acc_1") is None
    admission.keep("rmo_a", "acc_1", BUYER, math.inf, mark)
    assert admission.find("rmo_a", "acc_1") is None


def test_strangers_cannot_fill_it() -> None:
    admission, _ = remembered()
    for number in range(25_000):
        admission.keep("rmo_a", str(number), BUYER, math.inf, admission.mark())
    assert len(admission._entries) <= 10_000
