package dates

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ locale, format, in, want string }{
		{"", "", "2026-03-05", "2026-03-05"},
		{"", "", "2026/3/5", "2026-03-05"},
		{"", "", "20260305", "2026-03-05"},
		{"", "", "2026-03-05T14:30:00+01:00", "2026-03-05T14:30:00+01:00"},
		{"", "", "2026-03-05T14:30:00.250Z", "2026-03-05T14:30:00.25Z"},
		{"", "", "2026-03-05 14:30", "2026-03-05T14:30:00"},
		{"", "", "20260305T143000Z", "2026-03-05T14:30:00Z"},
		{"", "", "Thu, 05 Mar 2026 14:30:00 GMT", "2026-03-05T14:30:00Z"},
		{"", "", "Thu, 5 Mar 2026 14:30:00 -0700 (MST)", "2026-03-05T14:30:00-07:00"},
		{"", "", "05-Mar-2026", "2026-03-05"},
		{"", "", "March 5, 2026", "2026-03-05"},
		{"", "", "March 5th, 2026 at 2:30 pm", "2026-03-05T14:30:00"},
		{"", "", "the 5th of March 2026", "2026-03-05"},
		{"", "", "12 am, 5 March 2026", "2026-03-05T00:00:00"},
		{"", "", "5. März 2026", "2026-03-05"},
		{"", "", "Donnerstag, 5. März 2026, 14:30 Uhr", "2026-03-05T14:30:00"},
		{"de", "", "am 5. März 2026 um 9 Uhr", "2026-03-05T09:00:00"},
		{"", "", "5 mars 2026 à 14h30", "2026-03-05T14:30:00"},
		{"fr", "", "1er février 2026", "2026-02-01"},
		{"", "", "jueves, 5 de marzo de 2026", "2026-03-05"},
		{"es", "", "5 de sept. de 2026", "2026-09-05"},
		{"", "", "giovedì 5 marzo 2026", "2026-03-05"},
		{"it", "", "5 mag 2026, ore 18:00", "2026-05-05T18:00:00"},
		{"", "", "donderdag 5 maart 2026", "2026-03-05"},
		{"nl", "", "5 mrt. 2026 om 14:30 uur", "2026-03-05T14:30:00"},
		{"", "", "2026 March 5", "2026-03-05"},
		{"", "", "March 2026", "2026-03"},
		{"", "", "03/2026", "2026-03"},
		{"", "", "05.03.2026", "2026-03-05"},
		{"", "", "25/03/2026", "2026-03-25"},
		{"", "", "03/25/2026", "2026-03-25"},
		{"", "", "4/4/2026", "2026-04-04"},
		{"en-US", "", "03/04/2026", "2026-03-04"},
		{"en-GB", "", "03/04/2026", "2026-04-03"},
		{"fr", "", "03/04/2026", "2026-04-03"},
		{"nl", "", "3-4-2026", "2026-04-03"},
		{"", "%d.%m.%y", "05.03.26", "2026-03-05"},
		{"", "%d.%m.%y", "05.03.69", "1969-03-05"},
		{"de", "%A, %d. %B %Y", "Donnerstag, 5. März 2026", "2026-03-05"},
		{"", "%b %d, %Y %I:%M %p %z", "Mar 5, 2026 02:30 PM +0530", "2026-03-05T14:30:00+05:30"},
		{"", "%FT%T%z", "2026-03-05T14:30:00Z", "2026-03-05T14:30:00Z"},
		{"", "%m/%Y", "03/2026", "2026-03"},
		{"", "%Y%m%d%H%M%S", "20260305143000", "2026-03-05T14:30:00"},
	} {
		r, err := New(tt.locale, tt.format)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Parse(tt.in); got != tt.want || err != nil {
			t.Errorf("%s %s %q: %q, %v; want %q", tt.locale, tt.format, tt.in, got, err, tt.want)
		}
	}
}

func TestNoDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		locale, format, in string
		want               error
	}{
		{"", "", "", ErrNone},
		{"", "", "on request", ErrNone},
		{"", "", "12.50", ErrNone},
		{"", "", "1.2.3.4", ErrNone},
		{"", "", "5", ErrNone},
		{"", "", "03/04/2026", ErrAmbiguous},
		{"", "", "05.03.26", ErrYear},
		{"", "", "5 Mar 26", ErrYear},
		{"", "", "5 March", ErrNoYear},
		{"", "", "yesterday", ErrRelative},
		{"", "", "vor 3 Tagen", ErrRelative},
		{"", "", "2026-02-30", ErrInvalid},
		{"", "", "2026-13-01", ErrInvalid},
		{"de", "", "03/25/2026", ErrInvalid},
		{"", "", "2026-03-05T25:00", ErrInvalid},
		{"", "", "5 March 2026 and more", ErrNone},
		{"", "", "5 March 2026 5", ErrNone},
		{"", "%d.%m.%Y", "5. März 2026", ErrNone},
		{"", "%d.%m.%Y", "31.02.2026", ErrInvalid},
		{"", "", strings.Repeat("1", 300), ErrNone},
	} {
		r, err := New(tt.locale, tt.format)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Parse(tt.in); !errors.Is(err, tt.want) {
			t.Errorf("%s %s %q: %q, %v; want %v", tt.locale, tt.format, tt.in, got, err, tt.want)
		}
	}
	r, _ := New("", "")
	if got, err := r.Parse("Monday, 5 March 2026"); err == nil || err.Error() != "is a Thursday, not a Monday" {
		t.Errorf("%q, %v", got, err)
	}
	for _, format := range []string{"%d", "%Y", "%q", "%Y %m %", "%Y-%m-%d %I"} {
		if _, err := New("", format); err == nil {
			t.Errorf("format %q is taken", format)
		}
	}
	if _, err := New("no such", ""); err == nil {
		t.Error("a wrong locale is taken")
	}
}

// Whatever Go prints of a time is read as the same time.
func TestGoLayouts(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 9, 4, 5, 6, 0, time.FixedZone("", 3600))
	r, _ := New("", "")
	for _, layout := range []string{time.RFC3339, time.RFC1123Z, "Monday, 2 January 2006 15:04:05 -0700", "2006-01-02 15:04:05 -07:00"} {
		for d := range 400 {
			in := at.AddDate(0, 0, d)
			got, err := r.Parse(in.Format(layout))
			if want := in.Format(time.RFC3339); got != want || err != nil {
				t.Fatalf("%q: %q, %v; want %q", in.Format(layout), got, err, want)
			}
		}
	}
}

// A date that is read can be read again, and gives the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-03-05T14:30:00Z", "5. März 2026, 14:30 Uhr", "03/04/2026", "1er mars 2026 à 14h30"} {
		f.Add("", "", s)
		f.Add("de", "", s)
		f.Add("en-US", "%d %B %Y %z", s)
	}
	f.Fuzz(func(t *testing.T, locale, format, s string) {
		r, err := New(locale, format)
		if err != nil {
			return
		}
		got, err := r.Parse(s)
		if err != nil {
			return
		}
		plain, _ := New("", "")
		if again, err := plain.Parse(got); again != got || err != nil {
			t.Errorf("%q gives %q, which gives %q, %v", s, got, again, err)
		}
	})
}
