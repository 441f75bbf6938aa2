"""Maps: every key is read, and every slip is an error that names the nearest right word."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurement.errors import PanelError
from measurement.panel import ControlKind, Level
from measurement.panel_map import ChannelMap, ControlMap, OutcomeMap, PanelMap, read_panel_map

FULL = """
[panel]
date = "time"
geo = "region"
population = "people"
currency = "USD"
country = "us"

[[outcome]]
name = "sales"
column = "conversions"
value_per_unit = "revenue_per_conversion"

[[channel]]
name = "amazon"
spend = "Channel0_spend"
exposure = "Channel0_impression"
level = "national"
geo_targetable = false

[[channel]]
name = "search"
spend = "Channel1_spend"

[[control]]
column = "branded_queries"
kind = "demand"

[[control]]
column = "weather"
"""


@pytest.fixture
def read(tmp_path):
    """Reads a map from its text."""

    def from_text(text):
        path = tmp_path / "panel.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_panel_map(path)

    return from_text


def test_every_key_is_read(read, tmp_path):
    assert read(FULL) == PanelMap(
        date="time",
        geo="region",
        population="people",
        currency="USD",
        country="US",
        outcomes=(OutcomeMap("sales", "conversions", "revenue_per_conversion"),),
        channels=(
            ChannelMap("amazon", "Channel0_spend", "Channel0_impression", Level.NATIONAL, geo_targetable=False),
            ChannelMap("search", "Channel1_spend"),
        ),
        controls=(ControlMap("branded_queries", ControlKind.DEMAND), ControlMap("weather", ControlKind.OTHER)),
        source=str(tmp_path / "panel.toml"),
    )


@pytest.mark.parametrize(
    ("right", "wrong", "parts"),
    [
        ("[[channel]]", "[[chanel]]", ["section", "'chanel'", "did you mean 'channel'?"]),
        ("exposure =", "exposures =", ["'exposures'", "did you mean 'exposure'?"]),
        ("currency =", "curency =", ["'curency'", "did you mean 'currency'?"]),
        ('"national"', '"nationwide"', ["level", "did you mean 'national'?"]),
        ('"demand"', '"demands"', ["kind", "did you mean 'demand'?"]),
        ("= false", '= "no"', ["geo_targetable", "true or false"]),
        ('"time"', "7", ["date", "text in quotation marks"]),
        ('"us"', '"XQ"', ["country", "XQ", "ISO"]),
        ('name = "search"\n', "", ["lacks 'name'"]),
        ('"search"', '"Amazon"', ["channel 'Amazon' is named twice"]),
        ('"Channel1_spend"', '"Channel0_spend"', ["column 'Channel0_spend' is named twice"]),
        ('"weather"', '"time"', ["column 'time' is named twice"]),
        ("[[outcome]]", "[outcome]", ["[[outcome]]", "two brackets"]),
        ("[panel]", "[panel", ["not valid TOML"]),
    ],
)
def test_a_slip_is_named_with_its_remedy(read, right, wrong, parts):
    assert right in FULL
    with pytest.raises(PanelError) as caught:
        read(FULL.replace(right, wrong, 1))
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_no_outcome_of_several_may_take_the_name_of_their_sum():
    with pytest.raises(PanelError, match="rename it"):
        PanelMap(outcomes=(OutcomeMap("total", "a"), OutcomeMap("shop", "b")))
    assert PanelMap(outcomes=(OutcomeMap("total", "a"),)).outcomes[0].name == "total"


def test_files_that_are_no_maps(tmp_path, read):
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(PanelError):
            read_panel_map(path)
    with pytest.raises(PanelError, match="UTF-8"):
        read("[panel]\ndate = 'fällig'".encode("latin-1"))
    assert read("") == PanelMap(source=str(tmp_path / "panel.toml"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(content=st.binary(max_size=60), where=st.integers(0, len(FULL)))
def test_no_text_leads_to_anything_but_a_map_or_a_refusal(tmp_path_factory, content, where):
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(FULL.encode()[:where] + content + FULL.encode()[where:])
    with contextlib.suppress(PanelError):
        assert isinstance(read_panel_map(path), PanelMap)
