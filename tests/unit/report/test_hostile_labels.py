"""Whatever a contact, region or network is called, figures show it and nothing else."""

from xml.etree import ElementTree

import pandas as pd
import pytest

from fusion.figures import registry, style
from fusion.figures.spec import FIGURES
from fusion.report import assemble

LABELS = [
    "$\\frac{$7",
    "$x^2$",
    "\\",
    "%s{x}{0}",
    "<b>&amp;</b>",
    "\x0bA\x1b[31m",
    "\u202eA",
    "]]>",
    "'\"",
    "_^{}",
]


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_drawn_as_it_is(tmp_path, label):
    figure = style.new_figure(2, 2)
    axes = figure.add_subplot()
    axes.plot([0, 1], label=label)
    axes.set_title(label)
    axes.legend(["x"], title=label)
    axes.set_yticks([0, 1], [label, label])
    paths = [tmp_path / f"a.{kind}" for kind in ("svg", "png", "tsv")]
    style.save(figure, pd.DataFrame({"label": [label]}), *paths)
    tree = ElementTree.parse(paths[0])  # which is XML
    names = [node.tag.rpartition("}")[2] for node in tree.iter()]
    texts = ["".join(node.itertext()) for node in tree.iter() if node.tag.endswith("}text")]
    shown = style.CONTROL.sub("\N{REPLACEMENT CHARACTER}", label)
    assert shown in texts
    assert not {"script", "b"} & set(names)


def test_a_figure_that_fails_when_it_is_laid_out_costs_itself_only(monkeypatch):
    def fails(tables, spec):
        figure = style.new_figure()
        monkeypatch.setattr(figure, "draw_without_rendering", lambda: 1 / 0)
        return figure, pd.DataFrame()

    monkeypatch.setitem(registry.DRAW, "leak", fails)
    figure, data, state, why = registry.draw("leak", {}, None)
    assert state == "failed" and "division" in why
    assert FIGURES["leak"].title in figure.why


def test_recordings_without_any_warning_all_take_part():
    table = pd.DataFrame({"recording": ["a", "b"], "warnings": [float("nan")] * 2})
    assert assemble.no_part(table) == []
    table["warnings"] = ["takes no part: no film", None]
    assert assemble.no_part(table) == [("a", "no film")]
