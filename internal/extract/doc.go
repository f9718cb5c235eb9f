// Package extract turns a job's rules into a [seine.Scraper]: fields out of a
// page, a verdict over the fields, and the assets that a wanted page owes.
//
//	page → fields → verdict → done: record, assets with their keys
//	                        → skipped, stale, error: the reason
//
// [Compile] checks everything that does not depend on a page, and reports all problems at once. Its
// result keeps no state, so any number of goroutines may use it.
//
// # Fields
//
// A field has one source: css, xpath, text, regex, meta, json, jsonld, microdata, opengraph, table,
// article, pdf, feed, column or asset, or the first of several alternatives with a value. It is
// missing if nothing matched, if the match is empty, or if the match does not have the field's
// type. Without all, the first element with a value counts. A missing field is its default, else
// nil; a missing list is empty.
//
// Text is the visible text. It leaves out head, script, style and template, and hidden elements
// (the hidden attribute, an inline display:none or visibility:hidden, a closed dialog; aria-hidden
// stays visible). It leaves out noscript too, unless the page ran no scripts and a selector names a
// noscript element or an element inside it. Block elements stand on lines of their own and white
// space is folded, except in pre and textarea. Content of a template is never selected. A title
// that a selector names gives its text.
//
// The attributes src, href, srcset (its first), action, poster, cite and data
// are made absolute against the page's URL and its base element.
//
// # Verdict
//
// The first rule that holds decides. If none holds, the verdict is done. An expression sees the
// fields, id, key, url, status and meta. A missing field is nil, so cert != id then holds. If an
// expression fails for another reason, the task ends in error with that reason.
//
// Status 408, 425, 429 and those from 500 on show that the body is not the requested page, whatever
// its text. For them only rules that mention status apply. For other statuses all rules are. If
// none holds and the status is 400 or more, [seine.StatusVerdict] decides.
//
// # Bounds
//
// These are refused: a document of more than two million nodes, a list of more than 10,000 values,
// a value of more than 1 MiB, and fields of more than 16 MiB together. Such a page is an error and
// is never truncated silently. Elements inside each other may have any depth; from 512 on a parser
// flattens them as browsers do. The trees of all pages in work take at most a third of the
// process's memory limit. A page waits until its tree has room.
package extract
