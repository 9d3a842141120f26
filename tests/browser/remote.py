"""A TV's remote control before a page."""

from playwright.sync_api import expect

# Playwright's keyboard has none of them.
KEYS = {"GoBack", "MediaPlay", "MediaPause", "MediaStop"}
SEND = (
    "key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}))"
)


def press(screen, *keys):
    for key in keys:
        if key in KEYS:
            screen.page.evaluate(SEND, key)
        else:
            screen.page.keyboard.press(key)


# The arrow key that leads nearer to a control, as one sees it; "" where it has the focus.
NEARER = """(wanted) => {
  const from = document.activeElement;
  if (from === wanted) return "";
  const [here, there] = [from.getBoundingClientRect(), wanted.getBoundingClientRect()];
  if (there.top >= here.bottom - 4) return "ArrowDown";
  if (there.bottom <= here.top + 4) return "ArrowUp";
  return there.left > here.left ? "ArrowRight" : "ArrowLeft";
}"""


def steer(screen, name: str) -> None:
    """Press arrow keys until the control of that name has the focus, then OK."""
    wanted = screen.page.get_by_role("button", name=name, exact=True)
    expect(wanted).to_be_visible()
    trail = []
    for _ in range(12):
        key = wanted.evaluate(NEARER)
        if not key:
            break
        screen.page.keyboard.press(key)
        trail.append((key, screen.page.evaluate("document.activeElement.textContent.trim().slice(0, 30)")))
    assert wanted.evaluate(NEARER) == "", trail
    screen.page.keyboard.press("Enter")
