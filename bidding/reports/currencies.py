"""Currencies (ISO 4217) by the signs that consoles and spreadsheets write before or after an amount."""

DOLLARS = frozenset({"USD", "CAD", "AUD", "MXN", "SGD", "NZD", "HKD", "TWD", "ARS", "CLP", "COP", "BRL"})
CROWNS = frozenset({"SEK", "NOK", "DKK", "CZK", "ISK"})
SIGNS: dict[str, frozenset[str]] = {
    "$": DOLLARS,
    "us$": frozenset({"USD"}),
    "c$": frozenset({"CAD"}),
    "ca$": frozenset({"CAD"}),
    "a$": frozenset({"AUD"}),
    "au$": frozenset({"AUD"}),
    "mx$": frozenset({"MXN"}),
    "mex$": frozenset({"MXN"}),
    "s$": frozenset({"SGD"}),
    "r$": frozenset({"BRL"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP"}),
    "e£": frozenset({"EGP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "￥": frozenset({"JPY", "CNY"}),
    "円": frozenset({"JPY"}),
    "₹": frozenset({"INR"}),
    "rs": frozenset({"INR"}),
    "zł": frozenset({"PLN"}),
    "kr": CROWNS,
    "₺": frozenset({"TRY"}),
    "tl": frozenset({"TRY"}),
    "r": frozenset({"ZAR"}),
    "fr": frozenset({"CHF"}),
    "sfr": frozenset({"CHF"}),
    "kč": frozenset({"CZK"}),
    "د.إ": frozenset({"AED"}),
    "ر.س": frozenset({"SAR"}),
}
CODES = frozenset().union(*SIGNS.values())


def currencies_of_sign(sign: str) -> frozenset[str]:
    """Which currencies a sign or code may mean; none where it is no sign of a currency."""
    plain = sign.strip().rstrip(".").casefold()
    if plain.upper() in CODES:
        return frozenset({plain.upper()})
    return SIGNS.get(plain, frozenset())


def is_code(text: str) -> bool:
    """Whether this looks like an ISO 4217 code, known or not: three capital letters."""
    return len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()
