"""`account.toml`: what it states becomes an `Account`; what it cannot mean is said with key and remedy."""

from pathlib import Path

import pytest

from bidding.account_file import parse_account, read_account
from bidding.errors import BidError
from bidding.snapshot import Platform

ABOUT = '[account]\nname = "Acme"\ncurrency = "USD"\nmarketplace = "US"\ntime_zone = "America/New_York"\n'
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "account.toml"


def test_the_example_reads() -> None:
    account = read_account(EXAMPLE)
    amazon, walmart = account.channels
    assert (account.currency, account.marketplace) == ("USD", "US")
    assert (amazon.platform, amazon.margin, amazon.attribution_days) == (Platform.AMAZON, 0.35, 14)
    assert amazon.brand_terms == ("acme", "acme shoes")
    assert (walmart.limits.max_bid, amazon.limits.max_bid) == (3.0, None)


def test_the_platform_is_the_channels_name_unless_stated() -> None:
    text = ABOUT + '[channel.google]\n[channel.instacart]\nplatform = "other"\n'
    assert [channel.platform for channel in parse_account(text).channels] == [Platform.GOOGLE, Platform.OTHER]


def test_limits_and_jitter_are_inherited_key_by_key() -> None:
    text = (
        ABOUT
        + "[limits]\nmax_bid = 4\nmin_clicks = 5\n[jitter]\nsize = 0.05\n"
        + "[channel.amazon]\n[channel.amazon.limits]\nmax_bid = 2\n"
    )
    channel = parse_account(text).channels[0]
    assert (channel.limits.max_bid, channel.limits.min_clicks, channel.jitter.size) == (2.0, 5, 0.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[channel.amazon]\nmargn = 1", r'\[channel.amazon\]: unknown key "margn". Did you mean "margin"'),
        ("[chanel.amazon]", 'unknown key "chanel". Did you mean "channel"'),
        ("[channel.amazn]", 'unknown platform "amazn". Did you mean "amazon"'),
        ("[channel.amazon.limits]\nmaxbid = 1", r'limits\]: unknown key "maxbid". Did you mean "max_bid"'),
        ("[channel.amazon]\nmargin = 35", "0.35 for 35 %"),
        ("[channel.amazon]\nmargin = '0.3'", "margin must be a number"),
        ("[channel.amazon]\ntarget_roas = 4\ntarget_acos = 0.2", "cannot hold together"),
        ("[channel.amazon]\nattribution_days = 10", "one of 1, 7, 14, 30"),
        ("[channel.amazon]\ncampaigns = [123]", "ids stand in quotation marks"),
        ("[channel.amazon]\nprofile = 123", "must be text in quotation marks"),
        ("[channel.amazon.jitter]\nsize = 0.5", "jitter size 0.5 is not between"),
        ("[channel.amazon.limits]\nmin_bid = 3\nmax_bid = 2", "min_bid 3 is above max_bid 2"),
        ("[channel.amazon.limits]\ncool_down_days = 1.5", "whole number"),
        ("[channel.amazon.limits]\nmin_bid = -1", "must not be below 0"),
        ("[channel.amazon]\nvalue_halo = 1", "true or false"),
        ("[[channel]]\nname = 'amazon'", "with single brackets"),
        ("", "there is no channel"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(text: str, message: str) -> None:
    with pytest.raises(BidError, match=message):
        parse_account(ABOUT + text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"USD"', '"EUR"', "marketplace US is in USD, the account in EUR"),
        ('"USD"', '"dollars"', "code of three letters"),
        ('"US"', '"XX"', 'unknown marketplace "XX"'),
        ("New_York", "Nowhere", 'time_zone "America/Nowhere" is not known'),
        ("name =", "nam =", 'Did you mean "name"'),
    ],
)
def test_the_account_itself_is_checked(old: str, new: str, message: str) -> None:
    with pytest.raises(BidError, match=message):
        parse_account(ABOUT.replace(old, new) + "[channel.amazon]\n")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BidError, match=r"none.toml: cannot be read"):
        read_account(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[account")
    with pytest.raises(BidError, match=r"bad.toml: this is no valid TOML"):
        read_account(tmp_path / "bad.toml")
