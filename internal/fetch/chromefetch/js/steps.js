// The steps of a request act on the first element that a selector matches. Each
// gives why it can't, or an empty text.
const nothing = "nothing matches";

// click clicks an element as a person does who sees it.
function click(css) {
  const e = select(document, css)[0];
  if (!e) return nothing;
  Element.prototype.scrollIntoView.call(e, { block: "center", inline: "center", behavior: "instant" });
  if (e instanceof HTMLElement) {
    HTMLElement.prototype.click.call(e);
  } else {
    e.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, composed: true, view: window }));
  }
  return "";
}

// tellChange sends the events of an input by hand.
function tellChange(e) {
  e.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
  e.dispatchEvent(new Event("change", { bubbles: true }));
}

// fill gives a text field its value. It sets the property of the prototype, because
// scripts that keep the value themselves lay their own over that of the element.
function fill(css, value) {
  const e = select(document, css)[0];
  if (!e) return nothing;
  const text = e instanceof HTMLTextAreaElement || e instanceof HTMLInputElement &&
    !["button", "checkbox", "file", "hidden", "image", "radio", "reset", "submit"].includes(getter(HTMLInputElement.prototype, "type")(e));
  if (text) {
    const of = e instanceof HTMLInputElement ? HTMLInputElement : HTMLTextAreaElement;
    if (getter(of.prototype, "disabled")(e) || getter(of.prototype, "readOnly")(e)) return "is disabled or read-only";
    HTMLElement.prototype.focus.call(e);
    Object.getOwnPropertyDescriptor(of.prototype, "value").set.call(e, value);
  } else if (e instanceof HTMLElement && getter(HTMLElement.prototype, "isContentEditable")(e)) {
    HTMLElement.prototype.focus.call(e);
    Object.getOwnPropertyDescriptor(Node.prototype, "textContent").set.call(e, value);
  } else {
    return "is no text field";
  }
  tellChange(e);
  return "";
}

// choose selects an option by its value, else by its label.
function choose(css, value) {
  const e = select(document, css)[0];
  if (!e) return nothing;
  if (!(e instanceof HTMLSelectElement)) return "is no select element";
  const options = Array.from(select(e, "option"));
  const of = (name) => options.find((o) => getter(HTMLOptionElement.prototype, name)(o) === value);
  const option = of("value") || of("label");
  if (!option) return "has no such option";
  HTMLElement.prototype.focus.call(e);
  Object.getOwnPropertyDescriptor(HTMLOptionElement.prototype, "selected").set.call(option, true);
  tellChange(e);
  return "";
}

// scroll scrolls to the end of the page and waits at most ms for the page to grow.
// It gives whether the page grew.
function scroll(ms) {
  const root = getter(Document.prototype, "scrollingElement")(document) || rootElement(document);
  if (!root) return false;
  const height = getter(Element.prototype, "scrollHeight");
  const before = height(root);
  window.scrollTo({ top: before, behavior: "instant" });
  return new Promise((done) => {
    const end = (grew) => { changes.disconnect(); sizes.disconnect(); clearTimeout(timer); done(grew); };
    const check = () => { if (height(root) > before) end(true); };
    const changes = new MutationObserver(check), sizes = new ResizeObserver(check);
    const timer = setTimeout(() => end(height(root) > before), ms);
    changes.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    for (const e of [rootElement(document), ...select(document, "body")]) sizes.observe(e);
  });
}
