"""What shapes the report. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.figures.spec import FiguresSpec, Sides
from fusion.spec import Spec


@dataclass(frozen=True)
class ReportSpec(Spec):
    """What shapes the page, beside its inputs.

    Attributes
    ----------
    tables
        Names of the further tables, in the order of their files.
    figures
        Names of the figures, in the order of their files.
    operands
        Contrast -> its sides.
    labels
        Model -> its name as people write it.
    over_time
        Networks whose r over time is shown at every site.
    benchmarks
        Folder of the jobs' run times.
    """

    tables: tuple[str, ...]
    figures: tuple[str, ...]
    operands: dict[str, Sides]
    labels: dict[str, str]
    over_time: tuple[str, ...]
    benchmarks: str


@dataclass(frozen=True)
class ExportSpec(Spec):
    """What is exported.

    Attributes
    ----------
    tables
        Names of the tables among the inputs.
    figures
        What shapes the figures.
    widths
        Width (mm) and the figures that are drawn at it, in the order of the files.
    """

    tables: tuple[str, ...]
    figures: FiguresSpec
    widths: tuple[tuple[int, tuple[str, ...]], ...]
