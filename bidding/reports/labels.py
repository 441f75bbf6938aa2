"""The words by which platforms name states, match types and strategies in; our values out."""

import numpy as np

from bidding.snapshot import BoolArray, IntArray, Match, Strategy, Texts

STOPPED = frozenset(
    {
        *("paused", "disabled", "inactive", "off", "ended", "suspended", "rejected", "draft", "false", "0", "no"),
        *("not delivering", "not eligible", "incomplete", "archived", "removed", "deleted", "completed", "expired"),
    }
)
GONE = frozenset({"archived", "removed", "deleted", "completed", "expired"})
MATCHES = {"exact": Match.EXACT, "phrase": Match.PHRASE, "broad": Match.BROAD}
STRATEGIES = {
    "dynamic bids - down only": Strategy.DOWN_ONLY,
    "dynamic bidding (down only)": Strategy.DOWN_ONLY,
    "legacy_for_sales": Strategy.DOWN_ONLY,
    "dynamic bids - up and down": Strategy.UP_AND_DOWN,
    "dynamic bidding (up and down)": Strategy.UP_AND_DOWN,
    "auto_for_sales": Strategy.UP_AND_DOWN,
    "fixed bid": Strategy.FIXED,
    "fixed bids": Strategy.FIXED,
    "fixed": Strategy.FIXED,
    "dynamic": Strategy.UP_AND_DOWN,
    "manual": Strategy.FIXED,
    "manual cpc": Strategy.FIXED,
    "manualcpc": Strategy.FIXED,
    "manual_cpc": Strategy.FIXED,
    "enhanced cpc": Strategy.UP_AND_DOWN,
    "enhancedcpc": Strategy.UP_AND_DOWN,
    "rule_based": Strategy.SMART,
    "rule-based bidding": Strategy.SMART,
    "": Strategy.FIXED,
}
PRODUCTS = {
    "sponsoredproducts": "SP",
    "sponsoredbrands": "SB",
    "sba": "SB",
    "sponsoreddisplay": "SD",
    "sponsoredvideo": "SV",
    "sponsoredvideos": "SV",
    "video": "SV",
}
SMART_WORDS = (
    *("target", "maximi", "maxclicks", "maxconversion", "percent", "commission", "roas", "rule", "smart", "automated"),
    *("lowest cost", "highest volume", "highest value", "cost cap", "bid cap", "cost per result"),
)


def products(text: str) -> str:
    """The ad product's short name; the text itself where it is not known."""
    plain = text.strip().casefold().replace(" ", "").replace("_", "")
    return PRODUCTS.get(plain, text.strip())


def running(texts: Texts) -> BoolArray:
    """Whether each state means that it runs. One that is not told, or no word for a stop, counts as running: consoles
    put remarks there too, such as "Below first page bid"; a bid for what does not run does no harm."""
    known = {text: _runs(text) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=bool)


def _runs(text: str) -> bool:
    plain = text.strip().casefold().replace("_", " ")
    return not any(plain == word or plain.startswith((f"{word} ", f"{word}:", f"{word},")) for word in STOPPED) and (
        "paused" not in plain
    )


def gone(texts: Texts) -> BoolArray:
    """Whether each state means that it can never run again."""
    return np.array([text.strip().casefold() in GONE for text in texts], dtype=bool)


def matches(texts: Texts) -> IntArray:
    """`Match` of each text such as "Exact", "Exact match" or "EXACT"; `NONE` of any other."""
    known = {text: MATCHES.get(text.strip().casefold().split(" ")[0], Match.NONE) for text in set(texts)}
    return np.array([known[text] for text in texts], dtype=np.int64)


def strategies(texts: Texts, unknown: set[str]) -> IntArray:
    """`Strategy` of each text. One that is not known is taken as up and down, the dearest, and added to `unknown`."""
    return np.array([_strategy(text.strip(), unknown) for text in texts], dtype=np.int64)


def _strategy(text: str, unknown: set[str]) -> Strategy:
    plain = text.casefold()
    if plain in STRATEGIES:
        return STRATEGIES[plain]
    if any(word in plain.replace("_", " ") for word in SMART_WORDS):
        return Strategy.SMART
    unknown.add(text)
    return Strategy.UP_AND_DOWN
