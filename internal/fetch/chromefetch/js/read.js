// read gives the page as it stands, unless it is longer than max.
function read(max) {
  const root = document.documentElement;
  const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) + "\n" : "";
  let html = type + (root ? root.outerHTML : "");
  if (html.length <= max && root && roots().length > 0) html = type + inlined().copy.outerHTML;
  if (html.length > max) return { long: true, html: "", url: document.URL };
  return { long: false, html, url: document.URL };
}
