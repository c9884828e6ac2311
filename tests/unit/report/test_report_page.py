"""The page: every number in its text is the tables', it holds all it shows, and it reads true when
there is little to say.
"""

import base64
import csv
import dataclasses
import json
import math
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml
from helpers.runs import REPOSITORY
from made_up_results import write_results
from report_harness import draw, write_page

from fusion.contrasts.spec import TESTS
from fusion.figures import names, read, registry
from fusion.figures.spec import FIGURES
from fusion.io.tables import read_tsv
from fusion.report import assemble, controls, methods, page, provenance, story
from fusion.report.references import WORKS

MISSING = ("", "n/a")


class Page(HTMLParser):
    """Numbers, tables, figures, ids, links and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.numbers, self.tables, self.images, self.ids, self.loads, self.links, self.text = (
            [],
            {},
            [],
            [],
            [],
            [],
            [],
        )
        self._key, self._table, self._cell, self._skip, self._filters = None, None, None, 0, False
        self.feed(Path(path).read_text())
        self.words = " ".join("".join(self.text).split())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in ("span", "strong", "em", "code", "a"):
            self.text.append(" ")
        self.ids += [given["id"]] if "id" in given else []
        self.loads += [
            value
            for name in ("src", "srcset", "data", "action", "poster")
            if (value := given.get(name))
        ]
        if tag in ("link", "a") and "href" in given:
            (self.loads if tag == "link" else self.links).append(given["href"])
        if tag == "img":
            self.images.append(given)
        if tag in ("script", "style"):
            self._skip += 1
        if tag == "span" and "data-key" in given:
            self._key = given["data-key"]
        if tag == "table":
            self._table = self.tables[given["id"]] = []
        if tag == "tr":
            self._filters = given.get("class") == "filters"
        if tag == "tr" and self._table is not None and not self._filters:
            self._table.append([])
        if tag in ("td", "th") and self._table is not None and not self._filters:
            self._cell = [given.get("data-value"), ""]
            self._table[-1].append(self._cell)

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._skip -= 1
        if tag in ("td", "th"):
            self._cell = None
        if tag == "table":
            self._table = None

    def handle_data(self, data):
        if self._skip:
            return
        self.text.append(data)
        if self._key:
            self.numbers.append((self._key, data))
            self._key = None
        if self._cell is not None:
            self._cell[1] += data


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def wilson(k, n, z=1.959963984540054):
    middle, half = (
        (k + z * z / 2) / (n + z * z),
        z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4),
    )
    return {
        "share": 100 * k / n,
        "low": 100 * (middle - half),
        "high": 100 * (middle + half),
        "count": k,
        "of": n,
    }


def median(values):
    values, n = sorted(values), len(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


def by_hand(folder, key):
    """Return the number under ``key``, counted from the files with nothing but the standard
    library.
    """
    sites, regions = (
        rows(folder / "sites.tsv"),
        [r for r in rows(folder / "regions.tsv") if r["region"] != "unknown"],
    )
    covered = [r for r in regions if int(r["n_electrodes"]) > 0]
    channels = [row for path in folder.glob("intermediate/electrodes/*.tsv") for row in rows(path)]
    tested = [s for s in sites if s["tested"].lower() == "true"]
    plain = {
        "subjects": len({s["subject"] for s in sites}),
        "sites.all": len(sites),
        "sites.tested": len(tested),
        "sites.untested": len(sites) - len(tested),
        "recordings": len(list(folder.glob("intermediate/electrodes/*.tsv"))),
        "channels.all": len(channels),
        "channels.kept": sum(c["kept"].lower() == "true" for c in channels),
        "channels.dropped": sum(c["kept"].lower() != "true" for c in channels),
        "regions.covered": len(covered),
        "regions.uncovered": len(regions) - len(covered),
        "regions.positive": sum(int(r["n_sites"]) > 0 for r in covered),
        "regions.passing": sum(r["q"] not in MISSING and float(r["q"]) < 0.05 for r in covered),
        "regions.unknown": sum(s["region"] in MISSING for s in sites),
    }
    if key in plain:
        return plain[key]
    first, *rest = key.split(".")
    if first == "verdict":
        return sum(s["verdict"] == rest[0] for s in sites)
    if first == "site":
        found = sum(s["verdict"] in ("interaction", "beats linear") for s in sites)
        return wilson(found, len(tested))[rest[0]]
    if first == "rung":
        return rung(sites, *rest)
    if first == "events":
        return sum(events for alignment, events, *_ in responses(folder) if alignment == rest[0])
    if key == "film.minutes":
        spans = responses(folder)
        return (max(s[3] for s in spans) - min(s[2] for s in spans)) / 60
    if first in TESTS:
        made = [s[first] for s in sites if s[first] not in MISSING]
        return wilson(sum(value.lower() == "true" for value in made), len(made))[rest[0]]
    if first == "contrast":
        contrast, alignment, *what = rest
        own = [row for row in primary_rows(folder) if row["contrast"] == contrast]
        own = [row for row in own if row["alignment"] == alignment]
        effects = [str(row["effect"]) for row in own]
        qs = [str(row["q"]) for row in own]
        made = [(float(e), float(q)) for e, q in zip(effects, qs, strict=True) if e not in MISSING]
        found = [e for e, q in made if q < 0.05]
        if what == ["median_found"]:
            return median(found)
        if what[0] == "found":
            return wilson(len(found), len(made))[what[1]]
        if what == ["detectable"]:
            widths = [row["ci_high"] - row["ci_low"] for row in own]
            # 95% of Student's t with 29 degrees of freedom
            return (1.6448536 + 0.8416212) * median(widths) / 2 / 2.045229642
    if key == "alpha.gain":
        return 0
    raise AssertionError(f"the page uses a number that this test does not know: {key}")


@cache
def primary_rows(folder):
    """Return the contrasts that were tested in the primary window."""
    table = pd.read_parquet(folder / "tables/contrasts.parquet")
    return table[table["tested"] & (table["window"] == "after")].to_dict("records")


def rung(sites, name, what):
    """Return a number of one rung of the ladder, counted by hand."""
    q = [float(s[f"q_{name}"]) for s in sites if s[f"q_{name}"] not in MISSING]
    return wilson(sum(value < 0.05 for value in q), len(q))[what]


def responses(folder):
    """Return (alignment, events, first_s, last_s) of every response file."""
    found = []
    for path in sorted(folder.glob("intermediate/responses/*.nc")):
        with h5py.File(path) as file:
            onsets = file["onset_s"][:]
            found.append((path.stem.rsplit("_", 1)[1], len(onsets), onsets.min(), onsets.max()))
    return found


def number(text):
    return float(text.replace("\u2212", "-").replace("\u202f", ""))


@pytest.fixture(scope="session")
def parsed(small):
    return Page(small / "report.html")


def test_every_number_in_the_text_is_the_tables(small, parsed):
    assert len(parsed.numbers) > 50
    for key, text in parsed.numbers:
        expected = by_hand(small, key)
        assert number(text) == pytest.approx(
            expected,
            rel=6e-3,
            abs=0.051 if key.rsplit(".")[-1] in ("share", "low", "high") else 1e-9,
        ), key


def test_every_number_with_1090_electrodes(large):
    parsed = Page(large / "report.html")
    wrong = [
        (key, text)
        for key, text in parsed.numbers
        if number(text) != pytest.approx(by_hand(large, key), rel=6e-3, abs=0.051)
    ]
    assert wrong == [] and len(parsed.tables["sites"]) == 1 + len(rows(large / "sites.tsv"))
    assert len((large / "report.html").read_bytes()) < 12e6


def test_the_answers_sentences_hold_the_numbers(small, parsed):
    used = [key for key, _ in parsed.numbers]
    for key in (
        "sites.all",
        "subjects",
        "sites.tested",
        "rung.signal.count",
        "rung.unimodal.count",
        "rung.linear.count",
        "rung.interaction.count",
        "contrast.slip_vs_simclr.language.found.count",
    ):
        assert key in used[:40], key


def test_the_headline_is_the_ladder(small, parsed):
    """Each count is that of the verdicts at its rung or above; interaction is part of it."""
    sites = rows(small / "sites.tsv")
    above = {"unimodal": ["interaction", "beats linear", "beats unimodal"]}
    above["linear"], above["interaction"] = above["unimodal"][:2], above["unimodal"][:1]
    counts = dict(parsed.numbers)
    for name, verdicts in above.items():
        found = sum(s["verdict"] in verdicts for s in sites)
        assert int(counts[f"rung.{name}.count"]) == found > 0
    words = parsed.words.split("Colour by")[0]
    assert "the joint part of a network adds to vision and language at" in words
    assert "integration" not in words


def test_the_table_of_sites_is_the_file(small, parsed):
    head, *body = parsed.tables["sites"]
    columns = [cell[1] for cell in head]
    file = rows(small / "sites.tsv")
    assert len(body) == len(file)
    decisive = {}
    contrasts = pd.read_parquet(small / "tables/contrasts.parquet")
    contrasts = contrasts[
        (contrasts["contrast"] == "slip_vs_simclr") & (contrasts["window"] == "after")
    ]
    for row in contrasts[contrasts["tested"]].to_dict("records"):
        key = row["subject"], row["electrode"]
        if key not in decisive or row["effect"] > decisive[key]["effect"]:
            decisive[key] = row
    for cells, row in zip(body, file, strict=True):
        shown = dict(zip(columns, cells, strict=True))
        for column in ("subject", "electrode", "verdict", "reason"):
            assert shown[column][1] == row[column]
        for column, value in (("r", row["r_best"]), ("latency (ms)", row["latency_ms"])):
            if value in MISSING:
                assert shown[column][1] == "n/a"
            else:
                assert float(shown[column][0]) == pytest.approx(float(value), rel=1e-5)
        own = decisive.get((row["subject"], row["electrode"]))
        for column in ("effect", "q"):
            if own is None:
                assert shown[column][1] == "n/a"
            else:
                assert float(shown[column][0]) == pytest.approx(own[column], rel=1e-4)


def test_the_table_of_contrasts_counts_what_passes(small, parsed):
    head, *body = parsed.tables["contrasts"]
    names = [cell[1] for cell in head]
    for cells in body:
        shown = {name: cell[1] for name, cell in zip(names, cells, strict=True)}
        if shown["window"] == "after":
            ids = shown["contrast"].replace(" ", "_"), shown["events"]
            own = [r for r in primary_rows(small) if (r["contrast"], r["alignment"]) == ids]
            assert int(shown["q < 0.05"]) == sum(row["q"] < 0.05 for row in own)
            assert int(shown["tested"]) == len(own)


def test_the_page_holds_everything(small, parsed):
    assert all(load.startswith("data:") for load in parsed.loads)
    inside = {link[1:] for link in parsed.links if link.startswith("#")}
    works = ("https://doi.org/", "https://arxiv.org/abs/")
    beside = [link for link in parsed.links if not link.startswith(("#", *works))]
    assert inside <= set(parsed.ids)
    file = r"((figures|tables)/)?\w+\.(tsv|parquet|svg|png|md|bib|yaml)"
    assert all(re.fullmatch(file, link) for link in beside)
    for link in beside:
        if link.startswith("figures/") or link in ("methods.md", "references.bib", "sites.tsv"):
            assert (small / link).exists(), link
    assert len(parsed.ids) == len(set(parsed.ids))
    assert len(parsed.images) == len(FIGURES) + 1 and all(
        len(image["alt"]) > 30 for image in parsed.images
    )
    assert "default-src 'none'" in (small / "report.html").read_text()


def test_captions_name_what_is_drawn():
    for name, figure in FIGURES.items():
        words = (REPOSITORY / f"workflow/report/{figure.caption or name}.rst").read_text()
        assert len(words) > 120, name
        assert page.paragraphs(words)[0]


def test_captions_are_plain_restructured_text():
    from docutils.core import publish_doctree

    for path in Path(__file__).parents[3].joinpath("workflow/report").glob("*.rst"):
        tree = publish_doctree(
            path.read_text(), settings_overrides={"report_level": 1, "halt_level": 2}
        )
        assert len(tree.children) >= 1


def known(folder):
    text = (folder / "report.html").read_text()
    return json.loads(re.search(r'id="known">(.*?)</script>', text, re.DOTALL)[1])


def test_what_the_brain_is_given_is_the_tables(small):
    data, sites = known(small), rows(small / "sites.tsv")
    contrasts = pd.read_parquet(small / "tables/contrasts.parquet")
    contrasts = contrasts[contrasts["window"] == "after"].set_index(
        ["contrast", "alignment", "subject", "electrode"]
    )
    assert len(data["keys"]) == len(sites)
    looks = {look["name"] for look in data["verdicts"]}
    for k, row in enumerate(sites):
        assert data["keys"][k] == f"{row['subject']}|{row['electrode']}"
        assert data["xyz"][k] == pytest.approx([float(row[c]) for c in "xyz"], abs=0.051)
        assert data["verdict"][k] == row["verdict"] and row["verdict"] in looks
        if row["verdict"] in ("none", "not tested"):
            assert (data["network"][k], data["modality"][k]) == ("", "no signal")
    assert len(data["measures"]) == 2 * len(set(contrasts.index.get_level_values(0)))
    one = next(m for m in data["measures"] if m["name"] == "slip vs simclr, language events")
    for k, key in enumerate(data["keys"]):
        where = ("slip_vs_simclr", "language", *key.split("|"))
        value = contrasts["effect"].get(where, math.nan)
        assert (one["effect"][k] is None) == math.isnan(value)
        if one["effect"][k] is not None:
            assert one["effect"][k] == pytest.approx(value, rel=5e-3)


def test_r_over_time_is_the_scores(small):
    data = known(small)
    one = next(c for c in data["courses"] if c["events"] == "vision")
    r = np.frombuffer(base64.b64decode(one["r"]["bdata"]), "<i2").reshape(
        len(one["networks"]), len(one["at"]), len(one["ms"])
    )
    k = len(one["at"]) // 2
    subject, electrode = data["keys"][one["at"][k]].split("|")
    models = dict(zip(("SLIP-Combo", "SLIP-SimCLR"), ("slip", "slip_simclr"), strict=True))
    for network in set(one["networks"]) & (set(models) | set(models.values())):
        model = models.get(network, network)
        path = small / f"intermediate/encoding/{subject}_vision_{model}-trained-true/scores.parquet"
        own = pd.read_parquet(path)
        own = own[own["chosen"] & (own["electrode"] == electrode)].sort_values("bin_ms")
        assert own["bin_ms"].tolist() == one["ms"]
        line = r[one["networks"].index(network), k] * one["step"]
        assert line == pytest.approx(own["r_test"].to_numpy(), abs=6e-5)


def test_both_hemispheres_are_whole_surfaces(small):
    for mesh in known(small)["mesh"]:
        faces = np.stack(
            [np.frombuffer(base64.b64decode(mesh[c]["bdata"]), "<u2") for c in "ijk"], axis=1
        )
        edges = {tuple(sorted((f[i], f[(i + 1) % 3]))) for f in faces for i in range(3)}
        x = np.frombuffer(base64.b64decode(mesh["x"]["bdata"]), "<f4")
        assert len(x) - len(edges) + len(faces) == 2, "a sphere has Euler characteristic 2"
        assert (x.mean() < 0) == (mesh["name"] == "left")


def made(folder, change=None, figures=(), **options):
    """Write a page of small results after ``change`` of its files; without fits."""
    settings = {"subjects": 2, "electrodes": 24, "with_scores": False} | options
    write_results(folder, **settings)
    if change:
        change(folder)
    draw(folder, figures)
    return Page(write_page(folder))


def edit(folder, name, **columns):
    from fusion.io.tables import write_tsv

    write_tsv(read_tsv(folder / name, dtype=read.IDS).assign(**columns), folder / name)


def test_no_site_passes(tmp_path):
    page_ = made(tmp_path, effect=0.0, seed=2)
    assert "some model predicts 0, a multimodal model beats its unimodal rivals at 0" in page_.words
    assert "linearly at 0, the joint part of a network adds to vision and language at 0" in (
        page_.words
    )
    assert "smaller differences would mostly be missed" in page_.words
    data = known(tmp_path)
    assert set(data["verdict"]) <= {"none", "not tested", "undecided"}
    assert set(data["modality"]) == {"no signal"}


def test_nothing_could_be_tested(tmp_path):
    def change(folder):
        table = read_tsv(folder / "sites.tsv", dtype=read.IDS)
        empty = {
            c: "n/a"
            for c in table
            if c in TESTS or c.endswith(("_effect", "_q", "_p", "_ci_low", "_ci_high"))
        }
        edit(
            folder,
            "sites.tsv",
            tested=False,
            verdict="not tested",
            best_model="n/a",
            best_modality="n/a",
            r_best="n/a",
            latency_ms="n/a",
            **empty,
        )
        contrasts = pd.read_parquet(folder / "tables/contrasts.parquet")
        contrasts["tested"], contrasts["reason"] = False, "8 blocks of film time, fewer than 20"
        contrasts[["effect", "se", "ci_low", "ci_high", "t", "p", "q", "latency_ms"]] = float("nan")
        contrasts.to_parquet(folder / "tables/contrasts.parquet", index=False)

    words = made(tmp_path, change).words
    assert "could be tested, so this analysis gives no answer" in words
    assert (
        "No electrode could be tested. The reasons are under" in words
        and "8 blocks of film time, fewer than 20" in words
    )
    assert "nan" not in words.split()


def test_one_subject(tmp_path):
    words = made(tmp_path, subjects=1).words
    assert (
        "in 1 subject (" in words
        and "There is one subject: nothing here generalises to other people." in words
    )


def test_one_alignment(tmp_path):
    page_ = made(tmp_path, alignments=("language",))
    assert (
        "Only language events were analysed: tests 2 and 4, which need both alignments, are not"
        " made." in page_.words
    )
    tests = {row[0][1][0]: row[1][1] for row in page_.tables["multimodality"][1:]}
    assert tests["2"] == tests["4"] == "not made" and tests["1"] != "not made"
    assert "vision events" not in page_.words.split("Electrodes")[0]


def test_no_coordinates(tmp_path):
    words = made(tmp_path, space=None).words
    assert (
        "No electrode can be drawn on the template brain." in words
        and "sites have no coordinates" in words
    )
    assert known(tmp_path)["mesh"] is None
    assert "plotly.js" not in (tmp_path / "report.html").read_text()


def test_unknown_space(tmp_path):
    words = made(tmp_path, space="Other").words
    assert "in a space that is not MNI (Other)" in words
    assert known(tmp_path)["mesh"] is None
    assert "plotly.js" not in (tmp_path / "report.html").read_text()


def test_no_regions(tmp_path):
    words = made(tmp_path, regions=False).words
    assert "No electrode has a region, so nothing can be counted by region." in words
    assert (
        "Regions of electrodes are not known, so nothing is said about where in the brain sites are"
        in words
    )
    assert "covered regions" not in words


def test_a_section_appears_with_its_table():
    sections = controls.sections(
        {
            "leak": pd.DataFrame({"electrode": ["A1"], "r_leak": [0.1]}),
            "mine": pd.DataFrame({"x": [1]}),
        },
        set(),
    )
    assert [s.title for s in sections] == ["Leak meter", "Mine"]
    assert controls.sections({}, set()) == []
    together = controls.sections(
        {"interaction": pd.DataFrame({"p": [0.1]}), "floors": pd.DataFrame({"p": [0.1]})},
        {"claims"},
    )
    assert [s.figures for s in together] == [("claims",), ()]


DATA = methods.Data(
    n_subjects=3,
    n_recordings=3,
    n_electrodes=78,
    n_tested=68,
    events={"language": 1200, "vision": 250},
    film_min=9.5,
    blocks=(30, 30),
    dof=(25, 29),
    has_regions=True,
    labels={"slip": "SLIP-Combo", "slip_clip": "CLIP", "slip_simclr": "SimCLR", "sbert": "SBERT"},
    versions={"numpy": "2.4"},
)


def test_methods_follow_the_config(small):
    config = yaml.safe_load((small / "config.yaml").read_text())
    before = " ".join(text for _, text, _ in methods.paragraphs(config, DATA))
    assert (
        f"high-pass filter at {config['ieeg']['high_pass_hz']:g} Hz" in before
        and "5 contiguous blocks" in before
        and "within 10 s" in before
    )
    config["ieeg"]["high_pass_hz"], config["encoding"]["folds"], config["encoding"]["gap_s"] = (
        False,
        7,
        4.2,
    )
    config["statistics"]["procedure"], config["statistics"]["correction"] = "paper", "by"
    after = " ".join(text for _, text, _ in methods.paragraphs(config, DATA))
    assert (
        "No high-pass filter" in after
        and "7 contiguous blocks" in after
        and "within 4.2 s" in after
    )
    assert "published procedure" in after and "Benjamini-Yekutieli" in after
    cited = {key for _, _, keys in methods.paragraphs(config, DATA) for key in keys}
    assert "by" in cited and "bh" not in cited and cited <= set(WORKS)


def test_methods_follow_the_data(small):
    config = yaml.safe_load((small / "config.yaml").read_text())
    said = dict((heading, text) for heading, text, _ in methods.paragraphs(config, DATA))
    assert "3 subjects with 3 recordings: 78 electrodes, 68 of which" in said["Recordings"]
    assert "1200 language events and 250 vision events" in said["Events and responses"]
    assert "30 blocks and 25 to 29 degrees of freedom" in said["Statistics"]
    assert "SLIP-Combo, CLIP" in said["Models"]
    assert "names the highest rung of a ladder of evidence that holds" in said["Verdicts"]
    assert (
        "Beats linear: in the same alignment also multimodal models against unimodal ones put"
        in (said["Verdicts"])
    )
    assert "multimodal models against their unimodal rivals (multimodal_vs" in said["Verdicts"]
    assert "corrected over the electrodes with signal" in said["Statistics"]
    twin = {"slip_vs_simclr": config["contrasts"]["slip_vs_simclr"]}
    alone = dict(
        (h, text) for h, text, _ in methods.paragraphs({**config, "contrasts": twin}, DATA)
    )
    assert "beat all unimodal models was not tested" in alone["Verdicts"]
    assert "Beats linear" not in alone["Verdicts"]
    bare = dataclasses.replace(DATA, has_regions=False, dof=None)
    without = dict((heading, text) for heading, text, _ in methods.paragraphs(config, bare))
    assert "Regions" not in without and "degrees of freedom (" not in without["Statistics"]


def test_the_pages_methods_have_the_tables_numbers(small):
    text = (small / "methods.md").read_text()
    contrasts = pd.read_parquet(small / "tables/contrasts.parquet")
    tested = contrasts[contrasts["tested"] & (contrasts["window"] == "after")]
    blocks, dof = int(tested["n_blocks"].iloc[0]), int(tested["df"].iloc[0])
    assert f"(here {blocks} blocks and {dof} degrees of freedom)" in text
    assert f"{len(rows(small / 'sites.tsv'))} electrodes" in text


def test_every_citation_of_the_methods_is_in_the_bibliography(small):
    text, bib = (small / "methods.md").read_text(), (small / "references.bib").read_text()
    keys = set(re.findall(r"@(\w+)[;\]]", text))
    assert keys and keys <= set(re.findall(r"^@\w+\{(\w+),", bib, re.MULTILINE))
    assert bib.count("{") == bib.count("}")


def test_an_empty_figure_is_left_out_with_one_line(tmp_path):
    words = made(tmp_path, figures=["region_map", "coverage"], regions=False).words
    assert "Regions by test: not shown. No tested electrode has both" in words
    assert "Figure 1" not in words


def test_a_figure_that_failed_is_named_at_the_top(tmp_path, monkeypatch):
    def fails(tables, spec):
        raise KeyError("no such column")

    monkeypatch.setitem(registry.DRAW, "coverage", fails)
    words = made(tmp_path, figures=["coverage", "tests"]).words
    assert "“Coverage by subject and region” could not be drawn (KeyError: 'no such" in words
    assert "Figure 2" in words


def test_every_schema_choice_has_its_words(small):
    config = yaml.safe_load((small / "config.yaml").read_text())
    schema = yaml.safe_load(
        Path(__file__).parents[3].joinpath("workflow/schemas/config.schema.yaml").read_text()
    )["properties"]
    for section, key in (
        ("ieeg", "reference"),
        ("ieeg", "phase"),
        ("events", "text"),
        ("encoding", "split"),
        ("encoding", "validation"),
        ("statistics", "procedure"),
    ):
        for choice in schema[section]["properties"][key]["enum"]:
            assert methods.paragraphs({**config, section: {**config[section], key: choice}}, DATA)
    for source in schema["source"]["enum"]:
        assert methods.recordings({**config, "source": source})


def test_limits_name_a_linear_rival_that_pays_for_its_width(small):
    config = yaml.safe_load((small / "config.yaml").read_text())
    for rival, easy in (("both", True), (["both", "slip_simclr", "text"], False)):
        config["contrasts"]["multimodal_vs_linear"]["b"] = rival
        said = " ".join(map(str, story.limits(story.Numbers({}), config, set())))
        assert ("a concatenation alone" in said) == easy


def test_limits_name_the_missing_interaction_test(small):
    config = yaml.safe_load((small / "config.yaml").read_text())
    said = " ".join(map(str, story.limits(story.Numbers({}), config, set())))
    assert "interaction, was not tested" in said and "noise ceiling" in said
    made_ = story.Numbers({"rung.interaction.of": 5})
    assert "was not tested" not in " ".join(map(str, story.limits(made_, config, set())))


def test_text_from_tables_cannot_become_markup(tmp_path):
    nasty = "<script>alert(1)</script>"

    def change(folder):
        edit(folder, "sites.tsv", reason=nasty)

    made(tmp_path, change)
    text = (tmp_path / "report.html").read_text()
    assert nasty not in text and "&lt;script&gt;alert(1)" in text
    assert "</script>" not in str(page.json_for_script({"name": "</script>"}))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (3.0, "3"),
        (0.12345, "0.123"),
        (-0.5, "\u22120.5"),
        (12345, "12\u202f345"),
        (0.0000123, "1.2e\u221205"),
        (float("nan"), "n/a"),
        (None, "n/a"),
    ],
)
def test_printed_numbers(value, text):
    assert names.printed(value) == text


def test_run_times_come_from_benchmark_files(tmp_path):
    assert provenance.run_times(tmp_path / "none").empty
    for name, seconds in (("a", 2.0), ("b", 5.0)):
        (tmp_path / "encode").mkdir(exist_ok=True)
        (tmp_path / f"encode/{name}.tsv").write_text(
            f"s\th:m:s\tmax_rss\n{seconds}\t0:00:02\t120.5\n"
        )
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/x.tsv").write_text("")
    row = provenance.run_times(tmp_path).iloc[0]
    assert (row["rule"], row["jobs"], row["seconds"], row["longest (s)"]) == ("encode", 2, 7.0, 5.0)


def test_contents_name_sections_that_exist(parsed):
    assert set(assemble.CONTENTS) <= set(parsed.ids)
