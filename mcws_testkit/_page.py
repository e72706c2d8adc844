"""Page: a report as one HTML page that needs nothing else, to be looked at and passed on."""

from __future__ import annotations

from html import escape
from importlib import resources
from typing import Final

from ._diagram import draw
from ._drawing import drawing
from ._report import Report
from ._story import tell

PACKAGE: Final = __name__.rpartition(".")[0]

LEGEND: Final = (
    ("up", "to the server"),
    ("down", "to the client"),
    ("local", "what an end did"),
    ("fault", "fault of the schedule"),
)

KEYS: Final = (
    ("click", "an event, to see its frames and bytes"),
    ("drag", "to move"),
    ("Ctrl + wheel", "to zoom"),
    ("\N{UPWARDS ARROW} \N{DOWNWARDS ARROW}", "event before, event after"),
    ("f Shift + f", "next fault, fault before"),
    ("+ - 1 0 w", "in, out, 100 %, all, width"),
)


def page(report: Report) -> str:
    """Return the page of a report: all that ``Report.text`` has, with a diagram to zoom and click.

    It loads nothing, so it can be attached to anything. On paper the diagram is the one in text.
    """
    title = escape(report.title or "a simulation")
    return "".join(
        (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            '<meta name="viewport" content="width=device-width">\n',
            # Nothing of a hostile payload could load or run anything, even if escaping failed.
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n",
            f"<title>{escape(report.verdict_name)}: {title}</title>\n",
            f"<style>\n{_part('css')}</style>\n</head>\n<body>\n",
            _header(report, title),
            _diagram(report),
            f"<script>\n{_part('js')}</script>\n</body>\n</html>\n",
        )
    )


def _part(kind: str) -> str:
    return resources.files(PACKAGE).joinpath(f"_page.{kind}").read_text("utf-8")


def _header(report: Report, title: str) -> str:
    """Return the verdict, the schedule and the line that repeats the run."""
    told = "\n".join(report.verdict_lines)
    headline, *deviations = report.schedule
    rows = "".join(f"<li>{escape(each)}</li>" for each in deviations)
    problems = "".join(f"<li>{escape(each)}</li>" for each in report.unhandled)
    if problems:
        problems = f"<section><h2>errors that nobody handled</h2><ul>{problems}</ul></section>"
    replay = ""
    if report.replay:
        replay = (
            '<section><h2>repeat it with</h2><div class="replay">'
            f'<code id="replay">{escape(report.replay)}</code>'
            '<button id="copy" type="button">Copy</button></div></section>'
        )
    return (
        f"<header>\n<h1>{title}</h1>\n"
        f'<div class="verdict"><strong>{escape(report.verdict_name)}</strong>'
        f"<pre>{escape(told)}</pre></div>\n"
        f'<div class="facts"><section><h2>{escape(headline)}</h2><ul>{rows}</ul></section>'
        f"{problems}{replay}</div>\n</header>\n"
    )


def _diagram(report: Report) -> str:
    story = tell(report.trace, report.speech)
    if not story.moves:
        return '<main><p class="empty">Nothing happened on the network.</p></main>\n'
    parts = drawing(story)
    return (
        f"{_tools()}<main>\n"
        '<div class="sheet" tabindex="0" role="listbox" aria-label="sequence diagram">'
        f'<div class="stack"><div class="strip top">{parts.corner}{parts.heads}</div>'
        f'<div class="strip">{parts.axis}{parts.lanes}</div></div></div>\n'
        '<div class="ruler" aria-hidden="true"></div>\n'
        f'<aside id="detail" aria-label="the chosen event">{_help()}</aside>\n</main>\n'
        # Paper has no zoom, and an image is not broken between lines.
        f'<pre class="printed">{escape(draw(report.trace, report.speech))}</pre>\n'
    )


def _tools() -> str:
    buttons = (
        ("out", "-", "zoom out"),
        ("in", "+", "zoom in"),
        ("fit", "Fit", "show all"),
        ("width", "Width", "fit the width"),
        ("fault", "Next fault", "choose the next fault of the schedule"),
    )
    made = "".join(
        f'<button id="{id}" type="button" title="{what}" aria-label="{what}">{text}</button>'
        for id, text, what in buttons
    )
    rows = "".join(f'<span class="{kind}"><i></i>{text}</span>' for kind, text in LEGEND)
    return f'<nav>{made}<output id="zoom"></output><div class="legend">{rows}</div></nav>\n'


def _help() -> str:
    rows = "".join(f"<dt><kbd>{key}</kbd></dt><dd>{what}</dd>" for key, what in KEYS)
    return f"<h2>How to read this</h2><dl>{rows}</dl>"
