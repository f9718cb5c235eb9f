// blobs lists the blob: URLs of the page's images and links, each once, at most max.
function blobs(max) {
  const found = new Set();
  for (const root of [document, ...roots()]) {
    for (const e of select(root, "img, source, embed, object, image, a")) {
      for (const name of ["src", "href", "data"]) {
        const v = (Element.prototype.getAttribute.call(e, name) || "").trim();
        if (/^blob:/i.test(v) && found.size < max) found.add(v);
      }
    }
  }
  return Array.from(found);
}

// blob reads the file behind a blob: URL: its type and its bytes in base64, or its size alone if it
// has more than max bytes. A URL that was revoked, or that the page's policy keeps from being read,
// has the reason in why.
async function blob(url, max) {
  try {
    const file = await (await fetch(url)).blob();
    if (file.size > max) return { size: file.size, type: file.type, body: "", why: "" };
    const text = await new Promise((done, fail) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.onerror = () => fail(reader.error);
      reader.readAsDataURL(file);
    });
    return { size: file.size, type: file.type, body: text.slice(text.indexOf(",") + 1), why: "" };
  } catch (e) {
    return { size: 0, type: "", body: "", why: String(e && e.message || e) };
  }
}
