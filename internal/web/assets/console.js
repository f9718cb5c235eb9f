// Keeps the numbers of a job's page current. The page works without it.
for (const place of document.querySelectorAll("[data-live]")) {
  const show = (name, text) => {
    const at = place.querySelector(`[data-n="${CSS.escape(name)}"]`);
    if (at && at.textContent !== text) at.textContent = text;
  };
  const source = new EventSource(place.dataset.live);
  source.onmessage = (event) => {
    for (const [name, text] of Object.entries(JSON.parse(event.data))) show(name, text);
  };
  // The browser connects again by itself, unless the console refuses it.
  source.onerror = () => show("trouble", source.readyState === EventSource.CLOSED ? "The numbers are not live any more. Load the page again." : "The console does not answer. It is asked again.");
}

// No style sees that the focus is in a recorded page.
const mark = () => {
  for (const frame of document.querySelectorAll("iframe")) frame.classList.toggle("focused", frame === document.activeElement);
};
addEventListener("blur", mark);
addEventListener("focus", mark);
