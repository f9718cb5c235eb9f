// read gives the page as it stands, its HTML and its tree, unless it is longer than
// max.
function read(max) {
  const root = rootElement(document), doctype = doctypeOf(document), url = getter(Document.prototype, "URL")(document);
  const type = doctype ? new XMLSerializer().serializeToString(doctype) + "\n" : "";
  let html = type + (root ? outerHTML(root) : ""), nodes = Array.from(childNodes(document)), shown = new Set(), of = new Map();
  if (html.length <= max && root && roots().length > 0) {
    const { copy, added, source } = inlined();
    shown = added;
    of = source;
    html = type + outerHTML(copy);
    nodes = doctype ? [doctype, copy] : [copy];
  }
  if (html.length > max) return { long: true, html: "", dom: "", url };
  return { long: false, html, dom: tree(nodes, shown, of), url };
}
