/** The switch between light and dark, which starts from what the system prefers. */

const KEY = "earshot-scheme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** @param {HTMLButtonElement} button pressed means dark */
export function switchScheme(button) {
  const root = document.documentElement;
  const dark = () => (root.dataset.scheme ? root.dataset.scheme === "dark" : system.matches);
  const show = () => button.setAttribute("aria-pressed", String(dark()));
  button.addEventListener("click", () => {
    root.dataset.scheme = dark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, root.dataset.scheme);
    } catch {
      // No storage: the choice is kept until the page is left.
    }
    show();
  });
  system.addEventListener("change", show);
  show();
}
