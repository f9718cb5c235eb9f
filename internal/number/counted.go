package number

import "strconv"

// Counted returns a count with its noun, as people write it: 1 record, 2 records. The plural of
// noun ends in s.
func Counted[N int | int32 | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.FormatInt(int64(n), 10) + " " + noun
}

// Were returns the past tense of "be" that a count takes.
func Were[N int | int32 | int64](n N) string { return Chosen(n, "was", "were") }

// Chosen returns one for a count of one and many for every other count.
func Chosen[N int | int32 | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
