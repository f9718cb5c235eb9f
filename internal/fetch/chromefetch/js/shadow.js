// roots are the open shadow roots of the page, those in others included.
function roots() {
  const found = [], stack = [document];
  while (stack.length > 0) {
    for (const e of stack.pop().querySelectorAll("*")) {
      if (e.shadowRoot) { found.push(e.shadowRoot); stack.push(e.shadowRoot); }
    }
  }
  return found;
}

// inlined gives a copy of the page in which what a shadow root shows follows
// its host's own children, and the elements that came so. A slot that is filled
// loses what it shows when it is not: what fills it stands at the host. The copy
// is of a document that runs nothing and loads nothing.
function inlined() {
  const inert = document.implementation.createHTMLDocument("");
  const copy = inert.importNode(document.documentElement, true);
  const added = new Set(), filled = [], stack = [[document.documentElement, copy]];
  while (stack.length > 0) {
    const [from, to] = stack.pop(), hosts = [];
    const walk = document.createTreeWalker(from, NodeFilter.SHOW_ELEMENT), along = inert.createTreeWalker(to, NodeFilter.SHOW_ELEMENT);
    for (let a = from, b = to; a && b; a = walk.nextNode(), b = along.nextNode()) {
      if (a.shadowRoot) hosts.push([a.shadowRoot, b]);
      if (a.localName === "slot" && a.assignedNodes().length > 0) filled.push(b);
    }
    for (const [root, host] of hosts) {
      for (const child of root.childNodes) {
        const c = inert.importNode(child, true);
        host.appendChild(c);
        if (child.nodeType === Node.ELEMENT_NODE) { added.add(c); stack.push([child, c]); }
      }
    }
  }
  for (const slot of filled) slot.replaceChildren();
  return { copy, added };
}
