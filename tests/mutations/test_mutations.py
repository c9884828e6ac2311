"""Whatever happens to an input, reading it ends well or in one line: nothing runs, nothing is
written elsewhere, no library's traceback, no table that cannot be.

``FUSION_MUTATIONS=500`` tries 500 of each kind; ``benchmarks/mutations.py`` counts them.
"""

import os

import pytest

from mutations.kinds import KINDS
from mutations.run import run

SLOW = {"bids": 12, "edf": 6, "bdf": 3, "set": 6, "nwb": 5, "fif": 6, "mef": 4, "films": 12}
SLOW |= {"networks": 4, "transcripts": 25}


@pytest.mark.parametrize("name", KINDS)
def test_a_changed_input_is_read_or_refused(name, tmp_path):
    count = int(os.environ.get("FUSION_MUTATIONS", SLOW.get(name, 60)))
    outcome = run(name, count, tmp_path)
    assert not outcome.failures, "\n".join(outcome.failures)
    assert outcome.accepted + outcome.refused == count
    assert outcome.refused
