"""Somebody who has only a keyboard: goes by Tab, and at every step looks whether the focus is there to be seen.

`Keyboard.to` goes to something as a person would, `Keyboard.round` goes once through a whole page. Both raise AssertionError where the
focus is lost, off the screen, covered, looks like nothing, or goes backwards.
"""

from __future__ import annotations

from typing import Any

MOST_STEPS = 400

FOCUS = """
() => {
  const here = document.activeElement
  if (!here || here === document.body || here === document.documentElement) return null
  const box = here.matches('input[type="radio"], input[type="checkbox"]') ? here.labels[0] : here
  const look = () => {
    const style = box === here ? getComputedStyle(here) : getComputedStyle(box, '::before')
    return [style.outline, style.boxShadow, style.backgroundColor, style.borderColor, style.textDecoration].join('|')
  }
  const rect = box.getClientRects()[0] || box.getBoundingClientRect()
  const middle = (Math.max(rect.top, 0) + Math.min(rect.bottom, innerHeight)) / 2
  const hit = document.elementFromPoint(rect.left + Math.min(rect.width / 2, 100), middle)
  const focused = look()
  let marked = true
  if (here.type !== 'date' && here.tabIndex >= 0) { // a date has several places of its own, a headline is left for good
    here.blur()
    marked = focused !== look()
    here.focus({ preventScroll: true })
  }
  const before = window.keyboardBefore
  window.keyboardBefore = here
  window.keyboardMet = window.keyboardMet || []
  const first = window.keyboardMet[0] === here
  window.keyboardMet.push(here)
  return {
    what: `${here.tagName.toLowerCase()}${here.id ? '#' + here.id : ''} “${(here.innerText || here.name || '').trim().slice(0, 40)}”`,
    marked,
    seen: rect.width > 0 && rect.height > 0 && rect.bottom > 0 && rect.top < innerHeight,
    uncovered: hit !== null && (here.contains(hit) || hit.contains(here) || box.contains(hit) || hit.contains(box)),
    kept: document.activeElement === here,
    forwards: first || !before || !before.isConnected || (before === here && here.type === 'date') || (before.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
    first,
  }
}
"""

MISSED = """
() => {
  const met = new Set(window.keyboardMet)
  const groups = new Set([...met].filter(one => one.type === 'radio').map(one => one.name))
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.type !== 'hidden' && one.tabIndex >= 0)
    .filter(one => !met.has(one) && !(one.type === 'radio' && groups.has(one.name)))
    .map(one => one.outerHTML.slice(0, 120))
}
"""


class Keyboard:
    """The keyboard of a page that is open in Playwright."""

    def __init__(self, view: Any) -> None:
        self.view = view

    def focus(self) -> dict[str, Any] | None:
        """What has the focus, which must be there to be seen; None where the page itself has it."""
        found: dict[str, Any] | None = self.view.evaluate(FOCUS)
        if found is not None:
            for quality in ("marked", "seen", "uncovered", "kept"):
                assert found[quality], f"the focus on {found['what']} is not {quality}: {self.view.url}"
        return found

    def to(self, locator: Any) -> None:
        """Press Tab until `locator` has the focus."""
        self.view.evaluate("window.keyboardBefore = undefined; window.keyboardMet = []")
        locator.wait_for()
        for _ in range(MOST_STEPS):
            self.view.keyboard.press("Tab")
            found = self.focus()
            if found is not None and locator.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"Tab never came to {locator}")

    def press(self, locator: Any, key: str = "Enter") -> None:
        """Go to something and press a key on it."""
        self.to(locator)
        self.view.keyboard.press(key)

    def write(self, locator: Any, words: str) -> None:
        """Go to a field and write into it, key by key."""
        self.to(locator)
        self.view.keyboard.type(words)

    def choose(self, radio: Any) -> None:
        """Choose one of several by the arrow keys, as radios are chosen."""
        name = radio.get_attribute("name")
        group = self.view.locator(f'input[type="radio"][name="{name}"]')
        checked = group.and_(self.view.locator(":checked"))
        self.to(checked if checked.count() else group.first)
        self.view.keyboard.press("Space")
        for _ in range(group.count()):
            if radio.is_checked():
                self.focus()
                return
            self.view.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrow keys never came to {radio}")

    def round(self) -> int:
        """Go through the whole page from its beginning; everything is met, in the order of the page. Returns how many steps it took."""
        self.view.evaluate("document.activeElement.blur(); window.keyboardBefore = undefined; window.keyboardMet = []")
        for step in range(MOST_STEPS):
            self.view.keyboard.press("Tab")
            found = self.focus()
            if found is None or (found["first"] and step):
                missed = self.view.evaluate(MISSED)
                assert missed == [], f"Tab does not come to these of {self.view.url}: {missed}"
                return step
            assert found["forwards"], f"the focus went back to {found['what']}: {self.view.url}"
        raise AssertionError(f"Tab never came to the end of {self.view.url}")
