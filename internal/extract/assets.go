package extract

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/weburl"
)

// owed returns the assets of a done page. It fails with the reason if a required asset is missing.
func (s *pageRules) owed(r *reading, env map[string]any, trace *Trace) ([]seine.Asset, error) {
	var assets []seine.Asset
	for _, rule := range s.assets {
		files, err := s.files(r, rule, env)
		if trace != nil {
			for _, a := range files {
				trace.Assets = append(trace.Assets, AssetTrace{Name: a.Name, From: rule.from, URL: a.URL, Path: a.Path})
			}
			if err != nil {
				trace.Assets = append(trace.Assets, AssetTrace{Name: rule.Name, From: rule.from, Note: err.Error()})
			}
		}
		if err != nil && rule.Optional {
			continue
		}
		if err != nil {
			return nil, err
		}
		assets = append(assets, files...)
	}
	return assets, nil
}

// files returns the assets of one rule, which are one asset or a list.
func (s *pageRules) files(r *reading, rule *assetRule, env map[string]any) ([]seine.Asset, error) {
	if rule.Body {
		a, err := s.asset(rule, r.page.URL, 0, env)
		return []seine.Asset{a}, err
	}
	missing := fmt.Errorf("asset %s needs %w", rule.Name, &missingError{rule.from})
	v, err := rule.value(r, env)
	if err != nil {
		_, none := errors.AsType[*missingError](err)
		// An index beyond the end of a list has no value.
		if none || strings.Contains(err.Error(), "index out of range") {
			return nil, missing
		}
		return nil, fmt.Errorf("asset %s: %w", rule.Name, err)
	}
	if !rule.All {
		url, err := r.mayFail(rule, v)
		if err == nil && url == "" {
			err = missing
		}
		if err != nil {
			return nil, err
		}
		a, err := s.asset(rule, url, 0, env)
		if err != nil {
			return nil, err
		}
		return []seine.Asset{a}, nil
	}
	return s.list(r, rule, v, env, missing)
}

// list returns an asset for each distinct URL of a list.
func (s *pageRules) list(r *reading, rule *assetRule, v any, env map[string]any, missing error) ([]seine.Asset, error) {
	values, ok := v.([]any)
	if !ok {
		values = []any{v}
	}
	var assets []seine.Asset
	seen := map[string]bool{}
	for _, each := range values {
		url, err := r.mayFail(rule, each)
		if err != nil && rule.Optional {
			continue
		}
		if err != nil {
			return nil, err
		}
		same, _, _ := strings.Cut(url, "#") // a fragment names no other file
		if url == "" || seen[same] {
			continue
		}
		seen[same] = true
		if len(assets) == seine.MaxAssets {
			return nil, fmt.Errorf("asset %s has more than %d files", rule.Name, seine.MaxAssets)
		}
		a, err := s.asset(rule, url, len(assets)+1, env)
		if err != nil {
			return nil, err
		}
		assets = append(assets, a)
	}
	if len(assets) == 0 {
		return nil, missing
	}
	return assets, nil
}

// value returns a rule's value for the URL.
func (rule *assetRule) value(r *reading, env map[string]any) (any, error) {
	if rule.source == nil {
		return rule.url.run(env)
	}
	var scope item
	if rule.source.wantsDocument() {
		doc, err := r.document()
		if err != nil {
			return nil, err
		}
		scope.node = doc
	}
	v, _, err := rule.source.read(r, scope)
	return v, err
}

// mayFail is assetURL. If the asset may fail without its record, a text that is no URL stays. Then
// only this asset fails, and the other files of the list are stored.
func (r *reading) mayFail(rule *assetRule, v any) (string, error) {
	url, err := r.assetURL(rule, v)
	if ref, ok := v.(string); err != nil && ok && rule.OnFailure == seine.KeepRecord {
		return cut(strings.TrimSpace(ref), maxWhy), nil
	}
	return url, err
}

// assetURL makes a value an absolute URL; it is empty for a value that is missing.
func (r *reading) assetURL(rule *assetRule, v any) (string, error) {
	ref, ok := v.(string)
	switch {
	case v == nil || ok && strings.TrimSpace(ref) == "":
		return "", nil
	case !ok && !rule.All && isList(v):
		return "", fmt.Errorf("asset %s: %s gives a list: add all: true to store each file", rule.Name, rule.from)
	case !ok:
		return "", fmt.Errorf("asset %s: %s gives %s, not a URL", rule.Name, rule.from, word(v))
	}
	ref = strings.TrimSpace(ref)
	abs, err := r.resolve(ref)
	switch {
	case errors.Is(err, weburl.ErrNotWeb) && hasScheme(ref, "data:"):
		return ref, nil
	case errors.Is(err, weburl.ErrNotWeb) && hasScheme(ref, "blob:"):
		if r.page.Via != seine.ViaChrome {
			return "", fmt.Errorf("asset %s: %s gives a blob: URL, which exists only in a browser: set fetch.via to chrome", rule.Name, rule.from)
		}
		return ref, nil
	case errors.Is(err, weburl.ErrNotWeb):
		return "", fmt.Errorf("asset %s: %s gives a URL that is not http, https, data or blob", rule.Name, rule.from)
	case err != nil:
		return "", fmt.Errorf("asset %s: %s gives no URL", rule.Name, rule.from)
	}
	return abs, nil
}

func isList(v any) bool {
	_, list := v.([]any)
	return list
}

// hasScheme reports whether a reference has a scheme, which ends in a colon, and more.
func hasScheme(ref, scheme string) bool {
	return len(ref) > len(scheme) && strings.EqualFold(ref[:len(scheme)], scheme)
}

// asset returns the asset of a rule at a URL. n is its number in a list, zero outside of one.
func (s *pageRules) asset(rule *assetRule, url string, n int, env map[string]any) (seine.Asset, error) {
	a := seine.Asset{
		Name: rule.Name, URL: url, Body: rule.Body, Types: rule.Types, Upgrade: rule.Upgrade, Image: rule.Image,
		Optional: rule.Optional, OnFailure: rule.OnFailure,
	}
	if n > 0 {
		a.Name += "_" + strconv.Itoa(n)
	}
	n = max(n, 1)
	var err error
	if a.Path, err = s.path(a.Name, n, env); err != nil {
		return a, err
	}
	if rule.keepsOriginal() {
		a.OriginalPath, err = s.path(a.Name+assetfile.OriginalSuffix, n, env)
	}
	return a, err
}

// path is the key of an asset in the store: the template of the job, with the values of the page.
// package asset puts the extension in the place of {ext} once it knows the bytes.
func (s *pageRules) path(asset string, n int, env map[string]any) (string, error) {
	return s.key.expand(func(name string) string {
		switch name {
		case "asset":
			return asset
		case numberName:
			return strconv.Itoa(n)
		}
		v := printed(env[name])
		if s.leaveOut != nil {
			v = s.leaveOut(v)
		}
		return v
	})
}
