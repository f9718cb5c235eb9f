package extract

import "strings"

// Nearest returns the word of among that word was likely meant to be, or an empty string when none
// is near. A third of its letters may be wrong: added, missing, replaced, or swapped with a
// neighbor. Failing that, one of the words may begin with the other.
func Nearest(word string, among []string) string {
	if len(word) > 100 {
		return ""
	}
	best, least := "", max(1, (len([]rune(word))+1)/3)+1
	for _, w := range among {
		if w == word || len(w) > 100 {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(w)); d < least {
			best, least = w, d
		}
	}
	for _, w := range among {
		if best == "" && len(w) >= 3 && len(word) >= 3 && w != word && (strings.HasPrefix(w, word) || strings.HasPrefix(word, w)) {
			best = w
		}
	}
	return best
}

// distance is the optimal string alignment distance.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
