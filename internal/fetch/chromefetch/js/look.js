// look tells what a selector finds, as soon as that is not `seen`: of each
// element its attribute (null: it has none), or its text. URLs are absolute, as
// they are in a field.
function look(css, attr, seen) {
  const urls = ["src", "href", "action", "poster", "cite", "data"];
  const value = (e) => {
    if (attr == null) return e.textContent.trim().slice(0, 2000);
    let v = e.getAttribute(attr);
    if (v === null) return null;
    if (urls.includes(attr.toLowerCase()) && v.trim() !== "") {
      try { v = new URL(v, document.baseURI).href; } catch { /* as it stands */ }
    }
    return v.slice(0, 2000);
  };
  const find = () => {
    const values = Array.from(document.querySelectorAll(css)).slice(0, 200).map(value);
    return { state: JSON.stringify(values), values };
  };
  return new Promise((done) => {
    const first = find();
    if (first.state !== seen && first.values.length > 0) { done(first); return; }
    let timer = 0;
    const check = () => {
      timer = 0;
      const now = find();
      if (now.state !== seen && now.values.length > 0) { observer.disconnect(); done(now); }
    };
    const observer = new MutationObserver(() => { if (timer === 0) timer = setTimeout(check, 20); });
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
}
