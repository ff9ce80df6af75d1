/** The colours somebody chose, before the first paint: the reason why this is no module. */
(() => {
  try {
    const chosen = localStorage.getItem("earshot-scheme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.scheme = chosen;
  } catch {
    // No storage: the colours follow the system.
  }
})();
