"""Writes golden.json: how Chromium nests documents of many open elements.

    python3 generate.py chromium-headless-shell

Needs Chromium. The test does not.
"""
import json, subprocess, sys, tempfile

R = lambda s, n: s * n
UNITS = [
    "<table><tr><td>", "<b><i><p>", "<table><td>", "<dl><dd>", "<font><table><b><tr><td>", "<select><option></select><div>", "<table><caption>",
    "<div><p><b>", "<table><colgroup><col></table><div>", "<ul><li>", "<nobr><table><td>",
]
CASES = {
    "divs": R("<div>", 600) + "x" + R("</div>", 600) + "<p>last",
    "fonts": "".join("<p><font size=%d>" % (i % 7) for i in range(600)) + "x<h1>t</h1>",
    "lists": R("<ul><li>", 300) + "x",
    "closed lists": R("<ul><li>", 300) + "x" + R("</li></ul>", 300) + "<p>y",
    "edge 509": R("<div>", 509) + "<p>a<p>b",
    "edge 510": R("<div>", 510) + "<p>a<p>b",
    "edge 511": R("<div>", 511) + "<p>a<p>b",
    "edge 512": R("<div>", 512) + "<p>a<p>b",
    "text": "".join("<div>%d" % i for i in range(530)) + R("x</div>y", 530),
    "comments": R("<div><!--c-->", 530),
    "spans": R("<span>", 530) + "a<b>c</b>d" + R("</span>", 530) + "e",
    "images": R("<div>", 530) + "<img><br>t<img>" + R("</div>", 10) + "<img>",
    "formatting": "<b><i>" + R("<div>", 530) + "a</b>b</i>c",
    "tables": R("<table><tr><td>", 150) + "x" + R("</td></tr></table>", 150) + "y",
    "foster": R("<div>", 510) + "<table><tr>a<b>c<td>d</table>e",
    "quotes": R("<blockquote><p>q", 560) + R("</blockquote>", 560) + "<p>z",
    "svg": R("<svg>", 530) + "<rect/>" + R("</svg>", 530) + "<p>y",
    "unknown": R("<x-y>", 600) + "<p>z",
    "select": R("<div>", 520) + "<select><option>a<option>b</select>c",
    "rows": R("<table><tr><td>", 300) + "x",
    "cells": R("<table><td>", 300) + "x",
    "columns": R("<table><col><tr><td>", 200) + R("<table><colgroup><col></table><div>", 100),
    "captions": R("<table><caption>", 300),
    "cells in formatting": R("<b><table><td>", 200) + "x" + R("<font><table><b><tr><td>", 100),
    "misplaced": R("<table><tr><div>", 300),
    "anchors": R("<a><table><td>", 200),
    "void": R("<div><br>", 530) + R("<p><input>", 10) + R("<div><img><hr>", 10),
    "self-closing": R("<svg><g/>", 530),
    "options": R("<div>", 505) + R("<select><option>a</select><div>", 20),
    "unlike": "".join(UNITS[i * i * 7 % len(UNITS)] for i in range(300)),
    "unlike too": "".join(UNITS[i * i * i * 5 % len(UNITS)] for i in range(300)),
    "mixed": R("<section><b><p>", 200) + "x" + R("</section>", 200) + "<em>y",
}
PAGE = """<!DOCTYPE html><body><script>
const cases = %s;
function shape(doc) {
  const out = [];
  let last = 0;
  const walk = [[doc.documentElement, 0]];
  while (walk.length) {
    const [n, depth] = walk.pop();
    const name = n.nodeType === 1 ? n.localName : n.nodeType === 3 ? "#" + n.data : "!";
    const step = name + " " + (depth - last);
    last = depth;
    if (out.length && out[out.length - 1][0] === step) out[out.length - 1][1]++; else out.push([step, 1]);
    for (let c = n.lastChild; c; c = c.previousSibling) walk.push([c, depth + 1]);
  }
  return out.map(([s, n]) => s + "*" + n).join("\\n");
}
const result = {};
for (const name in cases) result[name] = { html: cases[name], shape: shape(new DOMParser().parseFromString(cases[name], "text/html")) };
document.body.textContent = "RESULT" + encodeURIComponent(JSON.stringify(result)) + "END";
</script>"""
import urllib.parse
with tempfile.NamedTemporaryFile("w", suffix=".html") as f:
    f.write(PAGE % json.dumps(CASES).replace("</", "<\\/"))
    f.flush()
    out = subprocess.run([sys.argv[1], "--no-sandbox", "--disable-gpu", "--dump-dom", "file://" + f.name], capture_output=True, text=True).stdout
text = out[out.rindex("RESULT") + 6:out.rindex("END")]
with open("golden.json", "w") as f:
    json.dump(json.loads(urllib.parse.unquote(text)), f, indent=1, ensure_ascii=False)
