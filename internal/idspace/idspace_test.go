package idspace_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/idspace"
)

func date(y int, m time.Month, d int) int64 {
	return seine.Day(time.Date(y, m, d, 12, 0, 0, 0, time.UTC))
}

// An id is written from its number, and read back.
func TestIDSpace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		space seine.IDSpace
		want  string // the first three and the last
		len   int64
	}{
		{"numbers", seine.IDSpace{From: 7, To: 12}, "7 8 9 12", 6},
		{"a width", seine.IDSpace{From: 7, To: 12, Width: 4}, "0007 0008 0009 0012", 6},
		{"a step", seine.IDSpace{From: 7, To: 40, Step: 10}, "7 17 27 37", 4},
		{"a prefix", seine.IDSpace{From: 7, To: 12, Prefix: "A-", Width: 2}, "A-07 A-08 A-09 A-12", 6},
		{"letters", seine.IDSpace{From: 0, To: 26*26 - 1, Width: 2, Alphabet: seine.Letters}, "AA AB AC ZZ", 676},
		{"base 36", seine.IDSpace{From: 35, To: 36 * 36, Width: 2, Alphabet: seine.Alphanumerics}, "0Z 10 11 100", 1262},
		{"dates", seine.IDSpace{From: date(2024, 2, 28), To: date(2024, 3, 1), Date: "2006/01/02"}, "2024/02/28 2024/02/29 2024/03/01 2024/03/01", 3},
		{"dates before 1970", seine.IDSpace{From: date(1969, 12, 30), To: date(1970, 1, 3), Step: 2, Date: "20060102"}, "19691230 19700101 19700103 19700103", 3},
		{"luhn", seine.IDSpace{From: 7992739871, To: 7992739873, Check: seine.CheckLuhn}, "79927398713 79927398721 79927398739 79927398739", 3},
		{"ean", seine.IDSpace{From: 978030640615, To: 978030640617, Check: seine.CheckEAN}, "9780306406157 9780306406164 9780306406171 9780306406171", 3},
		{"an ISBN's prefix", seine.IDSpace{From: 30640615, To: 30640617, Prefix: "978-", Width: 9, Check: seine.CheckEAN}, "978-0306406157 978-0306406164 978-0306406171 978-0306406171", 3},
		{"mod11", seine.IDSpace{From: 30640615, To: 30640617, Width: 9, Check: seine.CheckMod11}, "0306406152 0306406160 0306406179 0306406179", 3},
		{"damm", seine.IDSpace{From: 572, To: 574, Check: seine.CheckDamm}, "5724 5735 5743 5743", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := idspace.Of(&tt.space)
			if got := fmt.Sprint(s.At(0), " ", s.At(1), " ", s.At(2), " ", s.At(s.Len()-1)); got != tt.want || s.Len() != tt.len {
				t.Errorf("ids %s, %d of them; want %s, %d", got, s.Len(), tt.want, tt.len)
			}
			for i := range s.Len() {
				if at, ok := s.Find(s.At(i)); !ok || at != i {
					t.Fatalf("%s is found at %d, %v; want %d", s.At(i), at, ok, i)
				}
			}
			for _, id := range []string{"", "-7", "+8", "x", s.At(0) + "0", s.Prefix, "99999999999999999999", s.Key(s.To + max(s.Step, 1))} {
				if i, ok := s.Find(id); ok {
					t.Errorf("%q is found at %d", id, i)
				}
			}
		})
	}
}

func TestSpacesThatCantBe(t *testing.T) {
	t.Parallel()
	days := func(y int) seine.IDSpace {
		return seine.IDSpace{From: date(y, 1, 1), To: date(y, 12, 31), Date: "20060102"}
	}
	for _, tt := range []struct {
		name  string
		space []seine.IDSpace
		want  string
	}{
		{"reversed", []seine.IDSpace{{From: 2, To: 1}}, "seeds.ids: from 2 is greater than to 1"},
		{"too large", []seine.IDSpace{{To: 1<<63 - 1}}, "seeds.ids: to 9223372036854775807 is too large"},
		{"too many together", []seine.IDSpace{{To: 1<<63 - 2}, {Prefix: "A", To: 1<<63 - 2}}, "more ids than 64 bits count"},
		{"a start beside the steps", []seine.IDSpace{{To: 100, Step: 10, Start: []int64{20, 25}}}, "start 25 is none of the ids"},
		{"an unknown check", []seine.IDSpace{{To: 1, Check: "crc"}}, `check "crc" is no scheme`},
		{"a date without a day", []seine.IDSpace{{From: 40, To: 50, Date: "2006-01"}}, "loses the day"},
		{"the same ids", []seine.IDSpace{{To: 100}, {From: 100, To: 200}}, "seeds.ids[1]: the id 100 is one of seeds.ids[0] too"},
		{"steps that meet", []seine.IDSpace{{From: 1, To: 1000, Step: 6}, {From: 3, To: 1000, Step: 10}}, "the id 13 is one of"},
		{"steps that meet late", []seine.IDSpace{{From: 0, To: 1e18, Step: 1e9 + 7}, {From: 5, To: 1e18, Step: 1e9 + 9}}, "is one of"},
		{"steps that never meet", []seine.IDSpace{{From: 1, To: 1000, Step: 6}, {From: 2, To: 1000, Step: 10}}, ""},
		{"steps that meet too late", []seine.IDSpace{{From: 1, To: 12, Step: 6}, {From: 3, To: 100, Step: 10}}, ""},
		{"side by side", []seine.IDSpace{{To: 99}, {From: 100, To: 200}}, ""},
		{"other prefixes", []seine.IDSpace{{To: 99, Prefix: "A"}, {To: 99, Prefix: "B"}}, ""},
		{"a width that tells them apart", []seine.IDSpace{{To: 999, Width: 4}, {To: 999}}, ""},
		{"a width that does not", []seine.IDSpace{{To: 1000, Width: 4}, {To: 1000}}, "the id 1000 is"},
		{"numbers that are dates", []seine.IDSpace{{From: 20240101, To: 20240110}, days(2024)}, "the id 20240101 is"},
		{"years", []seine.IDSpace{days(2023), days(2024)}, ""},
		{"a prefix of digits", []seine.IDSpace{{From: 100, To: 199}, {From: 50, To: 60, Prefix: "1", Width: 2}}, "the id 150 is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := errors.Join(idspace.Check(tt.space)...)
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("%v; want %q", err, tt.want)
			}
		})
	}
}
