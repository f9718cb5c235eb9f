// The functions here go past the properties of nodes to those of their prototypes:
// a form or an image whose name is that of a property stands before it, also in a
// world of its own.
const getter = (prototype, name) => {
  const get = Object.getOwnPropertyDescriptor(prototype, name).get;
  return (n) => get.call(n);
};
const firstChild = getter(Node.prototype, "firstChild"), nextSibling = getter(Node.prototype, "nextSibling");
const parentNode = getter(Node.prototype, "parentNode"), nodeType = getter(Node.prototype, "nodeType"), childNodes = getter(Node.prototype, "childNodes");
const localName = getter(Element.prototype, "localName"), tagName = getter(Element.prototype, "tagName");
const namespaceURI = getter(Element.prototype, "namespaceURI"), attributesOf = getter(Element.prototype, "attributes");
const shadowRootOf = getter(Element.prototype, "shadowRoot"), outerHTML = getter(Element.prototype, "outerHTML");
const data = getter(CharacterData.prototype, "data");
const rootElement = getter(Document.prototype, "documentElement"), doctypeOf = getter(Document.prototype, "doctype");

// select is querySelectorAll of a document, a shadow root or an element.
function select(root, css) {
  const type = nodeType(root);
  const of = type === 9 ? Document : type === 11 ? DocumentFragment : Element;
  return of.prototype.querySelectorAll.call(root, css);
}

// states are the pseudo-classes whose truth a browser tells of controls and custom
// elements, in the order of the bits of markup.State.
const states = [":checked", ":disabled", ":enabled", ":required", ":optional", ":read-write", ":placeholder-shown", ":defined", ":open"];
const controls = new Set(["input", "option", "select", "textarea", "button", "fieldset", "optgroup", "details", "dialog"]);

function stateOf(e) {
  let bits = 0;
  states.forEach((s, i) => {
    try { if (Element.prototype.matches.call(e, s)) bits |= 1 << i; } catch { /* this browser does not know it */ }
  });
  return bits;
}

// tree gives nodes and what is in them as a flat list, which markup.DOM reads. Of
// the nodes in added it tells that a shadow root shows them; source has the elements
// that copies are of. The list holds:
// 1 flags; a text; 1 to 4, name, count, name and value of each attribute: an element of
// HTML, SVG, MathML, or, with the namespace before its name, another; 5, name,
// value: an attribute with a namespace of the element before; 6, bits: its state;
// 0: its end; 7, data: a comment; 8, name, public, system: a document type; 9,
// target, data: a processing instruction; 10: a shadow root shows the next node.
function tree(nodes, added, source) {
  const xml = !(document instanceof HTMLDocument);
  const quirks = getter(Document.prototype, "compatMode")(document) === "BackCompat";
  const kinds = { "http://www.w3.org/1999/xhtml": 1 };
  if (!xml) Object.assign(kinds, { "http://www.w3.org/2000/svg": 2, "http://www.w3.org/1998/Math/MathML": 3 });
  const out = [1, (xml ? 1 : 0) | (quirks ? 2 : 0)];
  const begin = (n) => {
    switch (nodeType(n)) {
      case 1: {
        const ns = namespaceURI(n) || "", kind = kinds[ns] || 4, plain = [], other = [];
        for (const a of attributesOf(n)) {
          if (a.namespaceURI) other.push(5, a.name, a.value); else plain.push(a.name, a.value);
        }
        if (kind === 4) out.push(4, ns, xml ? tagName(n) : localName(n)); else out.push(kind, localName(n));
        out.push(plain.length / 2);
        for (const s of plain) out.push(s);
        for (const s of other) out.push(s);
        if (kind === 1 && (controls.has(localName(n)) || localName(n).includes("-"))) out.push(6, stateOf(source.get(n) || n));
        return true;
      }
      case 3: case 4: {
        const text = data(n);
        if (text === "") break;
        // Texts side by side are one, as they are for XPath.
        if (texts) out[out.length - 1] += text; else out.push(text);
        texts = true;
        break;
      }
      case 7: out.push(9, n.target, data(n)); break;
      case 8: out.push(7, data(n)); break;
      case 10: out.push(8, n.name, n.publicId, n.systemId); break;
    }
    return false;
  };
  let texts = false; // the last of out is a text
  for (const root of nodes) {
    for (let n = root; n;) {
      const type = nodeType(n);
      if (type !== 3 && type !== 4) texts = false;
      if (added.has(n)) { out.push(10); texts = false; }
      const open = begin(n);
      const child = open ? firstChild(n) : null;
      if (child) { n = child; continue; }
      if (open) { out.push(0); texts = false; }
      while (n !== root && !nextSibling(n)) { n = parentNode(n); out.push(0); texts = false; }
      n = n === root ? null : nextSibling(n);
    }
  }
  return JSON.stringify(out);
}
