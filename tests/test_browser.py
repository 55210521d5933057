"""The atlas in a browser as people have one: nothing on the console, links that lead somewhere, sliders, sorting, keys.

Skipped where no Chromium is installed. Contrast and names of controls are held to WCAG 2, AA: 4.5 for text.
"""

import re
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser

import nnqft_ppl as nq

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the atlas was not seen in a browser"),
    pytest.mark.usefixtures("quick_compilation"),
]
CARDS = ("line", "sine_path")

#: The least contrast of text, and what has no name for a screen reader: what axe calls serious.
ACCESSIBLE = """
(() => {
  const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const parts = (c) => c.match(/[\\d.]+/g).map(Number);
  const ground = (e) => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let least = 21;
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT", "TITLE", "title"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), colour = e.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(parts(colour).slice(0, 3)), light(ground(e).slice(0, 3))].sort((x, y) => y - x);
    least = Math.min(least, (a + .05) / (b + .05));
  }
  const nameless = [
    ...[...document.querySelectorAll("svg:not([aria-hidden]), img")].filter((e) => !e.getAttribute("aria-label") && !e.alt),
    ...[...document.querySelectorAll("input")].filter((e) => !e.labels.length),
    ...[...document.querySelectorAll("a, button")].filter((e) => !e.textContent.trim()),
    ...[...document.querySelectorAll("th")].filter((e) => !e.scope),
  ].map((e) => e.outerHTML.slice(0, 80));
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return { least, nameless, twice: ids.filter((id, k) => ids.indexOf(id) !== k), heads: document.querySelectorAll("h1").length };
})()
"""


@pytest.fixture(scope="module")
def atlas(tmp_path_factory) -> Path:
    return nq.write_atlas(tmp_path_factory.mktemp("atlas"), CARDS, draws=1000).parent


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", ["index", *CARDS])
def test_pages_show_without_a_complaint(atlas, browser, page, width):
    """No error, no request that fails, nothing wider than the screen, and a name and enough contrast for everything."""
    browser.open((atlas / f"{page}.html").as_uri(), width)
    assert browser.complaints == []
    assert browser.run("document.documentElement.scrollWidth") <= width
    found = browser.run(ACCESSIBLE)
    assert found["least"] >= 4.5
    assert (found["nameless"], found["twice"], found["heads"]) == ([], [], 1)


def test_the_check_of_contrast_sees_grey_on_grey(atlas, browser):
    browser.open((atlas / "line.html").as_uri())
    browser.run("document.querySelector('footer').style.color = '#999'")
    assert browser.run(ACCESSIBLE)["least"] < 3.0


def test_links_lead_somewhere(atlas, browser):
    for page in atlas.glob("*.html"):
        browser.open(page.as_uri())
        for link in browser.run("[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))"):
            file, _, anchor = link.partition("#")
            target = (page.parent / file) if file else page
            assert target.exists(), f"{page.name}: {link}"
            assert not anchor or f'id="{anchor}"' in target.read_text(), f"{page.name}: {link}"


def test_no_address_on_the_network(atlas):
    """Nothing that a page loads is elsewhere."""
    for file in atlas.iterdir():
        if file.suffix in (".html", ".css", ".js"):
            text = file.read_text()
            assert not re.findall(r"(?:src|href)=\"(?:https?:)?//|url\(|@import|fetch\(|XMLHttp", text), file.name


def test_sliders_move_the_exact_curve(atlas, browser):
    """By keys, as without a mouse: the gain of sine_path goes to its largest value, and G2(0, 0) is the card's there."""
    browser.open((atlas / "sine_path.html").as_uri())
    before = browser.run("document.querySelector('.plots .now-curve').getAttribute('d')")
    browser.run("document.getElementById('slide-gain').focus()")
    browser.press("End", 35)
    shown = float(browser.run("document.querySelector('#slide-gain + output').textContent"))
    assert browser.run("document.querySelector('.plots .now-curve').getAttribute('d')") != before
    exact = float(nq.exact_correlator(nq.load("sine_path", width=10, gain=shown), [[0.0], [0.0]]))
    said = browser.run("document.querySelector('.now').textContent")
    (found,) = re.findall(r"G2\(0, 0\) = ([\d.]+)", said)
    assert float(found) == pytest.approx(exact, rel=1e-3)
    browser.run("document.querySelector('button[type=reset]').click()")
    browser.run("new Promise((done) => setTimeout(done, 20))")
    assert browser.run("document.querySelector('.plots .now-curve').getAttribute('d')") == before


def test_tables_sort_by_value(atlas, browser):
    """Numbers as numbers: up at the first click, down at the second."""
    browser.open((atlas / "sine_path.html").as_uri())
    head = "document.querySelector('#s-estimates th:last-child')"
    column = "[...document.querySelectorAll('#s-estimates td:last-child')].map((c) => Number(c.dataset.sort))"
    for order in ("ascending", "descending"):
        browser.run(f"{head}.querySelector('button').click()")
        found = browser.run(column)
        assert browser.run(f"{head}.getAttribute('aria-sort')") == order
        assert len(found) == 14
        assert found == sorted(found, reverse=order == "descending")


def test_the_front_page_is_searched(atlas, browser):
    browser.open((atlas / "index.html").as_uri())
    browser.run("find.value = 'lines'; find.dispatchEvent(new Event('input'))")
    assert browser.run("[...document.querySelectorAll('.tiles li')].filter((e) => !e.hidden).length") == 1
    assert browser.run("document.getElementById('found').textContent") == "1 found"
