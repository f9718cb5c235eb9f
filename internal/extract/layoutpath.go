package extract

import "fmt"

// With returns the layout of the same files below another key template, in a store that Seine did
// not fill: see [Layout.Foreign].
func (l *Layout) With(key string) (*Layout, error) {
	t, err := parseKey(key)
	if err != nil {
		return nil, err
	}
	switch {
	case !t.has("id") && !t.has("key"):
		return nil, fmt.Errorf("%q has neither {id} nor {key}: no file would belong to a task", key)
	case len(l.assets) > 1 && !t.has("asset"):
		return nil, fmt.Errorf("%q has no {asset}: the files of a task could not be told apart", key)
	}
	if len(l.lists) > 0 {
		t.number(nil)
	}
	other := &Layout{key: t, assets: l.assets, lists: l.lists, kinds: l.kinds}
	return other.Foreign(), nil
}

func parseKey(key string) (template, error) {
	t, err := parseTemplate(key)
	if err == nil {
		err = t.checkLiteral()
	}
	return t, err
}

// Path returns the path of a file. {ext} stays until the type of the file is known. It fails if the
// template needs a value that is empty.
func (l *Layout) Path(id, asset string, values map[string]string) (string, error) {
	return l.key.path(id, asset, l.numberText(asset), values)
}

// CodePath is [Layout.Path] for a job made in Go, whose key template nobody checked.
func CodePath(key, id, asset string, values map[string]string) (string, error) {
	t, err := parseKey(key)
	if err != nil {
		return "", fmt.Errorf("store.key: %w", err)
	}
	return t.path(id, asset, "1", values)
}

// CheckPath returns why a path cannot be the key of a file in a store, or nil.
func CheckPath(path string) error { return template{{literal: path}}.checkLiteral() }

func (t template) path(id, asset, number string, values map[string]string) (string, error) {
	return t.expand(func(name string) string {
		switch name {
		case "id", "key":
			return id
		case "asset":
			return asset
		case numberName:
			return number
		}
		return values[name]
	})
}

// RecordKind returns the kind of the records of a page kind. It is empty if the kind stores none.
func (s *Scraper) RecordKind(page string) string {
	if of := s.page(page); of != nil {
		return of.kind
	}
	return ""
}
