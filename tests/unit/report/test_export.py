"""Exports hold what the tables hold: the volume, the labels, the notebook, the figures of journals;
and analyses are compared.
"""

import json
import re

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import yaml
from made_up_results import sites, write_results

from fusion.contrasts.spec import SITE_VERDICTS
from fusion.figures import style
from fusion.io.errors import InputError
from fusion.report import compare, export


@pytest.fixture(scope="module")
def table():
    return sites(2, 40)[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_results(
        tmp_path_factory.mktemp("one") / "one", subjects=2, electrodes=24, with_scores=False
    )


def test_the_volume_has_every_electrode_at_its_place(table):
    image = export.volume(table)
    data = np.asarray(image.dataobj)
    at = np.round(
        nib.affines.apply_affine(np.linalg.inv(image.affine), table[["x", "y", "z"]].to_numpy())
    ).astype(int)
    codes = table["verdict"].map(export.CODES).to_numpy()
    found = data[tuple(at.T)]
    assert (found > 0).all()
    # of electrodes within a few millimetres of each other the nearest is drawn
    assert (found == codes).mean() > 0.8
    ball = 4 / 3 * np.pi * export.RADIUS_MM**3
    assert (data > 0).sum() * 8 <= 1.3 * ball * len(table)


def test_nothing_is_drawn_where_the_space_is_not_known(table):
    elsewhere = table.assign(space="ACPC")
    assert not np.asarray(export.volume(elsewhere).dataobj).any()
    assert export.surface_label(elsewhere, "left").splitlines()[1] == "0"
    assert export.describe_volume(elsewhere)["Electrodes"] == 0


def test_labels_are_freesurfer_s(table, tmp_path):
    shown = table[table["verdict"].isin(SITE_VERDICTS)]
    assert len(shown) > 3
    for side in ("left", "right"):
        path = tmp_path / f"{side}.label"
        export.write_text(path, export.surface_label(table, side))
        read = nib.freesurfer.read_label(path, read_scalars=True)
        vertices, values = map(np.atleast_1d, read)
        places = np.loadtxt(path, skiprows=2, ndmin=2).reshape(-1, 5)[:, 1:4]
        own = shown[(shown["x"] < 0) == (side == "left")][["x", "y", "z"]].to_numpy()
        assert len(vertices) <= len(own) and len(set(vertices)) == len(vertices)
        distance = np.linalg.norm(places[:, None] - own[None], axis=2).min(axis=1)
        assert (distance <= export.NEAR_MM + 0.01).all()
        assert set(values) <= {export.CODES[verdict] for verdict in SITE_VERDICTS}


def test_the_electrodes_table_is_bids(table):
    made = export.electrodes(table)
    assert list(made)[:5] == ["name", "x", "y", "z", "size"] and len(made) == len(table)
    assert set(export.dictionary()) == set(made)
    json.loads(export.as_json(export.dictionary()))


def test_the_notebook_runs(folder):
    book = export.notebook(str(folder), 0.05, "after")
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    known = {}
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "cell", "exec"), known)  # noqa: S102
    ladder = known["ladder"]["holds"]
    assert ladder.is_monotonic_decreasing and ladder["signal"] > 0
    assert len(known["sites"]) == len(pd.read_csv(folder / "sites.tsv", sep="\t"))


@pytest.mark.parametrize("width_mm", style.JOURNAL_MM)
def test_figures_have_a_journal_s_width_and_embedded_fonts(tmp_path, width_mm):
    with style.drawn_at(width_mm):
        figure = style.new_figure(height=2)
    figure.subplots().set_title("costs $5 and $6, α")
    style.export(figure, tmp_path / "x.pdf", tmp_path / "x.svg")
    pdf, svg = (tmp_path / "x.pdf").read_bytes(), (tmp_path / "x.svg").read_text()
    width = float(re.search(rb"/MediaBox \[ 0 0 ([\d.]+)", pdf)[1])
    assert width == pytest.approx(width_mm / 25.4 * 72, abs=0.1)
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf
    assert "<text" not in svg, "text is outlines"
    assert figure.axes[0].get_title(loc="left") == "costs $5 and $6, α"
    assert not figure.axes[0].title.get_parse_math()


def test_two_analyses_side_by_side(folder, tmp_path):
    other = tmp_path / "other"
    write_results(other, subjects=2, electrodes=24, with_scores=False)
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["statistics"]["level"] = 0.01
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    same = compare.verdicts(folder, other)
    assert not same["changed"].any() and (same["why"] == "").all()
    table = pd.read_csv(other / "tables/evidence.tsv", sep="\t", dtype={"subject": str})
    sites_ = pd.read_csv(other / "sites.tsv", sep="\t", dtype={"subject": str})
    row = sites_[sites_["verdict"] == "beats linear"].iloc[0]
    one = (table["subject"] == row["subject"]) & (table["electrode"] == row["electrode"])
    table.loc[one & (table["claim"] == "linear"), ["holds", "q"]] = [False, 0.2]
    sites_.loc[row.name, "verdict"] = "beats unimodal"
    table.to_csv(other / "tables/evidence.tsv", sep="\t", index=False, na_rep="n/a")
    sites_.to_csv(other / "sites.tsv", sep="\t", index=False, na_rep="n/a")
    compare.main([str(folder), str(other), "--out", str(tmp_path / "out")])
    found = pd.read_csv(tmp_path / "out/verdicts.tsv", sep="\t", dtype={"subject": str})
    assert found["changed"].sum() == 1 and found["changed"].iloc[0]
    first = found.iloc[0]
    assert (first["verdict_one"], first["verdict_other"]) == ("beats linear", "beats unimodal")
    assert first["why"].startswith("linear: held (multimodal_vs_linear, q = ")
    assert first["why"].endswith("then not shown (multimodal_vs_linear, q = 0.2)")
    changed = pd.read_csv(tmp_path / "out/settings.tsv", sep="\t")
    assert changed.to_numpy().tolist() == [["statistics.level", 0.05, 0.01]]


def test_datasets_are_pooled_by_region(folder, tmp_path):
    other = tmp_path / "other"
    write_results(other, subjects=2, electrodes=24, with_scores=False, seed=5)
    atlas = pd.DataFrame({"region": ["ctx-lh-insula"], "hemisphere": ["L"]})
    pooled = compare.pooled_regions([folder, other], atlas, "bh")
    each = [pd.read_csv(one / "regions.tsv", sep="\t") for one in (folder, other)]
    for name in ("n_electrodes", "n_tested", "n_sites"):
        assert pooled[name].sum() == sum(one[name].sum() for one in each)
    assert pooled["n_datasets"].max() == 2 and pooled["n_subjects"].max() <= 4
    with pytest.raises(InputError, match="one name twice"):
        compare.pooled_regions([folder, folder], atlas, "bh")
    effects = compare.pooled_effects([folder, other], "bh")
    whole = [pd.read_csv(one / "tables/region_effects.tsv", sep="\t") for one in (folder, other)]
    for name in ("n_subjects", "n_electrodes"):
        assert effects[name].sum() == sum(one[name].sum() for one in whole)
    assert "one, other" in set(effects["datasets"])
