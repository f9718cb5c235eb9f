package scope

import (
	"regexp"
	"strconv"
	"time"
)

// Calendars link to the next and to the previous month, or day, without end. Pages about dates so
// far away are no content: plans reach a few years ahead, and archives of newspapers start in the
// 17th century.
const (
	yearsAhead = 10
	firstYear  = 1600
)

var (
	// A whole date is one anywhere. A year with a month may be an ID with the number of a page, so
	// the URL has to name a calendar.
	wholeDate   = regexp.MustCompile(`(?:^|[/=&])([0-9]{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:$|[/&T])`)
	yearMonth   = regexp.MustCompile(`(?:^|[/=&])([0-9]{4})[/-](?:0?[1-9]|1[0-2])(?:$|[/&])`)
	calendarish = regexp.MustCompile(`(?i)calend|kalend|event|agenda|schedule|diary|month|archive`)

	// The name of a parameter ends in year: y, year, cal_year.
	yearParam  = regexp.MustCompile(`(?i)(?:^|&)(?:[^=&]*year|y)=([0-9]{4})(?:$|&)`)
	monthParam = regexp.MustCompile(`(?i)(?:^|&)(?:[^=&]*month|m)=(?:0?[1-9]|1[0-2])(?:$|&)`)
)

// calendar reports whether a URL is the page of a month or a day that is too far away.
func calendar(path, query string, now time.Time) bool {
	far := func(year string) bool {
		y, err := strconv.Atoi(year)
		return err == nil && (y > now.Year()+yearsAhead || y < firstYear)
	}
	if !anyYear(path, far) && !anyYear(query, far) {
		return false // as most links, at little cost
	}
	for _, text := range []string{path, query} {
		if m := wholeDate.FindStringSubmatch(text); m != nil && far(m[1]) {
			return true
		}
		if m := yearMonth.FindStringSubmatch(text); m != nil && far(m[1]) && (calendarish.MatchString(path) || calendarish.MatchString(query)) {
			return true
		}
	}
	m := yearParam.FindStringSubmatch(query)
	return m != nil && far(m[1]) && monthParam.MatchString(query)
}

// anyYear reports whether a text has four digits in a row, and no fifth one, that are such a year.
func anyYear(text string, such func(year string) bool) bool {
	for i := 0; i < len(text); i++ {
		begin := i
		for i < len(text) && '0' <= text[i] && text[i] <= '9' {
			i++
		}
		if i-begin == 4 && such(text[begin:i]) {
			return true
		}
	}
	return false
}
