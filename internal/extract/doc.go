// Package extract turns a job's rules into a [seine.Scraper]: fields out of a
// page, a verdict over the fields, and the assets that a wanted page owes.
//
//	page → fields → verdict → done: record, assets with their keys
//	                        → skipped, stale, error: the reason
//
// [Compile] checks everything that can be known before a page is there, and
// reports all problems at once. What it returns keeps no state: any number of
// goroutines may use it.
//
// # Fields
//
// A field has one source: css, xpath, text, regex, meta, json or jsonld, or the
// first of several alternatives that gives a value. It is missing when nothing
// matched, when what matched is empty, or when it is not of the field's type;
// without all, the first element that gives a value counts. A missing field is
// its default, else nil; a missing list is empty.
//
// Text is what a reader sees: without head, script, style, template, noscript
// (but for a noscript element that a selector names, or an element in it, on a
// page that ran no scripts) and elements that are hidden (the hidden attribute, an inline display:none or
// visibility:hidden, a dialog that is not open; aria-hidden is seen). Block
// elements stand on lines of their own and white space is folded, except in pre and
// textarea. Content of a
// template is never selected. A title that a selector names gives its text.
//
// The attributes src, href, srcset (its first), action, poster, cite and data
// are made absolute against the page's URL and its base element.
//
// # Verdict
//
// The first rule that holds decides; none: done. An expression sees the fields,
// id, key, url, status and meta. A field that is missing is nil, so that
// cert != id then holds. An expression that fails for another reason ends the
// task in error with that reason.
//
// Status 408, 425, 429 and those from 500 on say that the page is not itself,
// whatever its text: there only rules that mention status are considered. For
// other statuses all rules are. Where none held and the status is 400 or more,
// [seine.StatusVerdict] decides.
//
// # Bounds
//
// A document of more than two million nodes is refused, as is a list of more than
// 10,000 values, a value of more than 1 MiB, and fields of more than 16 MiB
// together: such a page is an error, never cut in silence. Elements inside each
// other may have any depth; from 512 on a parser flattens them as browsers do.
// The trees of all pages in work take at most a third of the process's memory
// limit: a page waits until its tree has room.
package extract
