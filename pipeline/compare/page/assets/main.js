// Everything starts here, in the order of the page.

readLink();
startTheme();
applyTheme();
if (RUNS) {
  startTable();
  startColumns();
  startParallel();
  startCurves();
  startPair();
  startPrint();
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

// For the console and the tests: the numbers behind the pictures.
globalThis.attentionLab = { DATA, state, choose, selected, attendLive, align, along, VIRIDIS, DIVERGING };
