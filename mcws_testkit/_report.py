"""Report: all that is told of a run that failed, from the verdict to the line that repeats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ._diagram import WIDTH, draw
from ._escaped import line
from ._speech import Speech
from ._trace import Trace

VERDICT_MAX: Final = 400
"""Characters of one line of a verdict: an assertion shows values, and those may be long."""
DEVIATION_MAX: Final = 160
"""Characters of one deviation; a schedule says each in a few words."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is told of one run of a simulation.

    Attributes:
        verdict: what the run ended with.
        deviations: in which way the schedule was not the benign one, each in words; empty if it
            was.
        trace: all that happened on the simulated network.
        speech: what the connections speak, so that frames can be read.
        replay: the line that repeats this run; empty if there is none.
        title: the name of the test.
        problems: the errors that nobody handled, one line for each; the cause is often among them.
    """

    verdict: BaseException
    deviations: tuple[str, ...]
    trace: Trace
    speech: Speech
    replay: str = ""
    title: str = ""
    problems: tuple[str, ...] = ()

    @property
    def verdict_name(self) -> str:
        """The class of the verdict."""
        return type(self.verdict).__name__

    @property
    def verdict_lines(self) -> tuple[str, ...]:
        """What the verdict says, line by line, each escaped."""
        try:
            text = str(self.verdict)
        except Exception:
            # An exception of the program under test may be as wrong as the rest of it.
            text = ""
        return tuple(line(each, VERDICT_MAX) for each in text.splitlines())

    @property
    def schedule(self) -> tuple[str, ...]:
        """What the schedule did, as a headline and then one line for each deviation."""
        if not self.deviations:
            return ("benign: nothing was disturbed",)
        return ("benign except", *(line(each, DEVIATION_MAX) for each in self.deviations))

    @property
    def unhandled(self) -> tuple[str, ...]:
        """The errors that nobody handled, each escaped."""
        return tuple(line(each, VERDICT_MAX) for each in self.problems)

    def text(self, *, has_diagram: bool = True) -> str:
        """Return the report as plain text, to be read below a traceback."""
        headline, *deviations = self.schedule
        name, *more = self.verdict_lines or ("",)
        parts = [
            "\n  ".join([f"{self.verdict_name}: {name}".rstrip(": "), *more]),
            "\n  ".join([headline, *deviations]),
        ]
        if self.problems:
            parts.append("\n  ".join(["errors that nobody handled", *self.unhandled]))
        if has_diagram:
            parts.append(draw(self.trace, self.speech))
        if self.replay:
            parts.append(f"repeat it with\n  {self.replay}")
        title = f" {line(self.title, WIDTH - 10)} " if self.title else ""
        return "\n\n".join([f"{f'-- simulation{title}':-<{WIDTH}}", *parts])
