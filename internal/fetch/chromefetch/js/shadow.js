// roots are the open shadow roots of the page, those in others included.
function roots() {
  const found = [], stack = [document];
  while (stack.length > 0) {
    for (const e of select(stack.pop(), "*")) {
      const root = shadowRootOf(e);
      if (root) { found.push(root); stack.push(root); }
    }
  }
  return found;
}

// inlined gives a copy of the page in which what a shadow root shows follows
// its host's own children, the nodes that came so, and the element that each
// element is a copy of. A slot that is filled loses what it shows when it is not:
// what fills it stands at the host. The copy is of a document that runs nothing
// and loads nothing.
function inlined() {
  const inert = DOMImplementation.prototype.createHTMLDocument.call(getter(Document.prototype, "implementation")(document), "");
  const copy = inert.importNode(rootElement(document), true);
  const added = new Set(), source = new Map(), filled = [], stack = [[rootElement(document), copy]];
  while (stack.length > 0) {
    const [from, to] = stack.pop(), hosts = [];
    const walk = Document.prototype.createTreeWalker.call(document, from, NodeFilter.SHOW_ELEMENT), along = inert.createTreeWalker(to, NodeFilter.SHOW_ELEMENT);
    for (let a = from, b = to; a && b; a = walk.nextNode(), b = along.nextNode()) {
      source.set(b, a);
      const root = shadowRootOf(a);
      if (root) hosts.push([root, b]);
      if (a instanceof HTMLSlotElement && a.assignedNodes().length > 0) filled.push(b);
    }
    for (const [root, host] of hosts) {
      for (const child of childNodes(root)) {
        const c = inert.importNode(child, true);
        Node.prototype.appendChild.call(host, c);
        added.add(c);
        if (nodeType(child) === Node.ELEMENT_NODE) stack.push([child, c]);
      }
    }
  }
  for (const slot of filled) slot.replaceChildren();
  return { copy, added, source };
}
