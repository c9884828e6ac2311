"""Made-up results with every figure drawn and the page written, once for all tests of the
report.
"""

import pytest
from helpers.runs import made_once
from made_up_results import write_results
from report_harness import draw, write_page


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """Results of three subjects, with all figures and the page."""

    def make(folder):
        write_results(folder)
        draw(folder)
        write_page(folder)

    return made_once(tmp_path_factory, "report_small", make)


@pytest.fixture(scope="session")
def large(tmp_path_factory):
    """Results of 1,090 electrodes over seven subjects, with the figures that need no fits, and the
    page.
    """

    def make(folder):
        write_results(folder, subjects=7, electrodes=1090, with_scores=False)
        draw(folder)
        write_page(folder)

    return made_once(tmp_path_factory, "report_large", make)
