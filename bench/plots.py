"""Bar charts as SVG: a picture for each group of measures, a panel for each measure.

Each panel has a scale of its own that begins at zero, so the lengths in it are true ratios; a bar
so long that it would leave none of the others visible is cut, and marked with a gap.
"""

from collections.abc import Sequence
from html import escape

from bench.lines import number
from bench.results import Result

_ROW, _HEAD, _FOOT, _GAP = 22, 46, 10, 28
_LABEL, _BAR, _VALUE = 190, 380, 90
_WIDTH = _LABEL + _BAR + _VALUE
_OURS, _THEIRS, _FLOOR, _INK, _FAINT = "#0b7285", "#adb5bd", "#dee2e6", "#212529", "#868e96"
# A bar is cut at this multiple of the longest but one third of the bars.
_CUT = 4.0


def picture(results: Sequence[tuple[Result, str]], ours: set[str], floors: set[str]) -> str:
    """The SVG of some results, each with what it says."""
    panels, y = list[str](), _GAP / 2
    for result, what in results:
        drawn, height = _panel(result, what, y, ours, floors)
        panels.append(drawn)
        y += height + _GAP
    height = y - _GAP / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}"'
        f' width="{_WIDTH}" height="{height:g}" font-family="sans-serif">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n' + "".join(panels) + "</svg>\n"
    )


def scale(values: Sequence[float]) -> float:
    """The value at which a panel ends: the largest, unless it would make the others invisible."""
    ordered = sorted(values)
    usual = ordered[len(ordered) * 2 // 3] if len(ordered) > 2 else ordered[-1]
    return max(min(ordered[-1], usual * _CUT), 1e-12)


def _panel(
    result: Result, what: str, top: float, ours: set[str], floors: set[str]
) -> tuple[str, float]:
    legs = list(result.values)
    figures = {leg: result.figure(leg) for leg in legs}
    middles = [found.middle for found in figures.values() if found]
    end = scale(middles) if middles else 1.0
    title = f"{result.name}, {result.unit}"
    parts = [
        _text(10, top + 14, title, _INK, size=14, weight="bold"),
        _text(10, top + 32, what, _FAINT, size=11),
    ]
    y = top + _HEAD
    for leg in legs:
        found = figures[leg]
        if found is None:
            continue
        color = _OURS if leg in ours else _FLOOR if leg in floors else _THEIRS
        length = max(min(found.middle / end, 1.0), 0.0) * _BAR
        parts.append(_text(_LABEL - 8, y + 14, leg, _INK, anchor="end"))
        parts.append(_rect(_LABEL, y + 3, length, _ROW - 6, color))
        edge = length
        if found.middle > end:
            parts.append(_rect(_LABEL + _BAR - 24, y + 1, 5, _ROW - 2, "#ffffff"))
        else:
            low, high = (min(value / end, 1.0) * _BAR for value in (found.low, found.high))
            parts.append(_rect(_LABEL + low, y + _ROW / 2 - 0.5, high - low, 1, _INK))
            edge = max(length, high)
        parts.append(_text(_LABEL + edge + 6, y + 15, number(found.middle), _INK))
        y += _ROW
    return "".join(parts), y + _FOOT - top


def _rect(x: float, y: float, width: float, height: float, color: str) -> str:
    size = f'width="{max(width, 0):.1f}" height="{height:g}"'
    return f'<rect x="{x:.1f}" y="{y:g}" {size} fill="{color}"/>\n'


def _text(
    x: float,
    y: float,
    text: str,
    color: str,
    size: int = 12,
    anchor: str = "start",
    weight: str = "normal",
) -> str:
    style = f'font-size="{size}" text-anchor="{anchor}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:g}" {style} fill="{color}">{escape(text)}</text>\n'
