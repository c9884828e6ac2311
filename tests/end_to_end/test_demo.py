"""The demo from end to end: it finds what was planted, says nothing where nothing was, and has
nothing left to do.
"""

import re
from pathlib import Path

import pandas as pd
import pytest
from helpers.runs import checkout, made_once, snakemake

from fusion.contrasts.spec import RUNG_VERDICTS, VERDICTS
from fusion.demo import confusion

CONFIG = Path(__file__).parent / "demo.yaml"
KEYS = {"subject": str, "electrode": str}


@pytest.fixture(scope="session")
def short(tmp_path_factory):
    """A checkout in which the shortened demo has run to its end: shared by all tests, not to be
    changed.
    """
    return made_once(
        tmp_path_factory, "short", lambda folder: snakemake(checkout(folder), config=CONFIG)
    )


def results(folder):
    return folder / "results" / "short"


def joined(folder):
    sites = pd.read_csv(results(folder) / "sites.tsv", sep="\t", dtype=KEYS)
    truth = pd.read_csv(results(folder) / "intermediate/truth.tsv", sep="\t", dtype=KEYS)
    return confusion.join(sites, truth)


@pytest.mark.slow
def test_planted_kinds_are_told_apart(short):
    verdicts = joined(short)
    table = confusion.confusion(verdicts, VERDICTS).set_index("planted")
    shown = f"\n{table.to_string()}"
    tested = table.drop(columns="not tested")
    above = list(RUNG_VERDICTS.values())
    for kind in ("vision", "language"):
        assert tested.loc[kind, kind] >= 0.5 * tested.loc[kind].sum(), shown
        assert tested.loc[kind, above].sum() == 0, shown
    assert tested.loc["both", above].sum() == 0, shown
    assert tested.loc["colour", "beats linear"] >= 0.5 * tested.loc["colour"].sum(), shown
    assert tested.loc["none", "none"] >= 0.75 * tested.loc["none"].sum(), shown
    assert tested.loc["none", above].sum() <= 1, shown


@pytest.mark.slow
def test_the_headline_is_the_planted_truth_rung_by_rung(short):
    """At each rung but the last at least half of the electrodes at which it is true are found, and
    of those found few are wrong; the page's headline has the same counts.

    The last rung needs more film than this: what its test finds before correction is asked.
    """
    found = pd.read_csv(results(short) / "tables/rungs.tsv", sep="\t").set_index("rung")
    shown = f"\n{found.to_string()}"
    assert (found["true"] >= 0.5 * found["planted"]).drop("interaction").all(), shown
    assert (found["holds"] - found["true"] <= 1).all(), shown
    assert found["holds"].is_monotonic_decreasing, shown
    planted = pd.read_csv(results(short) / "tables/controls_planted.tsv", sep="\t")
    test = planted[planted["quantity"].eq("slip: interaction")]
    share = test.set_index("alignment").loc["language"]
    assert share["joint"] >= 0.5, planted
    assert share[["vision", "language", "both"]].max() <= 0.25, planted
    page = (results(short) / "report.html").read_text()
    counts = dict(re.findall(r'data-key="rung\.(\w+)\.count">(\d+)<', page))
    assert {rung: int(count) for rung, count in counts.items()} == found["holds"].to_dict()


@pytest.mark.slow
def test_confusion_table_is_in_the_log(short):
    table = pd.read_csv(results(short) / "tables/confusion.tsv", sep="\t")
    assert set(table["planted"]) == set(confusion.PLANTED)
    assert table.drop(columns="planted").to_numpy().sum() == len(joined(short))
    log = (short / "logs/short/planted/planted.log").read_text()
    assert "planted kind" in log and "sensitivity" in log


@pytest.mark.slow
def test_contacts_that_cannot_be_tested_say_why(short):
    sites = pd.read_csv(results(short) / "sites.tsv", sep="\t", dtype=KEYS)
    untested = sites[~sites["tested"]]
    # both ends of each shaft, and the neighbour of the bad contact at the end of the last
    contacts = pd.read_csv(next(results(short).glob("bids/sub-01/ieeg/*_electrodes.tsv")), sep="\t")
    shafts = contacts["name"].str[0].nunique()
    assert len(untested) == sites["subject"].nunique() * (2 * shafts + 1)
    assert untested["reason"].str.len().gt(5).all()
    assert untested["verdict"].eq("not tested").all()


@pytest.mark.slow
def test_there_is_nothing_left_to_do(short):
    ran = snakemake(short, "--dry-run", config=CONFIG)
    assert "Nothing to be done" in ran.stdout


@pytest.mark.slow
def test_outputs_are_there(short):
    for name in (
        "sites.tsv",
        "regions.tsv",
        "report.html",
        "tables/confusion.tsv",
        "config.yaml",
        "intermediate/truth.tsv",
    ):
        assert (results(short) / name).stat().st_size > 0, name
    parts = [path for path in results(short).rglob(".part-*")]
    assert not parts, "half-written files"
