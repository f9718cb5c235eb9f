// stable gives true when the page's HTML, with that of its shadow roots, has
// stayed the same for so many milliseconds. A change that is taken back in
// between counts as none.
function stable(ms) {
  return new Promise((done) => {
    let shadows = roots();
    const html = () => [rootElement(document) ? outerHTML(rootElement(document)) : "", ...shadows.map((r) => r.innerHTML)].join("\n");
    let last = html(), since = performance.now(), changed = false;
    const what = { subtree: true, childList: true, attributes: true, characterData: true };
    const observer = new MutationObserver(() => { changed = true; });
    for (const r of [document, ...shadows]) observer.observe(r, what);
    const step = Math.max(10, Math.min(100, ms / 5));
    const timer = setInterval(() => {
      const now = performance.now(), there = roots();
      if (there.length !== shadows.length) changed = true; // no mutation tells of it
      if (changed) {
        changed = false;
        shadows = there;
        for (const r of shadows) observer.observe(r, what);
        const is = html();
        if (is !== last) { last = is; since = now; return; }
      }
      if (now - since >= ms) { clearInterval(timer); observer.disconnect(); done(true); }
    }, step);
  });
}
