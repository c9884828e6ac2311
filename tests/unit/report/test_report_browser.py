"""The page in a browser: nothing goes wrong, nothing is asked for, the brain turns, tables sort and
filter, everyone can use it.
"""

# ruff: noqa: E501 - lines of JavaScript

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

# What the software that stands for a graphics card says of itself.
DRIVER = "GL Driver Message"
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
def play():
    """Playwright, started once: a second in one process is refused."""
    with playwright.sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(play):
    started = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
    yield started
    started.close()


@pytest.fixture(scope="module")
def drawing(play):
    """A browser that draws WebGL by software."""
    flags = [flag for flag in FLAGS if flag != "--disable-gpu"]
    flags += ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
    started = play.chromium.launch(executable_path=BROWSER, args=flags)
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

    def __init__(self, browser, path, width=1280, scheme="light", script=""):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme
        )
        self.context.add_init_script(script)
        self.page = self.context.new_page()
        self.page.set_default_timeout(120_000)  # a busy machine is no fault of the page
        self.said, self.asked = [], []
        self.page.on(
            "console",
            lambda message: (
                self.said.append(message.text)
                if message.type in ("error", "warning") and DRIVER not in message.text
                else None
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
        "[...document.images].map(i => [i.complete, i.naturalWidth, i.alt])"
    )
    assert len(sizes) > 15 and all(complete and width > 300 for complete, width, _ in sizes), sizes


def test_without_webgl_a_still_picture_stands_for_the_brain(browser, small):
    one = Opened(
        browser,
        small / "report.html",
        script="HTMLCanvasElement.prototype.getContext = () => null;",
    )
    assert one.page.locator("#brain-still img").is_visible()
    assert one.page.locator("#brain").is_hidden()
    assert one.said == []
    one.context.close()


@pytest.fixture(scope="module")
def brain(drawing, small):
    """The page where WebGL is drawn by software."""
    one = Opened(drawing, small / "report.html")
    one.page.wait_for_selector("#brain[data-drawn=true]")
    yield one
    one.context.close()


TRACES = """() => document.getElementById("brain").data.map(t =>
    [t.type, t.name ?? "", t.x.length ?? 0, t.customdata ?? []])"""
EYE = "() => document.getElementById('brain')._fullLayout.scene._scene.getCamera().eye"


def test_the_brain_is_drawn_without_a_word(brain):
    assert brain.said == [] and brain.asked == [brain.url]
    assert brain.page.locator("#brain canvas").is_visible()
    assert brain.page.locator("#brain-still").is_hidden()
    kinds = [kind for kind, *_ in brain.page.evaluate(TRACES)]
    assert kinds.count("mesh3d") == 2 and kinds.count("scatter3d") > 3


def test_the_brain_turns(brain):
    page = brain.page
    canvas = page.locator("#brain")
    canvas.scroll_into_view_if_needed()
    box, before = canvas.bounding_box(), page.evaluate(EYE)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 90, box["y"] + box["height"] / 3, steps=5)
    page.mouse.up()
    page.wait_for_function(f"({EYE})().y !== {before['y']}")
    page.select_option("#brain-view", "top")
    page.wait_for_function(f"({EYE})().z > 1.4")
    page.select_option("#brain-view", "left")
    page.wait_for_function(f"({EYE})().x < -1.4")


def test_every_colouring_shows_every_electrode_once(brain):
    page = brain.page
    there = page.evaluate("known.xyz.filter(Boolean).length".replace("known", KNOWN))
    count = page.locator("#brain-colour option").count()
    for value in range(min(count, 4)):
        page.select_option("#brain-colour", str(value))
        members = [
            k for kind, _, _, own in page.evaluate(TRACES) if kind == "scatter3d" for k in own
        ]
        assert sorted(members) == sorted(set(members)) and len(members) == there
    page.select_option("#brain-colour", "0")


KNOWN = "JSON.parse(document.getElementById('known').textContent)"


def test_a_click_opens_the_electrode(brain):
    page = brain.page
    site = page.evaluate(
        f"(() => {{ const k = {KNOWN}; return k.verdict.findIndex(v => v === 'beats linear'); }})()"
    )
    page.evaluate(
        f"document.getElementById('brain').emit('plotly_click', {{points: [{{customdata: {site}}}]}})"
    )
    name = page.evaluate(
        f"(() => {{ const k = {KNOWN}; return `sub-${{k.subject[{site}]}} ${{k.electrode[{site}]}}: ${{k.verdict[{site}]}}`; }})()"
    )
    assert page.locator("#site h3").inner_text() == name
    assert page.locator("#sites tr.chosen").count() == 1
    rings = [t for t in page.evaluate(TRACES) if t[3] == [site]]
    assert rings, "the chosen electrode is ringed"
    page.locator("#site .close").click()


def test_the_table_opens_an_electrode_by_keyboard(opened):
    page = opened.page
    page.locator("#sites .open").nth(2).focus()
    page.keyboard.press("Enter")
    assert page.locator("#site").is_visible()
    row = page.locator("#sites tr.chosen")
    assert (
        page.locator("#site h3")
        .inner_text()
        .startswith(f"sub-{row.locator('td').nth(0).inner_text()} ")
    )
    before = page.locator("#site h3").inner_text()
    page.locator("#site .contact:not([aria-current=true])").first.click()
    assert page.locator("#site h3").inner_text() != before, "a neighbour on its shaft"
    page.locator("#site .close").click()


def test_the_panel_of_a_site_says_what_its_verdict_rests_on(opened):
    page = opened.page
    at = page.evaluate(f"{KNOWN}.verdict.indexOf('beats linear')")
    key = page.evaluate(f"{KNOWN}.keys[{at}]")
    page.locator(f"#sites tr[data-key='{key}'] .open").click()
    panel = page.locator("#site")
    assert panel.locator(".drawings svg").count() == 4, "r over time and r against r, twice each"
    rungs = panel.locator("table.rungs tbody tr")
    said = [rungs.nth(k).locator("td").all_inner_texts() for k in range(rungs.count())]
    assert [row[:2] for row in said] == [
        ["signal", "holds"],
        ["beats unimodal", "holds"],
        ["beats linear", "holds"],
        ["interaction", "not shown"],
    ]
    assert all(" against " in row[2] and " to " in row[5] for row in said)
    assert "Recorded in sub-" in panel.inner_text()
    panel.locator("summary").click()
    assert "variance partition: part of vision in r" in panel.inner_text()
    assert page.locator("#site .contact").count() >= 2
    panel.locator(".close").click()


def test_a_subject_has_a_section_of_its_own(opened):
    page = opened.page
    page.locator("#subjects-more > summary").click()
    names = page.locator("#person-choice option").all_inner_texts()
    assert len(names) == 3
    page.select_option("#person-choice", names[1])
    person = page.locator("#person")
    assert f"sub-{names[1]}" in person.inner_text() and "channels kept" in person.inner_text()
    own = page.evaluate(f"{KNOWN}.subject.filter(s => s === '{names[1]}').length")
    assert person.locator(".contact").count() == own
    person.locator(".contact").nth(3).click()
    assert page.locator("#site h3").inner_text().startswith(f"sub-{names[1]} ")
    page.locator("#site .close").click()
    page.locator("#subjects-more > summary").click()


def test_tables_sort(opened):
    page = opened.page
    column = "[...document.querySelectorAll('#sites thead th')].findIndex(h => h.textContent === 'effect')"
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


def test_tables_filter_by_column(opened):
    page = opened.page
    shown = (
        "[...document.querySelectorAll('#sites tbody tr')].filter(r => !r.hidden).map(r =>"
        " [...r.cells].map(c => c.dataset.value ?? c.textContent))"
    )
    heads = page.evaluate(
        "[...document.querySelectorAll('#sites thead th')].map(h => h.textContent)"
    )
    field = lambda name: page.locator(f"#sites .filters [aria-label$='{name}']")  # noqa: E731
    field("verdict").select_option("beats linear")
    rows = page.evaluate(shown)
    assert rows and all(row[heads.index("verdict")] == "beats linear" for row in rows)
    field("subject").select_option("01")
    fewer = page.evaluate(shown)
    assert 0 < len(fewer) < len(rows)
    count = page.locator("[data-table='sites'] output")
    assert count.inner_text().startswith(f"{len(fewer)} of ")
    field("subject").select_option("")
    field("by effect").fill(">0.1")
    values = [float(row[heads.index("effect")]) for row in page.evaluate(shown)]
    assert values and min(values) >= 0.1
    field("by effect").fill("")
    field("verdict").select_option("")
    assert count.inner_text().endswith(" rows") and " of " not in count.inner_text()


def test_columns_on_demand(opened):
    page = opened.page
    hidden = "[...document.querySelectorAll('#sites thead tr:first-child th')].filter(h => !h.offsetParent).length"
    assert page.evaluate(hidden) > 0
    page.locator("[data-table='sites'] .all").click()
    assert page.evaluate(hidden) == 0
    page.locator("[data-table='sites'] .all").click()


CUT = """() => { document.querySelectorAll("details").forEach(d => { d.open = true; });
    const cut = [...document.querySelectorAll(".scroller")].filter(s => s.scrollWidth > s.clientWidth + 1);
    const found = cut.map(s => [s.querySelector("table").id, s.scrollWidth, s.clientWidth]);
    document.querySelectorAll("details").forEach(d => { d.open = false; }); return found; }"""


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_no_table_is_cut_and_the_page_is_short(browser, small, width):
    one = Opened(browser, small / "report.html", width=width)
    assert one.page.evaluate("document.documentElement.scrollHeight") <= 9000
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    assert one.page.evaluate(CUT) == []
    one.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(browser, small, axe, scheme):
    one = Opened(browser, small / "report.html", scheme=scheme)
    assert violations(one, axe) == []
    one.context.close()


def violations(one, axe):
    """Return what axe-core finds in a page, everything unfolded and the first rows of each table:
    all others are of the same kind, and take axe minutes.
    """
    one.page.evaluate(axe)
    one.page.evaluate(
        "document.querySelectorAll('tbody').forEach("
        "body => [...body.rows].slice(30).forEach(row => row.remove()))"
    )
    one.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = one.page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"]][:3]) for v in found]


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
    assert one.said == []
    one.context.close()


def test_large(browser, large):
    one = Opened(browser, large / "report.html")
    assert one.said == [] and one.asked == [one.url]
    assert one.page.evaluate("document.querySelectorAll('#sites tbody tr').length") > 1090
    assert one.page.evaluate("document.documentElement.scrollHeight") <= 9000
    one.context.close()


def test_on_paper_pages_are_landscape_and_the_first_is_a_summary(browser, small):
    one = Opened(browser, small / "report.html")
    paper = one.page.pdf(prefer_css_page_size=True)
    boxes = [list(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^]]*)\]", paper)]
    assert boxes and all(width > height for _, _, width, height in boxes)
    # A landscape A4 page within its margins, in CSS pixels of 1/96 inch.
    inside = {"width": round((297 - 24) / 25.4 * 96), "height": round((210 - 24) / 25.4 * 96)}
    one.page.set_viewport_size(inside)
    one.page.emulate_media(media="print")
    card = one.page.locator("#answer").bounding_box()
    assert card["y"] + card["height"] < inside["height"], "the summary is one page"


def test_long_tables_are_cut_on_paper_and_say_so(browser, small):
    one = Opened(browser, small / "report.html")
    one.page.emulate_media(media="print")
    one.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    tables = one.page.evaluate(
        """[...document.querySelectorAll('.table.tall')].map(table => {
            const rows = [...table.querySelectorAll('tbody tr')];
            return {
                id: table.dataset.table, of: rows.length,
                shown: rows.filter(row => row.offsetHeight > 0).length,
                note: table.querySelector('.on-paper')?.innerText ?? null,
            };
        })"""
    )
    cut = [table for table in tables if table["note"]]
    assert cut and all(table["shown"] == 12 for table in cut)
    assert all(f"12 of {table['of']} rows" in table["note"] for table in cut)
    assert "sites" not in [table["id"] for table in cut]
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
    assert violations(one, axe) == []
    one.context.close()
