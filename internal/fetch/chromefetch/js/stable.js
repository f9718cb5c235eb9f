// stable gives true when the page's HTML has stayed the same for so many
// milliseconds. A change that is taken back in between counts as none.
function stable(ms) {
  return new Promise((done) => {
    const html = () => document.documentElement ? document.documentElement.outerHTML : "";
    let last = html(), since = performance.now(), changed = false;
    const observer = new MutationObserver(() => { changed = true; });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    const step = Math.max(10, Math.min(100, ms / 5));
    const timer = setInterval(() => {
      const now = performance.now();
      if (changed) {
        changed = false;
        const is = html();
        if (is !== last) { last = is; since = now; return; }
      }
      if (now - since >= ms) { clearInterval(timer); observer.disconnect(); done(true); }
    }, step);
  });
}
