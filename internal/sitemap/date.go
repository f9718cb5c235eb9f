package sitemap

import (
	"strings"
	"time"
)

// layouts are the formats of dates, the W3C profile of ISO 8601 and the date of mail first. The
// others are mistakes that many sites make. Formats that are ambiguous, such as 01/02/2026, are not
// read.
var layouts = []string{
	time.RFC3339,
	"2006-01-02",
	"2006-01-02T15:04Z07:00",
	"2006-01",
	"2006",
	"Mon, 2 Jan 2006 15:04:05 -0700",
	"Mon, 2 Jan 2006 15:04:05 MST",
	"Mon, 2 Jan 2006 15:04 -0700",
	"Mon, 2 Jan 2006 15:04 MST",
	"2 Jan 2006 15:04:05 -0700",
	"2 Jan 2006 15:04:05 MST",
	"2 Jan 2006",
	"Mon, 2 Jan 2006",

	"2006-01-02T15:04:05",
	"2006-01-02T15:04",
	"2006-01-02T15",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05Z07",
	"2006-01-02T15:04Z0700",
	"2006-01-02Z07:00",
	"2006-1-2T15:04:05Z07:00",
	"2006-1-2T15:04:05",
	"2006-1-2",
	"2006/01/02",
	"2006/1/2",
	"2006/01/02T15:04:05",
	"2006.01.02",
	"20060102",
	"20060102T150405Z0700",
	"20060102T150405",
	"20060102150405",
	"2.1.2006",
	"Mon Jan 2 15:04:05 MST 2006",
	"Mon Jan 2 15:04:05 2006",
	"January 2, 2006",
	"Jan 2, 2006",
	"2 January 2006",
	"2-Jan-2006",
}

// zones are the names of zones that time.Parse takes for UTC (RFC 822 section 5).
var zones = strings.NewReplacer("EST", "-0500", "EDT", "-0400", "CST", "-0600", "CDT", "-0500", "MST", "-0700", "MDT", "-0600", "PST", "-0800", "PDT", "-0700")

// monthLetters are in the name of every month, and neither in UTC and GMT nor T and Z.
const monthLetters = "JFASONDjfasond"

// minYear excludes the zero dates of databases: 0001-01-01, 1899-12-30, 1970-01-01.
const minYear = 1980

// parseTime reads a date in a known format.
func parseTime(s string) (time.Time, bool) {
	const longest = 64
	if len(s) > longest {
		return time.Time{}, false
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, t.Year() >= minYear
	}
	s = regular(s)
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			return t, t.Year() >= minYear
		}
	}
	return time.Time{}, false
}

// regular removes small differences: the case of T and Z, a space instead of T or before a zone,
// "UTC" instead of "Z".
func regular(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) == 0 || s[0] < '0' || s[0] > '9' || strings.ContainsAny(s, monthLetters) {
		return zones.Replace(s)
	}
	s = strings.ToUpper(s)
	for _, zone := range []string{"UTC", "GMT"} {
		if rest, ok := strings.CutSuffix(s, zone); ok {
			s = strings.TrimSuffix(rest, " ") + "Z"
		}
	}
	for _, sign := range []string{"+", "-", "Z"} {
		s = strings.Replace(s, " "+sign, sign, 1)
	}
	return strings.Replace(s, " ", "T", 1)
}
