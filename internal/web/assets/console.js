// Keeps the numbers of a job's page current. The page works without it.
for (const place of document.querySelectorAll("[data-live]")) {
  new EventSource(place.dataset.live).onmessage = (event) => {
    const numbers = JSON.parse(event.data);
    for (const [name, text] of Object.entries(numbers)) {
      const at = place.querySelector(`[data-n="${CSS.escape(name)}"]`);
      if (at && at.textContent !== text) at.textContent = text;
    }
  };
}
