"""What every browser test asks of a page: no complaint, nothing for axe to find, no text cut off, no labels on each other."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Page

_SHOWN_AGAIN = ("status of 409 (CONFLICT)", "status of 422 (UNPROCESSABLE ENTITY)")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

# A text is cut off where it leaves a box that hides what leaves it, or the page; inside a box that scrolls it can be reached.
_CLIPPED = """() => {
  const hides = (style, axis) => ['hidden', 'clip'].includes(style['overflow' + axis]);
  const scrolls = (style, axis) => ['auto', 'scroll'].includes(style['overflow' + axis]);
  const cut = (rect, element) => {
    let x = true, y = true;
    for (let box = element; box && box !== document.documentElement; box = box.parentElement) {
      const style = getComputedStyle(box), frame = box.getBoundingClientRect();
      if (style.clipPath !== 'none') return false;  // for screen readers only
      if (x && hides(style, 'X') && (rect.right > frame.right + 1 || rect.left < frame.left - 1)) return true;
      if (y && hides(style, 'Y') && (rect.bottom > frame.bottom + 2 || rect.top < frame.top - 2)) return true;
      if (scrolls(style, 'X')) x = false;
      if (scrolls(style, 'Y')) y = false;
      if (style.position === 'fixed') return x && (rect.right > innerWidth + 1 || rect.left < -1);
    }
    return x && (rect.right > document.documentElement.clientWidth + 1 || rect.left + scrollX < -1);
  };
  const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.textContent.trim() || element.closest('script, style, noscript, option, template, .skip')) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    if ([...range.getClientRects()].some((rect) => rect.width > 1 && cut(rect, element))) found.push(node.textContent.trim());
  }
  for (const field of document.querySelectorAll('input:not([type=checkbox], [type=radio], [type=hidden]), select')) {
    if (field.checkVisibility() && field.scrollWidth > field.clientWidth + 1) found.push(`${field.name}: ${field.value}`);
  }
  return found;
}"""

_OVERLAPS = """() => [...document.querySelectorAll('svg')].flatMap((svg) => {
  const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim() && text.closest('svg') === svg);
  const boxes = texts.map((text) => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([a, one], index) => boxes.slice(index + 1).filter(([, other]) =>
    one.left < other.right - 1 && other.left < one.right - 1 && one.top < other.bottom - 1 && other.top < one.bottom - 1)
    .map(([b]) => `${a} / ${b}`));
})"""

# The three in one question: each costs a way there and back.
_CUT_OFF = f"""async () => {{
  await document.fonts.ready;
  const wide = document.documentElement.scrollWidth <= innerWidth ? [] : ['scrolls sideways'];
  return [...wide, ...({_CLIPPED})(), ...({_OVERLAPS})()];
}}"""

# Only what is said of it comes back: the whole of what axe finds right takes longer to send than to find.
_RUN_AXE = """async (options) => {
  const { passes, violations } = await axe.run(document, options);
  return [passes.length, violations.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html]))];
}"""


def axe(page: Page, wanted: Sequence[str] = LEVELS) -> list[str]:
    """What breaks WCAG 2.2 AA on the page, or only some rules of it, one line a finding."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    options = {"runOnly": wanted, "resultTypes": ["violations"], "iframes": False, "preload": False}
    passed, found = page.evaluate(_RUN_AXE, options)
    assert passed, "axe looked at nothing"
    return [f"{rule}: {html[:160]}" for rule, html in found]


@cache
def _axe() -> str:
    return AXE.read_text()


def complaints(page: Page) -> list[str]:
    """What the browser complains about from now on, a breach of the content security policy above all. The list grows."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if _is_complaint(message) else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    return told


def _is_complaint(message: ConsoleMessage) -> bool:
    """A form that is shown again with what is wrong in it (422), or with what somebody else stored (409), is none."""
    return message.type == "error" and not message.text.endswith(_SHOWN_AGAIN)


def clipped_texts(page: Page) -> list[str]:
    """Texts that cannot be read whole."""
    page.evaluate("document.fonts.ready")
    found: list[str] = page.evaluate(_CLIPPED)
    return found


def overlapping_texts(page: Page) -> list[str]:
    """Labels of one drawing that lie on each other."""
    found: list[str] = page.evaluate(_OVERLAPS)
    return found


def cut_off(page: Page) -> list[str]:
    """All that cannot be read whole on the page as it is now."""
    found: list[str] = page.evaluate(_CUT_OFF)
    return found


def shot(page: Page, name: str) -> None:
    """Keep a picture of the whole page where ``PROLAB_SHOTS`` names a folder; look at it, no test compares it."""
    if folder := os.environ.get("PROLAB_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """The page can be read without scrolling sideways."""
    inside: bool = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    return inside


def live(page: Page) -> Page:
    """The page once its stream is open: the first beat or board has been heard."""
    page.wait_for_function("() => document.body.dataset.heard")
    return page


def speak(page: Page, language: str) -> None:
    """The same page in another language."""
    page.context.add_cookies([{"name": "lang", "value": language, "url": page.url}])
    page.reload()
