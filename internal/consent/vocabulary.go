package consent

import (
	_ "embed"
	"encoding/json"
	"strings"
	"sync"
)

//go:embed vocabulary.json
var file []byte

// words is the vocabulary. Source names where an entry is defined.
type words struct {
	// Directives are the words of X-Robots-Tag and of meta elements.
	Directives []struct {
		Name, Source string
		OptsOut      []string `json:"opts_out"`
	}
	// Same are directives that stand for others.
	Same []struct {
		Name, Source string
		Means        []string
	}
	// Valued are directives with a value after a colon, which is no agent then.
	Valued []struct{ Name, Source string }
	// Fields are headers and meta elements with one value.
	Fields []struct {
		Name, Source string
		Refuses      []string
		OptsOut      []string `json:"opts_out"`
	}
	// Preferences are the keys of Content-Usage and Content-Signal.
	Preferences []struct {
		Field, Name, Source string
		Refuses             []string
		OptsOut             []string `json:"opts_out"`
	}
}

var vocabulary = sync.OnceValue(func() (w words) {
	if err := json.Unmarshal(file, &w); err != nil {
		panic(err) // the file is part of the program
	}
	return w
})

// isValued reports a directive with a value.
func isValued(name string) bool {
	name = strings.TrimSpace(name)
	for _, v := range vocabulary().Valued {
		if strings.EqualFold(v.Name, name) {
			return true
		}
	}
	return false
}
