// Starts the page.

readLink();
startTheme();
applyTheme();
if (RUNS) {
  for (const start of panels) {
    try {
      start();
    } catch (error) {
      console.error(error); // one broken panel leaves the others working
    }
  }
  restoreTable();
}
startLive();

window.addEventListener("hashchange", () => {
  if (location.hash.slice(1) === asLink()) return;
  readLink();
  for (const listener of listeners) listener(new Set(Object.keys(DEFAULTS)));
  restoreTable();
});
find("link").addEventListener("click", async () => {
  writeLink();
  await navigator.clipboard?.writeText(location.href).catch(() => {});
  say("The link to this view is in the address bar and on the clipboard.");
});
window.addEventListener("scroll", hideTip, { passive: true });

// For the console and the tests.
globalThis.attentionLab = { DATA, state, choose, selected, attendLive, align, along, VIRIDIS, DIVERGING };
