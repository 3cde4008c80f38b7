"""The page in a real browser, from disk, with no network: what a reader does and what follows."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipeline.attention import QK_NORMS, SCALES, attend
from pipeline.base.paths import ROOT
from pipeline.runs.prepare import prepare
from pipeline.store.read.arrays import read_weights
from pipeline.store.read.find import find_runs
from tests.compare.page.browser import numbers, opened
from tests.compare.page.pages import HOSTILE, hostile, many, swept, written
from tests.compare.page.picture import picture

EXAMPLE = ROOT / "outputs" / "example"
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ablation: twenty runs on two inputs."""
    return swept(tmp_path_factory.mktemp("ablation"), "experiment=ablation")


@pytest.fixture
def page(browser: Any, folder: Path) -> Iterator[Any]:
    with opened(browser, folder / "report.html") as tab:
        yield tab


def count(page: Any) -> int:
    """How many runs the page says are selected."""
    told = re.match(r"([\d,]+) of", page.inner_text("#count"))
    assert told
    return int(told[1].replace(",", ""))


def drag_axis(page: Any, label: str, low: float, high: float) -> None:
    """The pointer along an axis, from one share of its height to another."""
    axis = page.locator(".lane", has=page.get_by_text(label, exact=True)).locator(".rule")
    axis.scroll_into_view_if_needed()
    box = axis.bounding_box()
    x = box["x"] + box["width"] / 2
    places = [box["y"] + (1 - share) * box["height"] for share in (low, high)]
    page.mouse.move(x, places[0])
    page.mouse.down()
    page.mouse.move(x, sum(places) / 2)
    page.mouse.move(x, places[1])
    page.mouse.up()


def settle(page: Any) -> None:
    """Two frames: one to draw in, one to be sure."""
    page.evaluate("() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")


# --- the story ----------------------------------------------------------------------------------


def test_it_opens_and_tells_the_question_and_the_findings(page: Any) -> None:
    assert "factor" in page.inner_text("h1")
    assert page.locator("li.holds").count() == 2
    assert count(page) == 20
    assert page.locator("#runs tbody tr").count() == 10
    assert page.locator(".lane").count() == 9
    assert page.locator("#heat-a rect").count() == page.locator("#heat-d rect").count() == 26


def test_all_rows_are_in_the_table(page: Any) -> None:
    page.select_option(".dt-length select", "-1")
    assert page.locator("#runs tbody tr").count() == 20


# --- one selection ------------------------------------------------------------------------------


def test_a_brush_filters_table_curves_and_pictures(page: Any) -> None:
    before = page.inner_html(".bright")
    dots = page.locator("#curves circle").count()
    drag_axis(page, "temperature", 0.7, 1.02)  # 2 and 4 of five values
    settle(page)
    assert count(page) == 8
    assert "of 8" in page.inner_text(".dt-info")
    assert page.inner_html(".bright") != before
    assert page.locator("#curves circle").count() == 8 < dots
    temperatures = page.locator("#runs tbody td:nth-child(6)").all_inner_texts()
    assert set(temperatures) == {"2", "4"}
    # Those within the brush, and the run that is shown.
    assert page.locator("#run-a option").count() == 9
    assert page.locator(".brush[height='0']").count() == 8


def test_two_brushes_meet_and_clear_takes_both_away(page: Any) -> None:
    drag_axis(page, "temperature", 0.7, 1.02)
    drag_axis(page, "scale", 0.9, 1.02)
    settle(page)
    assert count(page) == 4
    page.click("#clear")
    settle(page)
    assert count(page) == 20
    assert page.locator("#clear").is_hidden()


def test_a_search_in_the_table_selects_everywhere(page: Any) -> None:
    page.fill(".dt-search input", "glove")
    settle(page)
    assert count(page) == 10
    assert page.locator("#curves circle").count() == 10
    page.fill(".dt-search input", "no such thing")
    settle(page)
    assert count(page) == 0


def test_a_click_on_a_heading_sorts(page: Any) -> None:
    heading = page.locator("#runs thead th", has_text="max weight")
    place = heading.evaluate("cell => cell.cellIndex") + 1
    for way in ("ascending", "descending"):
        heading.click()  # the table sorts in its own time
        page.wait_for_selector(f"#runs thead th:nth-child({place})[aria-sort={way}]")
        cells = page.locator(f"#runs tbody tr td:nth-child({place})")
        shown = [float(text) for text in cells.all_inner_texts()]
        assert shown == sorted(shown, reverse=way == "descending")


def test_a_column_hidden_is_an_axis_hidden(page: Any) -> None:
    page.click("text=Columns and axes")
    page.uncheck("#columns >> text=max weight")
    assert page.locator("#runs thead th", has_text="max weight").count() == 0
    assert page.locator(".lane").count() == 8
    page.check("#columns >> text=cosine >> nth=0")
    assert page.locator("#runs thead th", has_text="cosine").count() == 1


def test_ranges_by_keyboard_are_brushes(page: Any) -> None:
    page.click("text=Set ranges by keyboard")
    page.locator("[aria-label='least temperature']").press("2")
    page.keyboard.press("Tab")
    settle(page)
    assert count(page) == 8
    page.select_option("[aria-label='only scale']", label="none")
    settle(page)
    assert count(page) == 4
    drag_axis(page, "temperature", 0.5, 0.5)  # a click on an axis takes its brush away
    settle(page)
    assert page.input_value("[aria-label='least temperature']") == ""
    assert count(page) == 10


def test_the_pointer_over_a_row_marks_its_line(page: Any) -> None:
    assert page.locator(".marks .over").count() == 0
    page.hover("#runs tbody tr:nth-child(4)")
    assert page.locator(".marks .over").count() == 1


def test_the_curves_follow_the_choices(page: Any) -> None:
    page.select_option("#metric", label="max weight")
    assert "max weight" in page.locator("#curves svg").first.get_attribute("aria-label")
    page.select_option("#panel", "")
    assert page.locator("#curves svg").count() == 1
    page.select_option("#along", label="scale")
    assert "against scale" in page.locator("#curves svg").get_attribute("aria-label")


# --- two runs -----------------------------------------------------------------------------------


def test_two_runs_picked_in_the_table_and_their_difference(page: Any, folder: Path) -> None:
    page.click("#runs tbody tr:nth-child(3) button.a")
    page.click("#runs tbody tr:nth-child(9) button.b")
    assert page.get_attribute("#runs tbody tr:nth-child(3) button.a", "aria-pressed") == "true"
    runs = find_runs([folder])
    a, b = (read_weights(runs[i].source_folder)["pinguins", 0].values.ravel() for i in (2, 8))
    assert abs(numbers(page, "#heat-a") - a).max() <= 0.005 + 1e-9
    assert abs(numbers(page, "#heat-b") - b).max() <= 0.005 + 1e-9
    assert abs(numbers(page, "#heat-d") - (b - a)).max() <= 0.005 + 1e-9
    # Unscaled at T = 2 is scaled at T = 1, for d_k = 4.
    assert page.inner_text("#name-d") == "the two runs have the same weights"


def test_the_colors_are_viridis_and_white_at_no_difference(page: Any, folder: Path) -> None:
    import matplotlib

    weights = read_weights(find_runs([folder])[0].source_folder)["pinguins", 0].values.ravel()
    most = page.evaluate("attentionLab.DATA.pictures.slice(0, 1).map(p => Math.max(...p.weights))")
    assert most[0] == pytest.approx(weights.max(), rel=1e-5)
    palette = np.array(page.evaluate(
        "[...Array(101).keys()].map(i => attentionLab.along(attentionLab.VIRIDIS, i / 100))"
    ))  # fmt: skip
    theirs = matplotlib.colormaps["viridis"](np.linspace(0, 1, 101))[:, :3] * 255
    assert abs(palette - theirs).max() < 4
    middle = page.evaluate("attentionLab.along(attentionLab.DIVERGING, 0.5)")
    assert min(middle) > 240


def test_the_number_under_the_pointer(page: Any, folder: Path) -> None:
    weights = read_weights(find_runs([folder])[0].source_folder)["pinguins", 0]
    square = page.locator("#heat-a rect").nth(1 * 5 + 3)
    square.scroll_into_view_if_needed()
    square.hover(force=True)
    told = page.inner_text("#tip")
    assert told.startswith("pinguins → tem: ")
    assert float(told.rpartition(" ")[2]) == pytest.approx(weights.values[0, 1, 3], rel=1e-4)


def test_the_cursor_keys_read_a_heatmap_aloud(page: Any) -> None:
    page.focus("#heat-b svg")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#said").startswith("Os → Os: ")
    page.keyboard.press("ArrowDown")
    assert page.inner_text("#said").startswith("pinguins → Os: ")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#said").startswith("pinguins → pinguins: ")


def test_the_numbers_as_a_table(page: Any, folder: Path) -> None:
    page.click("text=The same as numbers")
    assert page.locator("#numbers tbody tr").count() == 25
    first = page.locator("#numbers tbody tr").first.locator("td").all_inner_texts()
    weights = read_weights(find_runs([folder])[0].source_folder)["pinguins", 0].values
    assert first[:2] == ["Os", "Os"]
    assert float(first[2]) == pytest.approx(weights[0, 0, 0], rel=1e-5)


def test_both_runs_are_moved_in_one_plane(page: Any, folder: Path) -> None:
    """Distances in the plane are those of the vectors where the plane holds all there is."""
    assert page.locator("#moves .contextual").count() == 10
    start = page.locator("#moves .move.a .static").first
    other = page.locator("#moves .move.b .static").first
    assert start.get_attribute("cx") == other.get_attribute("cx")
    with (find_runs([folder])[0].source_folder / "embeddings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    static = np.array([
        [float(v) for k, v in row.items() if k.startswith("x")]
        for row in rows if row["embedding"] == "static"
    ])  # fmt: skip
    spread = np.linalg.svd(static - static.mean(0))[1] ** 2
    (explained,) = page.evaluate("attentionLab.DATA.planes.slice(0, 1).map(p => p.explained)")
    assert explained == pytest.approx((spread / spread.sum())[:2], rel=1e-4)


CROSSED = """() => {
  const all = (kind) => [...document.querySelectorAll(`#moves ${kind}`)];
  const runs = (line, { x, y, width, height }) => [...Array(501).keys()].some((i) => {
    const [u, v] = [0, 1].map((at) => line[at] + ((line[at + 2] - line[at]) * i) / 500);
    return u > x + 3 && u < x + width - 3 && v > y + 3 && v < y + height - 3;  // of its letters
  });
  const ends = (line) => ["x1", "y1", "x2", "y2"].map((end) => line[end].baseVal.value);
  const lines = all(".move line").map(ends);
  const names = all(".token").filter((name) => lines.some((line) => runs(line, name.getBBox())));
  return names.map((name) => name.textContent);
}"""


def test_no_line_runs_through_a_name(page: Any, golden: Any) -> None:
    for run in range(9):  # on the first sentence, and the one after it
        page.evaluate("run => attentionLab.choose({ a: run, b: run + 1 })", run)
        settle(page)
        names = page.locator("#moves .token").all_text_contents()
        assert (run, sorted(names)) == (run, sorted(golden.tokens))
        assert (run, page.evaluate(CROSSED)) == (run, [])


# --- live ---------------------------------------------------------------------------------------


LIVE = "asked => attentionLab.attendLive(attentionLab.DATA.live[0], ...asked)"


def test_the_live_numbers_are_numpys(browser: Any, tmp_path: Path, config_of: Any) -> None:
    """Every scale, cold to warm, with mask, bias, cap and heads: to 1e-12."""
    chains = {
        "plain": ("sentences=pinguins", "embeddings=handmade"),
        "masked": ("sentences=penguins", "embeddings=gaussian", "attention.mask=causal"),
        "all": ("sentences=penguins", "embeddings=glove", "projection=random",
                "projection.heads=2", "attention.bias=alibi", "attention.softcap=3",
                "attention.mask={window:{left:1,right:1}}", "attention.qk_norm=rms"),
    }  # fmt: skip
    scales: list[str | float] = [*SCALES, 0.3]
    for name, overrides in chains.items():
        made = swept(tmp_path / name, *overrides, "seed=1,2")
        config = config_of(*overrides, "seed=1", "plots=[]")
        projected = prepare(config)[0].projected
        query, key = projected.query, projected.key
        norm = QK_NORMS[config.attention.qk_norm]
        query, key = norm(query, 1.0), norm(key, 1.0)
        with opened(browser, made / "report.html") as page:
            for scale, temperature in itertools.product(scales, (0.05, 0.7, 1.0, 20.0)):
                theirs = attend(
                    query, key, projected.value, scale=scale, temperature=temperature,
                    softcap=config.attention.softcap, bias=config.attention.bias,
                    mask=config.attention.mask,
                ).weights  # fmt: skip
                for head, weights in enumerate(theirs):
                    asked = [head, str(scale), temperature]
                    ours = np.array(page.evaluate(LIVE, asked))
                    assert abs(ours - weights.ravel()).max() < 1e-12


def test_dragging_the_temperature_recomputes_the_heatmap(page: Any, golden: Any) -> None:
    slider = page.locator("#slider")
    slider.scroll_into_view_if_needed()
    before = numbers(page, "#live-heat")
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=4)
    page.mouse.up()
    temperature = float(page.input_value("#temperature"))
    assert temperature > 5
    vectors = golden.vectors
    warm = attend(vectors, vectors, vectors, temperature=temperature).weights.ravel()
    assert abs(numbers(page, "#live-heat") - warm).max() <= 0.005 + 1e-9
    assert abs(before - warm).max() > 0.1
    page.check("#scales input[value='none']", force=True)
    unscaled = attend(vectors, vectors, vectors, scale="none", temperature=temperature).weights
    assert abs(numbers(page, "#live-heat") - unscaled.ravel()).max() <= 0.005 + 1e-9
    assert "multiplied" in page.inner_text("#live-said")


def test_the_golden_numbers_stand_in_the_live_panel(page: Any, golden: Any) -> None:
    page.fill("#temperature", "1")
    page.keyboard.press("Tab")
    page.check("#scales input[value='sqrt_dk']", force=True)
    published = np.array(golden.weights).ravel()
    assert abs(numbers(page, "#live-heat") - published).max() <= 0.005 + 1e-9
    assert page.input_value("#temperature") == "1"
    page.click("#reset")
    assert page.input_value("#temperature") == "0.25"


# --- the reader's way of reading ----------------------------------------------------------------


def ground(page: Any) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def test_light_dark_and_back(browser: Any, folder: Path) -> None:
    with opened(browser, folder / "report.html", color_scheme="dark") as page:
        dark, lines = ground(page), page.inner_html(".bright")
        page.click("#theme")
        light = ground(page)
        assert page.inner_html(".bright") != lines
        page.click("#theme")
        assert ground(page) == dark
    with opened(browser, folder / "report.html", color_scheme="light") as page:
        assert ground(page) == light
        page.emulate_media(color_scheme="dark")
        settle(page)
        assert ground(page) == dark
        # What the system says now is what the pictures follow, too.
        assert page.inner_html(".bright") == lines


# The address follows the view when it rests. Playwright's own waiting would need unsafe-eval.
RESTED = """() => new Promise(done => {
  const look = () => location.hash.includes('theme=dark') ? done() : setTimeout(look, 20);
  look();
})"""


def test_a_link_keeps_the_view(browser: Any, folder: Path) -> None:
    file = folder / "report.html"
    with opened(browser, file) as page:
        drag_axis(page, "temperature", 0.2, 1.02)
        page.fill(".dt-search input", "pinguins")
        page.locator("#runs thead th", has_text="max weight").click()
        page.select_option("#metric", label="self weight")
        page.click("#runs tbody tr:nth-child(2) button.b")
        page.fill("#temperature", "0.5")
        page.keyboard.press("Tab")
        page.click("#theme")
        settle(page)
        kept = seen(page)
        page.evaluate(RESTED)
        link = page.evaluate("location.hash")
    with opened(browser, file, link) as page:
        settle(page)
        assert seen(page) == kept
        page.evaluate("location.hash = ''")
        settle(page)
        assert count(page) == 20
    with opened(browser, file, "#metric=nothing&a=999&brush=99~0~1&sort=x&T=-1&input=77") as page:
        assert count(page) == 20  # what a link cannot mean is passed over


def seen(page: Any) -> list[str]:
    """What a reader sees of the state."""
    parts = ["#count", ".dt-info", "#runs tbody", "#name-a", "#name-b", "#live-said"]
    return [page.inner_text(part) for part in parts] + [
        page.input_value("#metric"), page.input_value("#temperature"),
        page.input_value(".dt-search input"), ground(page), page.inner_html(".marks"),
    ]  # fmt: skip


def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Any, folder: Path) -> None:
    phone = {"width": 390, "height": 844}
    with opened(browser, folder / "report.html", viewport=phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == phone["width"]


def test_on_paper(page: Any) -> None:
    page.emulate_media(media="print")
    for gone in (".bar", ".controls", ".live", ".drawers"):
        assert page.locator(gone).first.is_hidden()
    for there in ("h1", "#parallel svg", "#runs", "#heat-a svg", ".command"):
        assert page.locator(there).is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#runs tbody tr").count() == 20
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("#runs tbody tr").count() == 10
    assert page.pdf().startswith(b"%PDF")


def test_everything_has_a_name_for_those_who_do_not_see_it(page: Any) -> None:
    for part in page.locator("details").all():
        part.evaluate("part => part.open = true")
    nameless = page.evaluate("""() => [...document.querySelectorAll(
        'button, input, select, [role=img], [role=application], [role=region]')]
      .filter(e => !(e.ariaLabel || e.labels?.length || e.textContent.trim()
                     || e.getAttribute('aria-labelledby')))
      .map(e => e.outerHTML.slice(0, 120))""")
    assert nameless == []
    assert page.locator("html[lang=en]").count() == 1
    assert page.locator("main h1").count() == 1
    assert page.locator("#runs caption").count() == 1
    assert page.locator("#runs thead th[scope=col]").count() > 5
    levels = [int(e.evaluate("e => e.tagName")[1]) for e in page.locator("h1, h2, h3").all()]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_by_keyboard_alone(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "findings-title"
    page.focus("#runs tbody tr:nth-child(7) button.b")
    page.keyboard.press("Enter")
    assert page.get_attribute("#runs tbody tr:nth-child(7) button.b", "aria-pressed") == "true"
    page.focus("#slider")
    page.keyboard.press("End")
    assert float(page.input_value("#temperature")) == pytest.approx(10**1.5, rel=0.01)


def test_the_picture_in_the_readme_is_of_the_page_as_it_is(browser: Any, folder: Path) -> None:
    """Letters differ between machines by a pixel or two; parts and colors do not."""
    kept = Image.open(EXAMPLE / "ablation" / "report.png")
    made = Image.open(io.BytesIO(picture(browser, folder / "report.html")))
    assert kept.width == made.width == 1280
    assert made.height == pytest.approx(kept.height, rel=0.03)
    small = [np.asarray(one.convert("RGB").resize((64, 96)), dtype=float) for one in (kept, made)]
    assert abs(small[0] - small[1]).mean() < 4


# --- what others wrote --------------------------------------------------------------------------


def test_hostile_tokens_are_text_and_nothing_of_them_runs(browser: Any, tmp_path: Path) -> None:
    with opened(browser, hostile(tmp_path) / "report.html") as page:
        assert page.evaluate("globalThis.pwned") is None
        assert page.locator("img, svg[onload], main script").count() == 0
        page.click("text=The same as numbers")
        cells = page.locator("#numbers tbody tr td:first-child").all_inner_texts()
        assert set(cells) == set(HOSTILE)
        page.locator("#heat-a rect").first.hover(force=True)
        assert HOSTILE[0] in page.inner_text("#tip")
        for details in page.locator("details").all():
            details.evaluate("part => part.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == 1280
        assert page.evaluate("globalThis.pwned") is None


FETCHING = """async () => {
  const asked = await fetch('https://example.com/').catch(() => 'refused');
  const script = document.createElement('script');
  script.textContent = 'globalThis.pwned = 1';
  document.body.append(script);
  const image = new Image();
  image.src = 'https://example.com/a.png';
  await new Promise(r => { image.onerror = r; image.onload = r; });
  return [asked, globalThis.pwned ?? null, image.naturalWidth];
}"""


def test_its_policy_forbids_the_network(browser: Any, folder: Path) -> None:
    """A fetch, a script and an image from elsewhere are refused, and the page says by what."""
    tab = opened(browser, folder / "report.html")
    assert tab.__enter__().evaluate(FETCHING) == ["refused", None, 0]
    with pytest.raises(AssertionError) as complaint:
        tab.__exit__(None, None, None)
    for directive in ("default-src", "script-src", "img-src"):
        assert re.search(f"Content Security Policy.*{directive}", str(complaint.value))


def test_three_thousand_runs_are_all_in_the_table_and_a_sample_in_the_pictures(
    browser: Any, tmp_path: Path
) -> None:
    with opened(browser, written(tmp_path, many(3000))) as page:
        told = page.inner_text("#count")
        assert told.startswith("3,000 of 3,000 runs selected. The pictures draw 1000 of them")
        assert "of 3,000" in page.inner_text(".dt-info")
        drag_axis(page, "entropy", -0.02, 0.5)
        settle(page)
        assert 1450 < count(page) < 1550
        assert "not in the page" in page.inner_text("#heat-a")
