"""The page in a browser: nothing goes wrong, nothing is asked for, the brain turns, tables sort and
filter, everyone can use it.
"""

# ruff: noqa: E501 - lines of JavaScript

import os
import shutil
import subprocess
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium on this machine (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as play:
        started = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the text of axe-core: from FUSION_AXE, or from npm."""
    if given := os.environ.get("FUSION_AXE"):
        return Path(given).read_text()
    if shutil.which("npm") is None:
        pytest.skip("no npm on this machine, and FUSION_AXE does not name axe.min.js")
    folder = tmp_path_factory.mktemp("axe")
    try:
        ran = subprocess.run(
            ["npm", "install", "--silent", "--no-fund", "--no-audit", "axe-core@4.10.3"],
            cwd=folder,
            capture_output=True,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer within a minute")
    if ran.returncode:
        pytest.skip("npm cannot be reached, and FUSION_AXE does not name axe.min.js")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


class Opened:
    """A page that is open, and what went wrong with it."""

    def __init__(self, browser, path, width=1200):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)  # a busy machine is no fault of the page
        self.said, self.asked = [], []
        self.page.on(
            "console",
            lambda message: (
                self.said.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on(
            "request",
            lambda request: (
                self.asked.append(request.url) if not request.url.startswith("data:") else None
            ),
        )
        self.url = f"file://{path}"
        self.page.goto(self.url)
        self.page.wait_for_selector("html[data-ready=true]")


@pytest.fixture(scope="module")
def opened(browser, small):
    one = Opened(browser, small / "report.html")
    yield one
    one.context.close()


def test_nothing_goes_wrong_and_nothing_is_asked_for(opened):
    assert opened.said == []
    assert opened.asked == [opened.url]


def test_every_figure_is_there(opened):
    sizes = opened.page.evaluate(
        "[...document.images].map(i => [i.complete, i.naturalWidth, i.closest('figure').id])"
    )
    assert len(sizes) > 15 and all(complete and width > 300 for complete, width, _ in sizes), sizes


def test_the_brain_turns(opened):
    page = opened.page
    canvas = page.locator("#brain-canvas")
    canvas.scroll_into_view_if_needed()
    look = (
        "c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let h = 0;"
        " for (let i = 0; i < d.length; i += 97) h = (h * 31 + d[i]) | 0; return h; }"
    )
    before, turn = canvas.evaluate(look), canvas.evaluate("c => c.fusion.turn")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 120, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert canvas.evaluate("c => c.fusion.turn") == pytest.approx(turn - 1.0, abs=0.02)
    assert canvas.evaluate(look) != before
    canvas.focus()
    page.keyboard.press("ArrowLeft")
    assert canvas.evaluate("c => c.fusion.turn") == pytest.approx(turn - 0.85, abs=0.02)
    page.select_option("#brain-view", "top")
    assert canvas.evaluate("c => c.fusion.tilt") == pytest.approx(1.5708, abs=1e-3)
    opened.page.select_option("#brain-view", "left")


def test_the_brain_has_left_and_front_where_they_are(opened):
    """Seen from the left the front is at the left; from above the right is at the right; a point
    nearer to the reader is drawn later.
    """
    page = opened.page
    spread = (
        "c => { const s = JSON.parse(document.getElementById('brain-data').textContent).sites;"
        " return c.fusion.places.map(p => [p[0], p[1], p[2], ...s[p[3]].slice(0, 3)]); }"
    )
    for view, horizontal, vertical, depth in (
        ("left", (4, -1), (5, -1), (3, -1)),
        ("right", (4, 1), (5, -1), (3, 1)),
        ("top", (3, 1), (4, -1), (5, 1)),
        ("front", (3, -1), (5, -1), (4, 1)),
        ("back", (3, 1), (5, -1), (4, -1)),
        ("bottom", (3, 1), (4, 1), (5, -1)),
    ):
        page.select_option("#brain-view", view)
        page.wait_for_timeout(80)
        points = page.locator("#brain-canvas").evaluate(spread)
        for k, (column, sign) in enumerate((horizontal, vertical, depth)):
            order = sorted(points, key=lambda p: p[column] * sign)
            values = [p[k] for p in order]
            assert all(b >= a - 1e-6 for a, b in zip(values, values[1:], strict=False)), (view, k)
        assert [p[2] for p in points] == sorted(p[2] for p in points)
    page.select_option("#brain-view", "left")


def test_the_brain_names_an_electrode(opened):
    page = opened.page
    canvas = page.locator("#brain-canvas")
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(80)
    x, y, _, k = canvas.evaluate("c => c.fusion.places[c.fusion.places.length - 1]")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.wait_for_timeout(80)
    name, look = page.evaluate(
        "(() => { const d = JSON.parse(document.getElementById('brain-data').textContent); const"
        f" s = d.sites[{k}]; return [s[4], d.looks[s[3]].name]; }})()"
    )
    assert page.locator("#brain-label").is_visible()
    assert page.locator("#brain-label").inner_text().startswith(f"{name}: {look}")
    assert page.locator("#brain-spoken").inner_text().startswith(name)
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.wait_for_timeout(80)
    assert page.locator("#brain-label").is_hidden()


def test_verdicts_can_be_hidden(opened):
    page = opened.page
    count = "c => c.fusion.places.length"
    canvas = page.locator("#brain-canvas")
    before = canvas.evaluate(count)
    page.locator("[data-look='0']").uncheck()
    page.wait_for_timeout(80)
    looks = page.evaluate(
        "JSON.parse(document.getElementById('brain-data').textContent).sites.filter(s => s[3] ==="
        " 0).length"
    )
    assert looks > 0 and canvas.evaluate(count) == before - looks
    page.locator("[data-look='0']").check()


def test_tables_sort(opened):
    page = opened.page
    column = (
        "[...document.querySelectorAll('#sites thead th')].findIndex(h => h.textContent === 'r')"
    )
    read = (
        f"(() => {{ const k = {column}; return [...document.querySelectorAll('#sites tbody"
        " tr')].map(r => r.cells[k].dataset.value ?? r.cells[k].textContent); })()"
    )
    button = page.locator("#sites thead th button").nth(page.evaluate(column))
    for direction in ("ascending", "descending"):
        button.click()
        values = page.evaluate(read)
        numbers = [float(v) for v in values if v != "n/a"]
        assert numbers == sorted(numbers, reverse=direction == "descending") and len(numbers) > 20
        assert "n/a" not in values[: len(numbers)], "missing values come last"
        assert (
            page.evaluate(
                "document.querySelector('#sites th[aria-sort]').getAttribute('aria-sort')"
            )
            == direction
        )


def test_tables_filter(opened):
    page = opened.page
    controls = page.locator("[data-filters='sites']")
    controls.locator("select").select_option("integration")
    shown = (
        "[...document.querySelectorAll('#sites tbody tr')].filter(r => !r.hidden).map(r =>"
        " r.textContent)"
    )
    rows = page.evaluate(shown)
    assert rows and all("integration" in row for row in rows)
    controls.locator("input").fill("01")
    fewer = page.evaluate(shown)
    assert 0 < len(fewer) <= len(rows)
    assert controls.locator("output").inner_text().startswith(f"{len(fewer)} of ")
    controls.locator("input").fill("no such electrode")
    assert page.evaluate(shown) == []
    controls.locator("input").fill("")
    controls.locator("select").select_option("")


def test_accessible(opened, axe):
    opened.page.evaluate(axe)
    found = opened.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [
        (v["id"], v["impact"], [n["html"][:120] for n in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_readable_on_a_telephone(browser, small):
    one = Opened(browser, small / "report.html", width=390)
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 390, (
        "the page itself never scrolls sideways"
    )
    assert (
        float(
            one.page.evaluate(
                "parseFloat(getComputedStyle(document.querySelector('#sentences p')).fontSize)"
            )
        )
        >= 16
    )
    figure = one.page.evaluate(
        "document.querySelector('#figure-effects img').getBoundingClientRect().width"
    )
    assert figure >= 600, "figures keep a readable size in a box that scrolls"
    assert one.said == []
    one.context.close()


def test_large(browser, large):
    one = Opened(browser, large / "report.html")
    assert one.said == [] and one.asked == [one.url]
    assert one.page.evaluate("document.querySelectorAll('#sites tbody tr').length") > 1090
    assert one.page.locator("#brain-canvas").evaluate("c => c.fusion.places.length") > 1090
    one.context.close()


@pytest.mark.slow
def test_the_demos_report(browser, axe, finished):
    """The same of a report that a whole run of the workflow has made."""
    (path,) = (finished / "results").glob("*/report.html")
    one = Opened(browser, path)
    assert one.said == [] and one.asked == [one.url]
    assert all(
        one.page.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 300)")
    )
    test_the_brain_names_an_electrode(one)
    test_tables_filter(one)
    test_accessible(one, axe)
    one.context.close()
