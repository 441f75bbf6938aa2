"""Rules files: what is read, and what is refused with which words."""

import datetime
import re

import pytest

from measurement.priors import ChannelPrior, Spread
from optimizer.errors import BadRules
from optimizer.problem import ChannelRule, GroupRule, PlanRules, Risk
from optimizer.rules_file import parse_rules, read_rules

JULY_6, JULY_13 = datetime.date(2026, 7, 6), datetime.date(2026, 7, 13)
CHANNELS = ("amazon", "walmart", "search")


def test_every_documented_key_is_read(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text(
        """
        [channel.amazon]
        min = 10000
        max = 90000
        max_change = 0.3
        minimum_viable = 5000
        step = 500
        fixed = 20000
        blackout = [3, "2026-07-06", 2026-07-13]
        [[group]]
        name = "retailers"
        channels = ["amazon", "walmart"]
        min_share = 0.5
        [[group]]
        channels = ["search", "walmart"]
        max = 70000
        [plan]
        reserve = 0.1
        risk = "cvar"
        risk_level = 0.2
        target_iroas = 1.5
        min_weekly_spend_share = 0.5
        [plan.margins]
        sales = 0.35
        """
    )
    rules = read_rules(path, CHANNELS)
    assert rules.channels == {"amazon": ChannelRule(10000, 90000, 0.3, 5000, 500, 20000, (3, JULY_6, JULY_13))}
    assert rules.groups == (
        GroupRule(("amazon", "walmart"), "retailers", min_share=0.5),
        GroupRule(("search", "walmart"), max=70000),
    )
    assert rules.plan == PlanRules(0.1, Risk.CVAR, 0.2, 1.5, 0.5, 1.0, {"sales": 0.35})


def test_an_empty_file_is_no_rules():
    assert parse_rules("", CHANNELS).channels == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[channels.amazon]\nmin = 1", ['unknown key "channels"', 'Did you mean "channel"?', "group, plan"]),
        ("[channel.amazn]\nmin = 1", ["[channel.amazn]", 'Did you mean "amazon"?', "walmart, search"]),
        ("[channel.amazon]\nmaxchange = 0.1", ["[channel.amazon]", 'Did you mean "max_change"?', "minimum_viable"]),
        ('[channel.amazon]\nmin = "ten"', ["[channel.amazon]", "min must be a number", "ten"]),
        ("[channel.amazon]\nmin = true", ["min must be a number"]),
        ("[channel.amazon]\nmin = nan", ["min must be a finite number"]),
        ("[channel.amazon]\nmax = inf", ["max must be a finite number"]),
        ("[channel.amazon]\nmin = -1", ["min must be a finite number of at least 0, not -1"]),
        ("[channel.amazon]\nmin = 5\nmax = 4", ["min 5.0 is above max 4.0"]),
        ("[channel.amazon]\nstep = 0.001", ["step must be whole cents"]),
        ("[channel.amazon]\nstep = 0", ["step must be whole cents"]),
        ("[channel.amazon]\nblackout = 3", ["[channel.amazon]", "must be a list of weeks"]),
        ('[channel.amazon]\nblackout = ["6 July"]', ["[channel.amazon]", "2026-07-06", "6 July"]),
        ("[channel.amazon]\nblackout = [1.5]", ["number from 1 or a day", "1.5"]),
        ("[channel.amazon]\nblackout = [true]", ["number from 1 or a day"]),
        ("[channel.amazon]\nblackout = [2026-07-06T10:00:00]", ["number from 1 or a day"]),
        ("[channel.amazon]\nblackouts = [3]", ['Did you mean "blackout"?']),
        ("channel = 3", ["[channel]", "must be a table"]),
        ("[channel]\namazon = 3", ["[channel.amazon]", "must be a table"]),
        ('[[group]]\nchannels = ["amazon", "wallmart"]\nmin_share = 0.1', ['Did you mean "walmart"?']),
        ('[[group]]\nname = "r"\nchannels = ["amazon"]\nmin_share = 1.5', ['"r"', "between 0 and 1"]),
        ('[[group]]\nchannels = ["amazon"]\nmin_share = 0.5\nmax_share = 0.4', ["min_share 0.5 is above max_share"]),
        ('[[group]]\nchannels = ["amazon", "amazon"]\nmin = 1', ["named twice"]),
        ('[[group]]\nchannels = ["amazon"]', ["has no limit"]),
        ('[[group]]\nchannels = "amazon"\nmin = 1', ["must be a list of names"]),
        ("[[group]]\nmin = 1", ["must be a list of names"]),
        ('[group]\nchannels = ["amazon"]', ["[[group]]", "two brackets"]),
        ("[plan]\nreserve = 2", ["reserve is a share"]),
        ('[plan]\nrisk = "cvr"', ['Did you mean "cvar"?']),
        ("[plan]\nmargin = 0", ["margin must be above 0"]),
        ('[plan]\nmargins = "x"', ["[plan.margins]", "must be a table"]),
        ('[plan.margins]\nsales = "x"', ["[plan.margins]", "sales must be a number"]),
        ("[channel.amazon\nmin = 1", ["no valid TOML", "line 1"]),
        ("[plan]\nreserve = 0.1\nreserve = 0.2", ["no valid TOML", "line 3"]),
    ],
)
def test_bad_rules_are_refused_with_the_rule_named(text, said):
    with pytest.raises(BadRules) as refusal:
        parse_rules(text, CHANNELS)
    for words in said:
        assert words in str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadRules, match=r"none\.toml: cannot be read"):
        read_rules(tmp_path / "none.toml", CHANNELS)


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadRules, match="not UTF-8"):
        read_rules(path, CHANNELS)


def test_one_margin_for_all_outcomes_is_read():
    assert parse_rules("[plan]\nmargin = 0.5", CHANNELS).plan == PlanRules(margin=0.5)


NEW = """
    [[new_channel]]
    name = "instacart"
    iroas = { median = 1.2, p95 = 4.0 }
    typical_spend = 60000
    max = 80000
    """


def test_a_new_channel_is_read_capped_and_known_to_the_other_rules():
    text = (
        NEW
        + """
    half_saturation = { median = 1.0, p95 = 3.0 }
    sells_nothing = 0.1
    [channel.instacart]
    minimum_viable = 5000
    [[group]]
    channels = ["instacart", "amazon"]
    max_share = 0.3
    """
    )
    rules = parse_rules(text, CHANNELS)
    (new,) = rules.new_channels
    assert (new.name, new.typical_spend, new.max) == ("instacart", 60000.0, 80000.0)
    assert (new.prior.iroas, new.prior.half_saturation) == (Spread(1.2, 4.0), Spread(1.0, 3.0))
    assert (new.prior.sells_nothing, new.prior.slope) == (0.1, ChannelPrior().slope)
    assert rules.channels == {"instacart": ChannelRule(minimum_viable=5000, max=80000)}
    assert parse_rules(NEW + "[channel.instacart]\nmax = 70000", CHANNELS).channels["instacart"].max == 70000
    assert rules.without_history == {"instacart"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("instacart", "amazon"), "the model knows this channel"),
        (('name = "instacart"', "name = 3"), "name must be text"),
        (("iroas =", "roas ="), 'Did you mean "iroas"'),
        (("max = 80000", ""), "max is missing. Give the most"),
        (("typical_spend = 60000", ""), "typical_spend is missing"),
        (("max = 80000", "max = 0"), "max is out of its range: 0"),
        (("max = 80000", "max = true"), "max is out of its range"),
        (("p95 = 4.0", "p95 = 1.0"), "median < p95"),
        (("p95 = 4.0", "p90 = 4.0"), "iroas must be { median"),
        (("max = 80000", "max = 8\nsells_nothing = 1.0"), "sells_nothing is out of its range"),
        (("[[new_channel]]", "[new_channel]"), "[[new_channel]], with two brackets"),
    ],
)
def test_a_new_channel_that_is_not_fully_stated_is_refused(change, said):
    with pytest.raises(BadRules, match=re.escape(said)):
        parse_rules(NEW.replace(*change), CHANNELS)
    with pytest.raises(BadRules, match="stands twice"):
        parse_rules(NEW + NEW, CHANNELS)
