package cookie

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// These match the parts of a date (RFC 6265bis, section 5.1.1). Each is a prefix of a token, not
// followed by a digit.
var (
	dateTime  = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[^0-9]|$)`)
	dateDay   = regexp.MustCompile(`^([0-9]{1,2})(?:[^0-9]|$)`)
	dateYear  = regexp.MustCompile(`^([0-9]{2,4})(?:[^0-9]|$)`)
	dateMonth = regexp.MustCompile(`(?i)^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`)
)

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// parseCookieDate reads the value of Expires, with time, day, month and year in any order.
func parseCookieDate(s string) (_ time.Time, ok bool) {
	var clock, day, month, year []string
	for _, token := range strings.FieldsFunc(s, isDateDelimiter) {
		switch {
		case clock == nil && dateTime.MatchString(token):
			clock = dateTime.FindStringSubmatch(token)
		case day == nil && dateDay.MatchString(token):
			day = dateDay.FindStringSubmatch(token)
		case month == nil && dateMonth.MatchString(token):
			month = dateMonth.FindStringSubmatch(token)
		case year == nil && dateYear.MatchString(token):
			year = dateYear.FindStringSubmatch(token)
		}
	}
	if clock == nil || day == nil || month == nil || year == nil {
		return time.Time{}, false
	}
	y, d := number(year[1]), number(day[1])
	switch {
	case y < 70:
		y += 2000
	case y < 100:
		y += 1900
	}
	h, m, sec := number(clock[1]), number(clock[2]), number(clock[3])
	mon := time.Month(strings.Index(months, strings.ToLower(month[1]))/3 + 1)
	t := time.Date(y, mon, d, h, m, sec, 0, time.UTC)
	return t, d >= 1 && h <= 23 && m <= 59 && sec <= 59 && t.Day() == d
}

func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// isDateDelimiter is "delimiter" of section 5.1.1.
func isDateDelimiter(r rune) bool {
	return r == '\t' || r >= 0x20 && r <= 0x2f || r >= 0x3b && r <= 0x40 || r >= 0x5b && r <= 0x60 || r >= 0x7b && r <= 0x7e
}
