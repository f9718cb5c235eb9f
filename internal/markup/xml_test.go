package markup_test

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/seinehq/seine/internal/markup"
)

func parseXML(t *testing.T, text string) *html.Node {
	t.Helper()
	d, err := markup.XML(t.Context(), []byte(text), markup.Options{})
	if err != nil {
		t.Fatalf("XML(%q): %v", text, err)
	}
	checkLinks(t, d.Root)
	return d.Root
}

func TestXML(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"self-closing, case", `<a><B/><b c="1" C='2'/></a>`, "| <a>\n|   <B>\n|   <b>\n|     C=\"2\"\n|     c=\"1\"\n"},
		{"declaration after white space", "\ufeff\n <?xml version='1.1' encoding='x'?>\n<a/>\n", "| <a>\n"},
		{"CDATA and text are one", "<a>x<![CDATA[<b>&amp;]]>y</a>", "| <a>\n|   \"x<b>&amp;y\"\n"},
		{"empty CDATA", "<a><![CDATA[]]></a>", "| <a>\n"},
		{"entities", "<a b='&lt;&#x41;&apos;'>&amp;&nbsp;&eacute;&#233;&#0;</a>", "| <a>\n|   b=\"<A'\"\n|   \"&\u00a0éé\ufffd\"\n"},
		{"comment, instruction", "<?style a='b'?><a><!-- c --><?d?></a><!--e-->", "| <?style a='b'>\n| <a>\n|   <!--  c  -->\n|   <?d >\n| <!-- e -->\n"},
		{
			"namespaces", `<r xmlns="u:r" xmlns:p="u:p"><p:c p:d="1" d="2"/><c xmlns=""/><c/><q:c/></r>`,
			"| <u:r r>\n|   xmlns p=\"u:p\"\n|   xmlns=\"u:r\"\n|   <u:p p:c>\n|     p d=\"1\"\n|     d=\"2\"\n|   <c>\n|     xmlns=\"\"\n|   <u:r c>\n|   <q:c>\n",
		},
		{"XHTML", `<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:template><h:p/></h:template></h:div>`, "| <div>\n|   xmlns h=\"http://www.w3.org/1999/xhtml\"\n|   <template>\n|     content\n|       <p>\n"},
		{"line ends", "<a b='1\r\n2\t3'>x\r\ny\rz</a>", "| <a>\n|   b=\"1 2 3\"\n|   \"x\ny\nz\"\n"},
		{"characters that XML forbids", "<a>\x01\uffffb</a>", "| <a>\n|   \"\ufffd\ufffdb\"\n"},
		{"entities of the subset", `<!DOCTYPE a [<!-- ' --><!ENTITY x "1&#38;#50;3"><!ENTITY y '&x;4'><!ELEMENT a ANY><!ENTITY x "no"><?p?>]><a>&y;</a>`, "| <!DOCTYPE a>\n| <a>\n|   \"1234\"\n"},
		{"external subset", `<!DOCTYPE rss PUBLIC "-//N//DTD" 'http://a.example/x.dtd'><rss>&copy;</rss>`, "| <!DOCTYPE rss>\n| <rss>\n|   \"©\"\n"},
		{"NUL after the end", "<a/>\n\x00\x00", "| <a>\n"},
		{"names", "<é-1.a _:b='c'/>", "| <é-1.a>\n|   _ b=\"c\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := dump(parseXML(t, tt.text)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestXMLMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"", "line 1, column 1: the document has no element"},
		{"<a>\n <b>x</c></a>", "line 2, column 6: </c> stands where </b> is due: line 2 opens <b>"},
		{"<a>é<b></a>", "line 1, column 8: </a> stands where </b> is due: line 1 opens <b>"},
		{"<a><b>", "line 1, column 4: <b> has no end tag"},
		{"<a/></a>", "line 1, column 5: </a> closes nothing"},
		{"<a/><b/>", "line 1, column 5: <b> stands outside the root element"},
		{"x<a/>", "line 1, column 1: text stands outside the root element"},
		{"<a/>\n y", "line 2, column 2: text stands outside the root element"},
		{"<a/>&amp;", "line 1, column 5: text stands outside the root element"},
		{"<a/><![CDATA[x]]>", "line 1, column 5: text stands outside the root element"},
		{"<a>AT&T</a>", "line 1, column 6: & begins no entity: as text it is &amp;"},
		{"<a b='?x=1&y=2;'/>", "line 1, column 11: & begins no entity: as text it is &amp;"},
		{"<a>&nosuch;</a>", "line 1, column 4: the entity &nosuch; is not defined"},
		{"<a>&#xzz;</a>", "line 1, column 4: the entity &#xzz; is not defined"},
		{"<a>1 < 2</a>", "line 1, column 6: < begins no tag: as text it is &lt;"},
		{"<a b=1/>", "line 1, column 4: the value of attribute b is not in quotation marks"},
		{"<a b/>", "line 1, column 4: attribute b of <a> has no value"},
		{"<a b='1' b='2'/>", "line 1, column 10: attribute b of <a> stands twice"},
		{"<a b='1'c='2'/>", "line 1, column 9: white space is missing before an attribute of <a>"},
		{"<a b='<'/>", "line 1, column 7: < stands in the value of attribute b: there it is &lt;"},
		{"<a b='1", "line 1, column 4: the value of attribute b has no end"},
		{"<a =1>", "line 1, column 4: '=' is no attribute of <a>"},
		{"<a ", "line 1, column 1: the tag <a has no end"},
		{"<a></a", "line 1, column 4: the tag </a has no end"},
		{"<a><!-- x", "line 1, column 4: the comment has no end"},
		{"<a><![CDATA[x", "line 1, column 4: the CDATA section has no end"},
		{"<?x", "line 1, column 1: the processing instruction has no end"},
		{"<a><??></a>", "line 1, column 4: the processing instruction has no target"},
		{"<a/><?xml version='1.0'?>", "line 1, column 5: an XML declaration stands inside the document"},
		{"<!DOCTYPE a [", "line 1, column 1: the document type has no end"},
		{"<a><!DOCTYPE b></a>", "line 1, column 4: a document type stands inside an element"},
		{"<!ELEMENT a>", "line 1, column 1: <! begins no comment, CDATA section or document type"},
		{"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "line 1, column 58: the entity &x; stands in another file, which is not read"},
		{"<!DOCTYPE a [<!ENTITY x '&x;'>]><a>&x;</a>", "line 1, column 36: the entity &x; holds entities more than 16 deep"},
		{"<!DOCTYPE a [<!ENTITY x '<b/>'>]><a>&x;</a>", "line 1, column 37: the entity &x; holds markup, which is not read"},
		{"<!DOCTYPE a [<!ENTITY x '&y;'>]><a>&x;</a>", "line 1, column 36: the entity &x; holds &y;, which is not defined"},
		{laughs(), "line 1, column 531: the entities of the document stand for more than 1,048,576 bytes"},
	} {
		d, err := markup.XML(t.Context(), []byte(tt.text), markup.Options{})
		if e, ok := errors.AsType[*markup.Error](err); d != nil || !ok || e.Error() != tt.want {
			t.Errorf("%.80s: got %v, want %s", tt.text, err, tt.want)
		}
	}
	if _, err := markup.XML(t.Context(), []byte("<a>"+strings.Repeat("<b/>", 100)+"</a>"), markup.Options{MaxNodes: 100}); err == nil || err.Error() != "page has more than 100 nodes" {
		t.Errorf("too many nodes: %v", err)
	}
}

// laughs is a document whose entities stand for a gigabyte.
func laughs() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE a [<!ENTITY e0 "ha">`)
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		b.WriteString(`<!ENTITY e` + n + ` "` + strings.Repeat("&e"+string(n[0]-1)+";", 10) + `">`)
	}
	b.WriteString(`]><a>&e9;</a>`)
	return b.String()
}

func TestDeepXML(t *testing.T) {
	t.Parallel()
	root := parseXML(t, strings.Repeat("<a>", 100_000)+strings.Repeat("</a>", 100_000))
	depth := 0
	for n := root; n != nil; n = n.FirstChild {
		depth++
	}
	if depth != 100_001 {
		t.Errorf("depth %d", depth)
	}
}

// Any bytes give a linked tree or an error with a place.
func FuzzXML(f *testing.F) {
	for _, s := range []string{"<a b='c'>&amp;<!--x--><![CDATA[y]]><?z?></a>", "<!DOCTYPE a [<!ENTITY x '&#38;#60;'>]><a>&x;</a>", "<x:a xmlns:x='u'/>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := markup.XML(t.Context(), text, markup.Options{MaxNodes: 10_000})
		if err != nil {
			if e, ok := errors.AsType[*markup.Error](err); !ok || e.Line < 1 && !e.Nodes || e.Message == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		checkLinks(t, d.Root)
	})
}
