"""Priors: the distributions have the stated points, and a bad file gives one message that says how to mend it."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import weibull_min

from measurement.errors import PriorsError
from measurement.priors import (
    VAGUE,
    ChannelPrior,
    Priors,
    Spread,
    chance_of_nothing,
    prior_iroas_draws,
    read_priors,
    weibull_of,
)

CHANNELS = ("search", "social", "amazon")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "priors.toml"


@pytest.mark.parametrize(("median", "p95"), [(1.1, 5.0), (2.0, 6.0), (0.3, 9.0), (1.0, 1.2)])
def test_the_weibull_has_the_stated_median_and_95_percent_point(median: float, p95: float) -> None:
    shape, scale = weibull_of(Spread(median, p95))
    assert weibull_min.ppf(0.5, shape, scale=scale) == pytest.approx(median, rel=1e-9)
    assert weibull_min.ppf(0.95, shape, scale=scale) == pytest.approx(p95, rel=1e-9)


def test_a_log_normal_spread_has_the_stated_95_percent_point() -> None:
    spread = Spread(0.8, 4.0)
    assert spread.median * math.exp(1.644854 * spread.log_sd) == pytest.approx(4.0, rel=1e-4)


def test_prior_draws_are_the_quantiles_of_nothing_or_weibull() -> None:
    prior = ChannelPrior(iroas=Spread(1.0, 2 * VAGUE), sells_nothing=0.2)
    draws = prior_iroas_draws(prior, 10_000)
    shape, scale = weibull_of(prior.iroas)
    assert (np.diff(draws) >= 0).all()
    assert (draws == 0).mean() == pytest.approx(0.2, abs=2e-4)
    for probability in (0.25, 0.5, 0.9, 0.99):
        given_it_sells = (probability - 0.2) / 0.8
        expected = weibull_min.ppf(given_it_sells, shape, scale=scale)
        assert np.quantile(draws, probability) == pytest.approx(expected, rel=2e-3)


def test_a_narrow_prior_says_that_the_channel_sells() -> None:
    narrow = ChannelPrior(iroas=Spread(1.0, 0.99 * VAGUE), sells_nothing=0.3)
    assert chance_of_nothing(narrow) == 0.0
    assert chance_of_nothing(replace(narrow, iroas=Spread(1.0, 1.01 * VAGUE))) == 0.3
    draws = prior_iroas_draws(narrow, 10_000)
    assert draws.min() > 0
    assert np.median(draws) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("median", "p95"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 2.0), (2.0, 1.0), (math.nan, 1.0), (1.0, math.inf)]
)
def test_a_spread_refuses_what_is_no_positive_distribution(median: float, p95: float) -> None:
    with pytest.raises(PriorsError, match="0 < median < p95"):
        Spread(median, p95)


def test_every_default_leaves_room_for_a_channel_that_sells_nothing() -> None:
    assert 0 < chance_of_nothing(ChannelPrior()) < 0.5


def test_a_file_changes_the_default_and_single_channels(file: Path) -> None:
    file.write_text(
        """
resemblance = 0.6

[default]
iroas = { median = 0.9, p95 = 3 }
drift = 0.05

[channel.search]
iroas = { median = 2.0, p95 = 6.0 }
follows_demand = true
confounding = 0.1

[channel.amazon]
sells_nothing = 0
""",
        encoding="utf-8",
    )
    priors = read_priors(file, CHANNELS)
    expected = replace(ChannelPrior(), iroas=Spread(0.9, 3.0), drift=0.05)
    assert priors.default == priors.of("social") == expected
    assert priors.of("search") == replace(expected, iroas=Spread(2.0, 6.0), follows_demand=True, confounding=0.1)
    assert priors.of("amazon") == replace(expected, sells_nothing=0.0)
    assert priors.resemblance == 0.6


def test_an_empty_file_changes_nothing(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    assert read_priors(file, CHANNELS) == Priors()


def test_the_json_states_every_value() -> None:
    stated = Priors(channels=(("search", ChannelPrior(follows_demand=True)),)).to_json()
    assert set(stated["default"]) == {field.name for field in fields(ChannelPrior)}
    assert stated["channel"]["search"]["follows_demand"] is True
    assert stated["resemblance"] == Priors().resemblance
    assert stated["default"]["iroas"] == {"median": ChannelPrior().iroas.median, "p95": ChannelPrior().iroas.p95}


BAD = {
    "unknown table": ("[chanel.search]\n", "'chanel' is not known; did you mean 'channel'?"),
    "unknown channel": ("[channel.serch]\n", "'serch' is not known; did you mean 'search'?"),
    "unlike any channel": ("[channel.xyz]\n", "'xyz' is not known; known: search, social, amazon"),
    "unknown key": ("[default]\niroaz = { median = 1, p95 = 2 }\n", "'iroaz' is not known; did you mean 'iroas'?"),
    "number for a spread": ("[default]\niroas = 2.0\n", "default.iroas: must be { median = ..., p95 = ... }"),
    "spread without p95": ("[default]\niroas = { median = 2.0 }\n", "default.iroas: must be { median"),
    "spread with more": ("[default]\niroas = { median = 2.0, p95 = 3.0, sd = 1.0 }\n", "default.iroas: must be"),
    "words in a spread": ('[default]\niroas = { median = "high", p95 = 3.0 }\n', "default.iroas: "),
    "a number as text": ('[default]\niroas = { median = "1", p95 = 3.0 }\n', "default.iroas: "),
    "truth in a spread": ("[default]\niroas = { median = true, p95 = 3.0 }\n", "default.iroas: "),
    "p95 below median": ("[channel.search]\nslope = { median = 2, p95 = 1 }\n", "channel.search.slope: a prior needs"),
    "negative median": ("[default]\niroas = { median = -1, p95 = 1 }\n", "default.iroas: a prior needs 0 < median"),
    "word for truth": (
        '[channel.search]\nfollows_demand = "yes"\n',
        "follows_demand: must be true or false, not 'yes'",
    ),
    "one for truth": ("[channel.search]\nfollows_demand = 1\n", "follows_demand: must be true or false, not 1"),
    "certain of nothing": ("[default]\nsells_nothing = 1.0\n", "sells_nothing: must be a probability"),
    "truth for a number": ("[default]\nsells_nothing = true\n", "sells_nothing: must be a probability"),
    "negative drift": ("[default]\ndrift = -0.1\n", "default.drift: must be a number from 0"),
    "drift not a number": ("[default]\ndrift = nan\n", "default.drift: must be a number from 0"),
    "confounding as text": ('[default]\nconfounding = "much"\n', "default.confounding: must be a number from 0"),
    "default no table": ("default = 3\n", "default: must be a table"),
    "channel no table": ("channel = 3\n", "`channel` must be tables"),
    "entry no table": ("[channel]\nsearch = 3\n", "channel.search: must be a table"),
    "no correlation": ("resemblance = 1.0\n", "resemblance: must be a correlation from 0 to 0.95"),
    "truth for a correlation": ("resemblance = true\n", "resemblance: must be a correlation"),
    "broken": ("[default\n", "is not TOML"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_message_with_place_and_remedy(file: Path, name: str) -> None:
    text, message = BAD[name]
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PriorsError) as caught:
        read_priors(file, CHANNELS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(file: Path) -> None:
    file.write_bytes("# préférences\n".encode("latin-1"))
    with pytest.raises(PriorsError, match="is not TOML"):
        read_priors(file, CHANNELS)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(PriorsError, match="cannot be read") as caught:
            read_priors(path, CHANNELS)
        assert str(path) in str(caught.value)
