// look tells what the selectors of conditions find, as soon as that is not `seen`:
// of each element its attribute (attr null: it has none), or its text. URLs are
// absolute, as they are in a field. What shadow roots show is found as read gives
// it. It ends at once, with `stop`, if the selector `unless` matches (null: none).
function look(conditions, unless, seen) {
  const textContent = getter(Node.prototype, "textContent"), baseURI = getter(Node.prototype, "baseURI");
  const urls = ["src", "href", "action", "poster", "cite", "data"];
  const value = (attr) => (e) => {
    if (attr == null) return textContent(e).trim().slice(0, 2000);
    let v = Element.prototype.getAttribute.call(e, attr);
    if (v === null) return null;
    if (urls.includes(attr.toLowerCase()) && v.trim() !== "") {
      try { v = new URL(v, baseURI(document)).href; } catch { /* as it stands */ }
    }
    return v.slice(0, 2000);
  };
  const find = (shadows) => {
    const shown = shadows.length > 0 && rootElement(document) ? inlined() : null;
    const matches = (css) => {
      const elements = Array.from(select(document, css));
      if (!shown) return elements;
      for (const e of select(shown.copy, css)) {
        for (let n = e; n; n = parentNode(n)) {
          if (shown.added.has(n)) { elements.push(e); break; }
        }
      }
      return elements;
    };
    const values = conditions.map((c) => matches(c.css).slice(0, 200).map(value(c.attr)));
    const stop = unless !== null && matches(unless).length > 0;
    return { state: JSON.stringify(values), values, stop };
  };
  const tells = (now) => now.stop || now.state !== seen && now.values.some((v) => v.length > 0);
  return new Promise((done) => {
    let shadows = roots();
    const first = find(shadows);
    if (tells(first)) { done(first); return; }
    let timer = 0;
    const what = { subtree: true, childList: true, attributes: true, characterData: true };
    const check = () => {
      timer = 0;
      shadows = roots();
      const now = find(shadows);
      if (tells(now)) { observer.disconnect(); clearInterval(every); done(now); return; }
      for (const r of shadows) observer.observe(r, what);
    };
    const observer = new MutationObserver(() => { if (timer === 0) timer = setTimeout(check, 20); });
    for (const r of [document, ...shadows]) observer.observe(r, what);
    // That an element gets a shadow root is no mutation.
    const every = setInterval(() => { if (timer === 0 && roots().length !== shadows.length) check(); }, 250);
  });
}
