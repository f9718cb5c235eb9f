"""Writes golden.json: what Chromium's querySelectorAll finds in the documents here.

    python3 generate.py chromium-headless-shell

Needs Chromium. The test does not.
"""
import json, subprocess, sys, tempfile, urllib.parse

BODY = """<body lang="en-US"><h1 id="Top" class="Big head">List</h1><!-- c -->
<ul id="l1" class="x y"><li class="x">one</li><li>none</li> text <li class="x y">two</li><li class="X">three<b></b></li><li></li></ul>
<ol type="A"><li>a</li><li class="x">b<ul><li class="z">c</li></ul></li></ol>
<div class="card" data-a="Foo Bar" data-b="foo-bar" DATA-C="x"><img src="/A.png"><p>p1</p><p class="old">p2</p><span></span><p>p3</p></div>
<div class="card empty"></div><div class="card"><section><p id="in">q</p></section></div><div><a href="/x" rel="Next" hreflang="de-CH">n</a><a name="k">k</a></div>
<form><input type="TEXT" required placeholder="p"><input type="checkbox" checked disabled><input type="radio" readonly><input><input type="hidden" required>
<select><option>1</option><option selected>2</option></select><select><option disabled>1</option><option>2</option></select><select multiple><option>1</option><optgroup disabled><option selected>2</option></optgroup></select>
<textarea readonly></textarea><textarea placeholder="x"></textarea><button type="Submit">go</button><fieldset disabled><legend><input id="leg"></legend><legend><input></legend><input><button>b</button></fieldset></form>
<details open><summary>s</summary>d</details><dialog>h</dialog><x-a>custom</x-a><div contenteditable><em>e</em><i contenteditable="false">f</i></div>
<svg viewBox="0 0 1 1" class="pic"><linearGradient id="g"></linearGradient><a xlink:href="/s"><title>t</title></a></svg>
<p lang="de-Latn-CH">de</p><p lang="">none</p><p lang="fr">fr <span>f</span></p><table><tr><td>1</td><td class="x">2</td><td>3</td></tr><tr><td>4</td></tr></table>
<template><p class="x">hidden</p></template><noscript><p class="ns">ns</p></noscript><p>last</p></body>"""
DOCS = {
    "standards": ("text/html", "<!DOCTYPE html><html><head><title>T</title><meta name=Description http-equiv=Refresh></head>" + BODY + "</html>"),
    "quirks": ("text/html", "<html><head><title>T</title></head>" + BODY + "</html>"),
    "xml": ("application/xml", """<rss xmlns:dc="u:dc" xmlns:xlink="http://www.w3.org/1999/xlink" Version="2.0"><channel><title>T</title><item id="a" class="x" xlink:href="/a"><title/><pubDate type="A">d</pubDate><dc:creator>C</dc:creator></item><item id="b" class="X y"><link>l</link><dc:title lang="de">M</dc:title></item><Item rel="A"/><g xmlns="http://www.w3.org/1999/xhtml"><p class="x">h</p><P/><input type="checkbox" checked="checked"/></g></channel></rss>"""),
}
SELECTORS = r"""
*
li
LI
li.x
.x
.X
.x.y
.y.x
.big
.Big
#Top
#top
#TOP
#l1 > li
ul li
ul > li
ul>li
ul >li
ul   li
li + li
li+li
li ~ li
li ~ li.x
li.x + li
li.x ~ li
h1 + ul
h1 ~ div
div p
div > p
div > section > p
div section p
body div p
html body div > p
ul li, ol li
h1,h2 , p
ul ul
ol ul li
ul li li
:root
:root > body
:scope
:scope > body
:scope body
:root:scope
:not(:root) > body
li:first-child
li:last-child
li:only-child
p:first-of-type
p:last-of-type
p:only-of-type
span:only-of-type
li:nth-child(1)
li:nth-child(2)
li:nth-child(odd)
li:nth-child(even)
li:nth-child(2n)
li:nth-child(2n+1)
li:nth-child( 2n + 1 )
li:nth-child(-n+2)
li:nth-child(n+2)
li:nth-child(n)
li:nth-child(+3)
li:nth-child(-3)
li:nth-child(0)
li:nth-child(0n+2)
li:nth-child(3n-1)
li:nth-child(ODD)
li:nth-child(2N+1)
li:nth-last-child(1)
li:nth-last-child(2)
li:nth-last-child(-n+2)
p:nth-of-type(2)
p:nth-last-of-type(1)
p:nth-of-type(odd)
:nth-child(2 of .x)
:nth-child(1 of li.x)
li:nth-child(odd of .x)
li:nth-child(2n+1 of .x, .y)
:nth-last-child(1 of .x)
:nth-last-child(2 of li)
td:nth-child(2 of :not(.x))
:nth-child(1 of p)
p:nth-child(even of p)
:empty
div:empty
li:empty
:is(h1, h2)
:is(ul, ol) > li
:is(ul, ol) :is(.x, .z)
:is()
:where(h1, p)
:where(.card) p
li:is(.x)
:is(ul > li, ol > li)
:is(div p)
div:is(.card, .none) > :is(p, img)
:not(.x)
li:not(.x)
li:not(.x, .y)
li:not(.x):not(.y)
:not(*)
:not(li, ul, div, p, option, input, td)
p:not(div p)
p:not(div > p)
p:not(.card > *)
li:not(:first-child)
li:not(:nth-child(2))
:not(:is(li, p, div))
div:has(img)
div:has(> img)
div:has(> p)
div:has(p)
div:has(section p)
div:has(> section > p)
div:has(section > p)
div:has(.none)
div:has(> .old, > section)
div:has(+ div)
div:has(~ form)
li:has(+ li.x)
li:has(~ .x)
li:has(> b)
li:has(b)
ul:has(> li:empty)
:has(> :empty)
:has(> li.x + li)
p:has(+ span)
img:has(+ p + p)
img:has(~ span + p)
div:has(p + span)
div:has(p ~ p)
body:has(.z)
:not(:has(*))
div:not(:has(p))
div:not(:has(> p))
:is(div:has(p), ul:has(b))
:has(:scope)
:has(> body)
ol:has(li ul)
section:has(p):not(:has(img))
li:has(ul .z)
[class]
[CLASS]
[class="x"]
[class=x]
[class='x y']
[class~=x]
[class~="x"]
[class~="x y"]
[class~=""]
[class^=x]
[class^=""]
[class$=y]
[class*=" "]
[class*=""]
[class|=x]
[class="X" i]
[class="X" s]
[class=X i]
[class="X"i]
[class = x]
[ class ]
[data-a]
[data-c]
[DATA-C]
[data-a="Foo Bar"]
[data-a="foo bar"]
[data-a="foo bar" i]
[data-a="foo bar" I]
[data-a^=Foo]
[data-b|=foo]
[data-b$=bar]
[data-b*=o-b]
[type=text]
[type="text"]
[type=TEXT]
[type="text" s]
[type=a]
[type="A"]
[type=a s]
[rel=next]
[rel~=next]
[rel=NEXT]
[hreflang|=de]
[hreflang|=DE]
[hreflang="de-ch"]
[lang|=de]
[lang="de-latn-ch"]
[name=description]
[http-equiv=refresh]
[src="/a.png"]
[src="/a.png" i]
[src$=".png"]
[src$=".PNG"]
[id=top]
[viewBox]
[viewbox]
[href]
[*|href]
[|href]
[xlink\:href]
a[href]
a:not([href])
:link
:any-link
a:link
:checked
option:checked
input:checked
:disabled
:enabled
input:enabled
button:disabled
option:disabled
:required
:optional
:read-only
:read-write
input:read-write
textarea:read-only
:placeholder-shown
:defined
:not(:defined)
:open
details:open
:lang(en)
:lang(de)
:lang(DE)
:lang(de-CH)
:lang("de-CH")
:lang("*-CH")
:lang(de-Latn)
:lang(fr, de)
:lang("")
p:lang(en)
span:lang(fr)
svg
svg *
svg a
svg title
linearGradient
lineargradient
svg linearGradient
#g
.pic
*|svg
*|*
*|li
|svg
|li
|*
title
head > title
template
template p
noscript p
.ns
x-a
tbody > tr > td
tr td:first-child
table tr:nth-child(2) td
td.x ~ td
td + td.x
#\54 op
#T\6f p
.\78
.x\.y
.\31 a
\6c i
li/**/.x
/* a */li
ul /* b */ > /* c */ li
 li 
li
.x
[class="x\20y"]
[class="\78"]
p:NOT(.old)
LI:First-Child
li:Nth-Child(2)
li::before
li:before
::text
li:nope
li:nth-child()
li:nth-child(x)
li:nth-child(2n + )
li:nth-child(2 n)
li:nth-child(n 2)
li:nth-child(+ 2)
li:nth-child(2n of)
li:nth-of-type(2 of .x)
li:not()
li:has()
li:has(:has(b))
:is(
li,
, li
li >
> li
+ li
li > > li
li + + li
li[
li[]
li[=x]
li[class=]
li[class=x
li[class="x]
li[class x]
li[class=x y]
li[class=x q]
li[class==x]
li[1]
.1a
#
.
:
::
li:
li..x
li##x
li.x y z)
(li)
li{}
a|li
[a|href]
@li
$x
!li
rss
RSS
channel > item
item title
item > title
Item
pubDate
pubdate
item.x
item.y
item#a
creator
dc\:creator
*|creator
*|title
|title
|item
item:first-of-type
item:nth-child(2)
item:nth-last-of-type(1)
item:has(> link)
item:not(:has(link))
item:has(creator)
[Version]
[version]
[rel=a]
[type=a]
p
P
p.x
:empty
item[id="b"] > *
g > *
g :checked
""".split("\n")
SELECTORS = sorted(set(s for s in SELECTORS if s.strip()))
PAGE = """<!DOCTYPE html><body><script>
const docs = %s, selectors = %s, result = {};
for (const name in docs) {
  const [type, text] = docs[name];
  const doc = new DOMParser().parseFromString(text, type);
  const all = Array.from(doc.querySelectorAll("*")), found = {};
  for (const s of selectors) {
    try { found[s] = Array.from(doc.querySelectorAll(s), (e) => all.indexOf(e)); } catch { found[s] = null; }
  }
  result[name] = { type, text, elements: all.map((e) => e.tagName), found };
}
document.body.textContent = "RESULT" + encodeURIComponent(JSON.stringify(result)) + "END";
</script>"""
with tempfile.NamedTemporaryFile("w", suffix=".html") as f:
    f.write(PAGE % (json.dumps(DOCS).replace("</", "<\\/"), json.dumps(SELECTORS).replace("</", "<\\/")))
    f.flush()
    out = subprocess.run([sys.argv[1], "--no-sandbox", "--disable-gpu", "--dump-dom", "file://" + f.name], capture_output=True, text=True).stdout
text = out[out.rindex("RESULT") + 6:out.rindex("END")]
result = json.loads(urllib.parse.unquote(text))
with open("golden.json", "w") as f:
    f.write(json.dumps(result, ensure_ascii=False, sort_keys=True, separators=(",", ":")).replace('],"', '],\n"').replace('null,"', 'null,\n"') + "\n")
print({k: (len(v["found"]), len(v["elements"])) for k, v in result.items()})
