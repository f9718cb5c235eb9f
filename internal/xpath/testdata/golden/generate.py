"""Writes golden.json: what libxml2 gives for expressions on the documents here.

    python3 generate.py

Needs python3-lxml. The test does not.
"""
import json, math, random
from lxml import etree, html

DOCS = {
    "list.html": """<html lang="en"><head><title>Works</title></head><body><h1 id="top">List</h1>
<ul id="l1"><li class="x">one</li><li>none</li><li class="x">two</li><li class="x y">three</li><li>four</li></ul>
<ul id="l2"><li class="x">uno</li><li class="x">due</li></ul>
<dl><dt>Place</dt><dd>Ostrava <b>Werk</b></dd><dt>Year</dt><dd>1932</dd><dt>Note</dt><dd/></dl>
<!-- prices --><p class="old">EUR 50</p><div><p class="new">EUR 40</p><p>  a
 b  </p></div>
<table><tbody><tr><td>1</td><td>2.5</td></tr><tr><td>-3</td><td>x</td></tr></tbody></table>
<a href="/a?b=1&amp;c=2" title="it's">A</a><a name="n">B</a><img src="i.png" alt=""/></body></html>""",
    "nested.xml": """<?xml version="1.0"?><?pi data here?><r a="1" b="2"><x id="i1"><x id="i2"><y>1</y><x id="i3"><y>2</y><z/></x></x><y>3</y></x><!--c1--><x id="i4" xml:lang="en-GB"><y>4</y><?t u?>tail<y n="q">5</y></x><w><v>7</v><v>007</v><v>-7.5</v><v> 8 </v><v>1e3</v><v>+1</v><v/></w><x id="i5" xml:lang="de"/></r>""",
    "mixed.xml": """<doc><sec n="1"><t>Alpha</t>text one<b>bold <i>both</i></b> after<sec n="1.1"><t>Beta</t></sec></sec><sec n="2"><t>Gamma</t><sec n="2.1"><t>Delta</t><p>d1</p><p>d2</p></sec><sec n="2.2"><t>Alpha</t><p>d3</p></sec></sec><sec n="3"/>\u00e9t\u00e9 \U0001f600</doc>""",
}

HAND = """
//li
//li[1]
//li[last()]
//ul/li[@class][1]
//ul/li[@class][last()]
//li[@class="x"][position() mod 2 = 1]
(//li)[position()<3]
(//li)[position()=5]
(//li)[5]
(//li)[last()]
(//li)[last()-1]
(//li)[position()=last()]
(//li)[position()!=last()]
(//li[@class])[2]
//li[.="two"]/following-sibling::li[last()]
//li[.="two"]/following-sibling::li[1]
//li[.="two"]/preceding-sibling::li[1]
//li[.="two"]/preceding-sibling::li[last()]
//li[.="two"]/preceding-sibling::*[position()=2]
//dt[.="Note"]/preceding-sibling::dd
//dt[.="Note"]/preceding-sibling::dd[1]
//dt[.="Note"]/preceding-sibling::dd[last()]
(//dt[.="Note"]/preceding-sibling::dd)[1]
(//p[@class="old"] | //p[@class="new"])[1]
//p[@class="new"] | //p[@class="old"]
//li/parent::ul/@id
//li/..
//li/../@id
count(//li/parent::ul)
count(//dd/preceding::li)
count(//dd/following::*)
count(//li/ancestor::*)
count(//li/ancestor-or-self::*)
//b/ancestor::*[1]
//b/ancestor::*[last()]
//b/ancestor::*[position()<3]
//b/ancestor-or-self::*[2]
//y[last()]/ancestor::x
//y/ancestor::x[1]
//y/ancestor::x[last()]
//y/preceding::y[1]
//y/preceding::y[last()]
//y/following::y[1]
//y/following::*[2]
//x/descendant::y[1]
//x//y[1]
//x/descendant-or-self::x[2]
//x/y
//x/y[1]
//x//x
//x/x/x
x/x
*/*
./*
.
..
self::node()
//.
//..
//node()
//text()
//comment()
//processing-instruction()
//processing-instruction('t')
//processing-instruction("none")
/processing-instruction()
/comment()
/*
/*/*
/r/x
/r/@*
//@*
//@id
//@class
//@class[.="x"]
//@id/..
//@*/parent::*
//@n/ancestor::*
//@*[name()="n"]
//*[@*]
//*[@id]/@id
//*[count(@*)=2]
//*[not(@*)]
//*[not(*)]
//*[not(node())]
//*[text()]
//*[*][1]
//*[2]
//*[position()=2][@class]
//*[@class][position()=2]
//li[position()=2 or position()=4]
//li[position()>1 and position()<4]
//li[position()>=2][position()<=2]
//li[3][@class]
//li[@class][3]
//li[-1]
//li[0]
//li[1.5]
//li["x"]
//li[""]
//li[true()]
//li[false()]
//li[number("2")]
//li[string-length(.)=3]
//li[string-length()>3]
//li[contains(@class,"y")]
//li[starts-with(.,"t")]
//li[not(contains(.,"o"))]
//li[contains(concat(" ",normalize-space(@class)," ")," y ")]
//li[following-sibling::li[.="four"]]
//li[preceding-sibling::li]
//li[not(preceding-sibling::li)]
//li[not(following-sibling::*)]
//ul[li="uno"]
//ul[li!="uno"]
//ul[count(li)>2]
//ul[count(li[@class])=2]
//ul[li[2]="due"]
//ul[li[last()]="four"]/li[1]
//li[../@id="l2"]
//li[count(preceding-sibling::li)=2]
//*[self::p or self::dd]
//*[self::y][1]
//y[.>2]
//y[.>=2]
//y[.<2]
//y[.=2]
//y[.="2"]
//y[.!=2]
//v[.=7]
//v[number(.)=7]
//v[.<8]
//v[.=.]
//v[number(.)!=number(.)]
//v = 8
//v < -7
//v > 100
//v != 7
//nosuch = 1
//nosuch != 1
//nosuch = //nosuch
//y = //v
//y < //v
//y > //v
//y != //y
//y = true()
//nosuch = false()
//nosuch < true()
true() = //y
1 = //y
"1" = //y
5 >= //y
2 < //y
not(//y)
boolean(//y)
boolean(0)
boolean(-1)
boolean("")
boolean("false")
boolean(0 div 0)
number("12")
number(" 12.50 ")
number("-3")
number("- 3")
number("abc")
number("")
number("1.")
number(".5")
number(".")
number(true())
number(//y)
number(//nosuch)
number()
number(//h1)
string(12)
string(12.0)
string(-0)
string(0.5)
string(1 div 3)
string(1 div 0)
string(-1 div 0)
string(0 div 0)
string(100000000)
string(123456789.125)
string(0.001)
string(true())
string(false())
string(//li)
string(//nosuch)
string()
string(//b)
string(/)
string(//@class)
concat("a", 1, true())
concat("a", "b")
concat(//li, "-", //p)
starts-with("abc", "ab")
starts-with("abc", "")
starts-with("", "a")
contains("abc", "bc")
contains("abc", "")
contains("", "")
substring-before("1999/04/01", "/")
substring-before("abc", "x")
substring-before("abc", "")
substring-after("1999/04/01", "/")
substring-after("1999/04/01", "19")
substring-after("abc", "x")
substring-after("abc", "")
substring("12345", 2, 3)
substring("12345", 2)
substring("12345", 1.5, 2.6)
substring("12345", 0, 3)
substring("12345", 0 div 0, 3)
substring("12345", 1, 0 div 0)
substring("12345", -42, 1 div 0)
substring("12345", -1 div 0, 1 div 0)
substring("12345", 6)
substring("12345", 5)
substring("12345", 1.5)
substring("12345", -1)
substring("12345", 2, -1)
substring("12345", 0.5)
substring("\u00e9t\u00e9", 2, 1)
string-length("\u00e9t\u00e9")
string-length(//i)
string-length("")
string-length(/doc)
normalize-space("  a  b
c ")
normalize-space(//p[not(@class)])
normalize-space()
translate("bar","abc","ABC")
translate("--aaa--","abc-","ABC")
translate("aab","aa","xy")
translate("abc","","x")
translate("\u00e9","\u00e9","e")
floor(2.6)
floor(-2.5)
floor(-0.5)
ceiling(2.2)
ceiling(-2.5)
ceiling(-0.5)
round(2.5)
round(2.4)
round(-2.5)
round(-2.6)
round(-0.2)
round(0 div 0)
round(1 div 0)
1 div round(-0.2)
sum(//y)
sum(//nosuch)
sum(//v)
sum(//td)
1 + 2 * 3
(1 + 2) * 3
10 div 4
5 mod 2
5 mod -2
-5 mod 2
-5 mod -2
1.5 mod 0.5
5 mod 0
-1 div 0
- 3
--3
- - -3
2 - 1 - 1
2-1
8 div 2 div 2
1 = 1 = 1
3 > 2 > 1
1 < 2 = true()
1 != 2
1 or 0
0 or 0
1 and 0
1 and "x"
true() and not(false())
"a" = "a"
"a" != "a"
"a" < "b"
"1" < "2"
true() = 1
true() = "x"
true() > false()
0 = "0"
0 = ""
0 div 0 = 0 div 0
0 div 0 != 0 div 0
position()
last()
count(/)
count(//node())
count(//*)
count(/descendant-or-self::node())
count(//li | //li)
count(//ul | //li | //li/..)
count(//li[1] | //li[2])
name()
name(/*)
name(//@*)
name(//text())
name(//comment())
name(//processing-instruction())
name(//nosuch)
local-name()
local-name(//*[@xml:lang])
local-name(//@xml:lang)
namespace-uri(//@xml:lang)
namespace-uri()
//*[name()="y"]
//*[local-name()="li"]
//*[lang("en")]
//*[lang("EN-gb")]
//*[lang("de")]
//y[lang("en")]
//x[@xml:lang="de"]
//@xml:*
//sec
//sec[t="Alpha"]
//sec[t="Alpha"]/@n
//sec[.//t="Delta"]/@n
//sec[descendant::p]/@n
//sec/t
//sec//t
//sec/sec/t
//sec[sec]/t
//sec/sec[1]/t
//sec/sec[last()]/t
(//sec)[3]/@n
(//sec)[last()]/@n
//sec[last()]/@n
//sec[position()=last()]/@n
//sec[last()-1]/@n
//sec[@n="2"]//p[2]
//sec[@n="2"]/descendant::p[2]
//sec[@n="2"]//p[last()]
//p[1]
//p[2]
(//p)[2]
//p/preceding::p
//p/preceding::p[1]
//p/preceding-sibling::*
//p/preceding-sibling::*[1]
//p/following::t
//p/following::t[1]
//p/following-sibling::p
//t/following-sibling::*[1]
//t/following-sibling::node()[1]
//t/following-sibling::text()
//b/preceding-sibling::node()
//b/preceding-sibling::node()[1]
//b/preceding-sibling::node()[last()]
//b/following-sibling::node()[last()]
//b/following-sibling::text()[1]
//b//text()
//b/node()
//i/ancestor::*[@n]
//i/ancestor::sec[1]/@n
//i/ancestor::node()[2]
//i/following::*[1]
//i/preceding::*
//i/preceding::t[1]
//i/preceding::node()
//i/following::text()
//@n/following::t
//@n/preceding::t
//@n/following-sibling::*
//@n/self::node()
//@n/descendant-or-self::node()
//@n/ancestor-or-self::node()
//t[following::p]
//t[preceding::p]
//t[../p]
//t[not(../p)]
//sec[not(sec) and not(p)]/@n
//sec[count(*)>2]/@n
//sec[count(.//p)=3]/@n
//sec[sum(p)!=1]/@n
//sec[string-length(@n)=3]/@n
//sec[@n>1]/@n
//sec[@n=2]/@n
//sec[@n*2=4]/@n
//*[name(..)="sec"]
//*[count(ancestor::*)=2]
//*[count(ancestor::sec)=2]
//*[.="Alpha"]
//*[text()="Alpha"]
//*[contains(text(),"text")]
//*[contains(.,"both")]
//text()[contains(.,"o")]
//text()[1]
//text()[2]
//text()[last()]
(//text())[2]
//text()/..
//text()[parent::b]
//text()/parent::*/@n
//text()/following::text()[1]
id("i3")
id("i3")/y
id("i1 i4")
id("nosuch")
id(//x/@id)
(//x)[2]/y | (//x)[1]/y
(//x | //y)[3]
(//x | //y)[last()]
(//x)[@id="i2"]//y
(//x//y)[2]
((//x)[2]//y)[1]
//x[y][1]
//x[y[2]]
//x[y=3]/@id
//x[.//y=2][2]/@id
//x[x][x/x]/@id
//x[x[x]]/@id
//x[position()=1]/x[position()=1]/@id
//x[@id="i4"]/preceding-sibling::node()[1]
//x[@id="i4"]/preceding-sibling::x[1]/@id
//x[@id="i4"]/following-sibling::*[1]
//x[@id="i3"]/ancestor::x/@id
//x[@id="i3"]/ancestor-or-self::x[2]/@id
//x[@id="i3"]/preceding::node()
//x[@id="i3"]/following::y
//x[@id="i3"]/../following-sibling::y
//x[1]/@id
//x[2]/@id
//x[last()]/@id
//x[not(@xml:lang)]/@id
//w/v[3]/preceding-sibling::v
//w/v[3]/preceding-sibling::v[1]
//w/v[3]/following-sibling::v[position() mod 2 = 0]
//w/v[position() mod 2 = 0]
//w/v[position() = last() div 2 + 0.5]
//w/v[last() - 1]
//w/v[position() < last() - 2]
//w/v[. > 0][2]
//w/v[2][. > 0]
//w/v[string-length() > 0][last()]
//w/node()[3]
//w/*[self::v][4]
//td[2]
//tr/td[2]
//tr[2]/td
//tr[td[2]="x"]/td[1]
//table//td[. > 2]
//a[@href]
//a[not(@href)]
//a/@*
//a[@title="it's"]/@href
//img/@alt
//img[@alt=""]
//*[@alt]
//*[starts-with(name(),"d")]
//dt/following-sibling::dd[1]
//dt[2]/following-sibling::dd[1]
//dt[.="Year"]/following-sibling::*[1][self::dd]
//dt[following-sibling::dd[1]="1932"]
//dd[preceding-sibling::dt[1]="Year"]
//dd[preceding-sibling::dt[1]="Place"]/b
//dl/*[position() mod 2 = 0]
//body/*[last()]
//body/node()[2]
//body/text()[normalize-space()]
//p[normalize-space()="a b"]
//h1/following::p[1]
//h1/following::p[last()]
//h1/following-sibling::ul[2]/li[1]
//ul[2]/preceding-sibling::ul/li[last()]
//li[.="uno"]/preceding::li[1]
//li[.="uno"]/preceding::li[2]
//li[.="uno"]/preceding::li[last()]
//li[last()]/preceding-sibling::li[2]
//comment()/following-sibling::*[1]
//comment()/preceding-sibling::*[1]
//comment()[1]/following::y[1]
//processing-instruction()/..
//processing-instruction()/following-sibling::node()[1]
""".replace("\n", "\x00").replace("b\x00c ", "b\nc ").split("\x00")
HAND = [e for e in HAND if e.strip()]

AXES = ["child", "descendant", "descendant-or-self", "parent", "ancestor", "ancestor-or-self", "following-sibling",
        "preceding-sibling", "following", "preceding", "self", "attribute"]


def generated(names, seed, count):
    rnd = random.Random(seed)

    def step():
        axis = rnd.choice(AXES)
        test = rnd.choice(["*", "node()", "text()"] + names) if axis != "attribute" else rnd.choice(["*", "id", "class", "n"])
        preds = "".join(rnd.choice(["[1]", "[2]", "[last()]", "[position()<3]", "[position()>1]", "[@*]", "[not(*)]", "[last()-1]",
                                    "[position() mod 2=0]", "[%s]" % rnd.choice(names), "[position()=last()]"])
                        for _ in range(rnd.choice([0, 0, 1, 1, 2])))
        return axis + "::" + test + preds

    def path():
        p = rnd.choice(["//" + rnd.choice(names), "//" + rnd.choice(names), "/*", "//*", "(//%s)[%d]" % (rnd.choice(names), rnd.randint(1, 3))])
        for _ in range(rnd.randint(1, 3)):
            p += rnd.choice(["/", "/", "//"]) + step()
        return p

    for _ in range(count):
        e = path()
        yield rnd.choice([e, e, e, "(%s)[%d]" % (e, rnd.randint(1, 4)), "%s | %s" % (e, path()), "count(%s)" % e, "(%s)[last()]" % e])


def described(v, numbers):
    if isinstance(v, bool):
        return v
    if isinstance(v, float):
        return "NaN" if math.isnan(v) else "Infinity" if v == math.inf else "-Infinity" if v == -math.inf else ("-0" if v == 0 and math.copysign(1, v) < 0 else v)
    if isinstance(v, str):
        return v
    out = []
    for n in v:
        if isinstance(n, str):
            parent = n.getparent()
            if n.is_attribute:
                name = n.attrname.replace("{http://www.w3.org/XML/1998/namespace}", "xml:")
                out.append("%d@%s=%s" % (numbers[parent], name, n))
            else:
                out.append("text " + str(n))
        elif n.tag is etree.Comment:
            out.append("comment " + n.text)
        elif n.tag is etree.PI:
            out.append("instruction " + n.target)
        else:
            out.append("%d %s" % (numbers[n], n.tag))
    return out


result = {}
for i, (name, text) in enumerate(DOCS.items()):
    if name.endswith(".html"):
        root = html.document_fromstring(text)
        names = ["li", "ul", "p", "dd", "div", "td", "b", "body"]
    else:
        root = etree.fromstring(text.encode())
        names = ["x", "y", "v", "r"] if name == "nested.xml" else ["sec", "t", "p", "b", "i", "doc"]
    numbers = {e: n for n, e in enumerate(x for x in root.iter() if isinstance(x.tag, str))}
    values = {}
    for e in HAND + list(generated(names, 1000 + i, 260)):
        try:
            v = root.getroottree().xpath(e, namespaces=None) if not e.startswith("x/") else root.xpath(e)
        except Exception as err:
            continue
        values[e] = described(v, numbers)
    result[name] = {"text": text, "values": values}
with open("golden.json", "w") as f:
    json.dump(result, f, indent=0, ensure_ascii=False, sort_keys=True)
print({k: len(v["values"]) for k, v in result.items()})
