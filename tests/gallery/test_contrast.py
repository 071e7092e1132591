"""The colours of day and night are far enough apart to read: WCAG AA, 4.5 for text and 3 for edges of fields."""

import re

import pytest

from babelgen.gallery.pages import TEMPLATES

_CSS = (TEMPLATES / "assets/room.css").read_text()
_DAY, _NIGHT = (
    dict(re.findall(r"--(\w+): (#\w{6});", part)) for part in _CSS.split("prefers-color-scheme: dark")[:2]
)


def luminance(colour: str) -> float:
    """WCAG's relative luminance of `#rrggbb`, 0 to 1."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [_DAY, _NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("ink", ["ink", "soft", "accent"])
@pytest.mark.parametrize("ground", ["paper", "leaf", "tint"])
def test_text_can_be_read(colours: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(colours[ink], colours[ground]) >= 4.5


_GLOWS = re.findall(r"--glow: rgb\((\d+) (\d+) (\d+) / (\d+)%\);", _CSS)


def lit(ground: str, glow: tuple[str, ...]) -> str:
    """A ground where the lamp's glow is strongest."""
    red, green, blue, share = map(int, glow)
    under = [int(ground[at : at + 2], 16) for at in (1, 3, 5)]
    over = zip(under, (red, green, blue), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share / 100):02x}" for a, b in over)


@pytest.mark.parametrize(
    ("colours", "glow"), [*zip((_DAY, _NIGHT), _GLOWS, strict=True)], ids=["day", "night"]
)
@pytest.mark.parametrize("ink", ["ink", "soft", "accent"])
def test_text_can_be_read_under_the_lamp(colours: dict[str, str], glow: tuple[str, ...], ink: str) -> None:
    assert contrast(colours[ink], lit(colours["paper"], glow)) >= 4.5


@pytest.mark.parametrize("colours", [_DAY, _NIGHT], ids=["day", "night"])
@pytest.mark.parametrize("ground", ["paper", "leaf"])
def test_edges_of_fields_can_be_seen(colours: dict[str, str], ground: str) -> None:
    assert contrast(colours["edge"], colours[ground]) >= 3
    assert contrast(colours["paper"], colours["accent"]) >= 4.5
