package shopsite

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// calendar is a month without events. Each month links to the next one.
func (s *Site) calendar(w http.ResponseWriter, r *http.Request) {
	year, err := strconv.Atoi(r.PathValue("year"))
	month, err2 := strconv.Atoi(r.PathValue("month"))
	if err != nil || err2 != nil || month < 1 || month > 12 || year < 1 {
		s.fail(w, r, http.StatusNotFound, "no such month")
		return
	}
	next := fmt.Sprintf("/calendar/%d/%d", year+month/12, month%12+1)
	s.show(w, r, calendarPage, s.view(r.URL.Path, fmt.Sprintf("%s %d", time.Month(month), year), r.URL.Path, next), time.Time{})
}

// partners is a page whose links robots must not follow.
func (s *Site) partners(w http.ResponseWriter, r *http.Request) {
	v := s.view(r.URL.Path, "Partners", "/partners", nil)
	v.Robots = "noindex, nofollow"
	s.show(w, r, partnersPage, v, time.Time{})
}

// forbidden is a page that a polite crawler never sees.
func (s *Site) forbidden(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, plainPage, s.view(r.URL.Path, "Not for robots", "", ""), time.Time{})
}
