"""What shapes the report. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from fusion.figures.spec import Sides
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
    benchmarks
        Folder of the jobs' run times.
    """

    tables: tuple[str, ...]
    figures: tuple[str, ...]
    operands: dict[str, Sides]
    labels: dict[str, str]
    benchmarks: str
