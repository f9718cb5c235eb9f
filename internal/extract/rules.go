package extract

import (
	"time"

	"github.com/seinehq/seine"
)

// Rules are the rules of one page kind, in the order in which they are written.
type Rules struct {
	// Name is the name of the page kind, empty in a job without page kinds.
	Name string

	// NoRecord stores no record of the page.
	NoRecord bool

	// Each makes several records of a page.
	Each []Each

	// Follow lists the rules of the links that are followed.
	Follow []FollowRule

	// Obey leaves out links that the page asks not to follow.
	Obey bool

	// Canonical ends a page with another canonical URL as skipped, and follows that URL.
	Canonical bool

	// Kind is the kind of the records. Default "record".
	Kind string

	// EmptyOK keeps a record none of whose fields has a value of the page. By default the task ends
	// in error with the reason "no field found".
	EmptyOK bool

	// Timeout bounds the rules on one page. Default 20s.
	Timeout time.Duration

	Fields  []Field
	Verdict []VerdictRule
	Assets  []AssetRule

	// Key is the template of an asset's key in the store. Default
	// {id}_{asset}.{ext}.
	Key string
}

// Field states where a page holds a value. Exactly one of CSS, XPath, Text, Regex, Meta, JSON,
// JSONLD, Structured, Table, Column, Asset and First is its source. Inside Fields it may have only
// Attr, or no source, which means the element itself.
type Field struct {
	// Name is how expressions, templates and the record call it; empty in an
	// alternative of First.
	Name string

	// CSS and Text are selectors; "." is the element itself (or the whole page).
	// Text does not take an attribute.
	CSS, Text string

	// XPath is an XPath 1.0 expression; it may give attributes, text, a string
	// or a number.
	XPath string

	// Regex is searched in the visible text, or in the body of a page that is
	// not HTML.
	Regex string

	// Meta is the name, property or itemprop of a meta element.
	Meta string

	// JSON is a path into the body, JSONLD one into the page's JSON-LD blocks.
	JSON, JSONLD string

	// JSONLDType selects the things of JSON-LD by @type. By default it selects each thing of a
	// block.
	JSONLDType string

	// Structured is microdata, opengraph, article, pdf or feed: the form of the things that Path
	// leads into. StructuredType selects things of microdata by their type. An empty Path is the
	// thing itself.
	Structured, Path, StructuredType string

	// Table is the text of a header cell. The values are the cells below it or to its right.
	// TableIn selects the tables. Default: every table and dl of the page.
	Table, TableIn string

	// Column is the name of a column that came with the task, in its meta.
	Column string

	// Asset is a property of a stored asset: NAME.PROPERTY, one of [AssetProperties]. The
	// field is filled in after the verdict.
	Asset string

	// First lists alternatives. The first one with a value counts.
	First []Field

	// Attr takes an attribute instead of the text. It needs CSS or XPath.
	Attr string

	// Match narrows a value to the match of a pattern: its first group, or the whole. A value that
	// it does not match is missing.
	Match string

	// All takes every value, as a list.
	All bool

	// Or replaces a missing value. nil means no default. If the field is a list, Or must be a list.
	Or any

	// Type is string, int, float, decimal, bool, date or price. By default it is string, or the
	// value's own type in JSON.
	Type string

	// Locale is the language tag by which numbers, dates and prices are read from a text. Decimal
	// is the decimal mark alone, "." or ",". Default: ".", with "," between thousands.
	Locale, Decimal string

	// Format is the pattern of strftime by which a date is read.
	Format string

	// Currency is the ISO code of prices without a currency, or with a sign of several currencies.
	Currency string

	// NoTrim keeps white space around the value.
	NoTrim bool

	// Drop leaves the field out of the record; expressions and templates still
	// see it.
	Drop bool

	// Fields make an object of each element that the source selects.
	Fields []Field
}

// Each makes a record of each match of its source: an element, or a JSON value. The record has the
// fields of the page and its own.
type Each struct {
	// Source is CSS, XPath, JSON or JSONLD of a field without a name.
	Source Field

	// Key is the template of the record's key, over all fields of the record.
	Key string

	// Where keeps the matches for which the expression is true. Default: all.
	Where string

	// Merge updates a record of the same key that another page brought. By default the task fails.
	Merge bool

	Fields []Field
	Assets []AssetRule
}

// URLPattern is a pattern of URLs.
type URLPattern interface {
	Match(url string) bool
	String() string
}

// EveryLink selects the elements that a person can follow: links, areas of image maps, and links of
// SVG, whose address may be an xlink:href.
const EveryLink = "a[*|href], area[href]"

// FollowRule finds links on a page.
type FollowRule struct {
	// Source gives the links: CSS, XPath, JSON, JSONLD or Regex of a field without a name. CSS
	// takes href unless Attr is set. Without a source, the rule gives the one link of URL.
	Source Field

	// Rel takes the links of the Link header with this relation, in place of Source.
	Rel string

	// URL is the template of the URL, over {value}, the fields, and {meta.NAME}. Default {value}.
	URL string

	// To is the page kind of the links. Default: by the kinds' patterns.
	To string

	// Match and Not select links by their URL. Any pattern of Match suffices.
	Match, Not []URLPattern

	// When is an expression over the fields that must be true.
	When string

	// Limit is the most links of a page. Zero is no bound.
	Limit int

	// Priority is 0 to 3, and nil means the page kind's.
	Priority *int

	// Meta are the values that the next page gets: expressions over the fields and value.
	Meta []Named

	// Method, Body and Header make the request more than a GET. Body and the values of Header are
	// templates like URL. In a body, braces around other text stand for themselves.
	Method, Body string
	Header       []Named
}

// Named is a name with an expression or a template.
type Named struct{ Name, Value string }

// VerdictRule gives a page its verdict where an expression holds.
type VerdictRule struct {
	// State is Skipped, Stale, Error or Done.
	State seine.State

	// When is an expression that is true or false.
	When string

	// Shown replaces When in reasons and traces. It is the expression before variables were put in.
	// Default: When.
	Shown string

	// Why is the reason. Default: Shown.
	Why string

	// Final goes with the state Error and rules out a retry.
	Final bool
}

// AssetRule is a file that every done page owes.
type AssetRule struct {
	// Name is letters, digits, '_' and '-', at most 63; of a list, at most 58.
	Name string

	// URL is an expression that gives a URL, resolved against the page. Source is the same as a
	// field without a name. A rule has one of URL, Source and Body.
	URL    string
	Source *Field

	// Body takes the page's own body.
	Body bool

	// All takes every distinct URL of a list. The files are NAME_1, NAME_2 and so on.
	All bool

	// Types lists the permitted media types of the file, such as image/* or application/pdf.
	// Default: any.
	Types []string

	// OnFailure is [seine.KeepRecord], or empty.
	OnFailure string

	Upgrade *seine.Upgrade
	Image   *seine.Image

	// Optional leaves the asset out where its URL is missing. By default the task ends in error.
	Optional bool
}

// Problem is one mistake in the rules.
type Problem struct {
	// Path names the position in the rules, such as fields.grade.first[0].match.
	Path string

	Message string

	// Near is the right word that is nearest to a wrong one, or empty.
	Near string
}

// String returns the problem as one line.
func (p Problem) String() string {
	s := p.Path + ": " + p.Message
	if p.Near != "" {
		s += ": did you mean \"" + p.Near + "\"?"
	}
	return s
}
