"""Text that a spreadsheet would run as a formula, known before it is written."""

COMMANDS = ("=", "@", "\t", "\r", "\n")
SIGNS = ("+", "-")
CALLS = ("|", "!", "(", "=", "@")
FULL_WIDTH = {"＝": "=", "＠": "@", "＋": "+", "－": "-"}


def runs_as_formula(text: str) -> bool:
    """Whether a spreadsheet that opens a CSV file would run this cell.

    A keyword such as "+red +shoes" begins with a sign too; only a sign before something that can call is dangerous.
    """
    plain = "".join(FULL_WIDTH.get(character, character) for character in text[:1]) + text[1:]
    if plain.startswith(COMMANDS):
        return True
    return plain.startswith(SIGNS) and any(call in plain for call in CALLS)
