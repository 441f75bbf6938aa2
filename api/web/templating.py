"""A template's name and its values in, one self-contained page out."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from api.web.drawing import Picture


@dataclass(frozen=True)
class PicturePair:
    """The same plot for a desk and for a phone."""

    wide: Picture
    narrow: Picture


def render(template: str, **values: Any) -> str:
    """The page as text, with the style sheet inside; values are escaped."""
    environment = Environment(
        loader=FunctionLoader(_text), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
    )
    rendered: str = environment.get_template(template).render(style=Markup(_text("report.css")), **values)
    return rendered


def _text(name: str) -> str:
    return (files("api.web") / "templates" / name).read_text(encoding="utf-8")
