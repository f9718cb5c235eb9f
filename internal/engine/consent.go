package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/consent"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/manners"
	"github.com/seinehq/seine/internal/robots"
)

// optOutError means that a file is not stored because its site refuses the use.
type optOutError struct{ signal consent.Signal }

// Error names the signal, where it stands, and its value.
func (e *optOutError) Error() string {
	out := frontier.OptedOut + e.signal.Name + " (" + e.signal.Source + ")"
	if e.signal.Value != "" && e.signal.Value != e.signal.Name {
		out += ": " + e.signal.Value
	}
	return out
}

// stated adds to records what the page and its site state about their use.
func stated(job *seine.Job, page *seine.Page, usages []robots.Usage, records []seine.Record) []seine.Record {
	extra := map[string]any{}
	var list []any
	for _, s := range manners.Signals(page, usages, consent.Page) {
		list = append(list, fieldsOf(s))
	}
	if list != nil {
		extra[frontier.ConsentField] = list
	}
	if job.Robots == seine.Ignore {
		extra[frontier.RobotsField] = string(seine.Ignore)
	}
	if len(extra) == 0 {
		return records
	}
	out := make([]seine.Record, len(records))
	for i, r := range records {
		fields := maps.Clone(r.Fields)
		if fields == nil {
			fields = map[string]any{}
		}
		maps.Copy(fields, extra)
		r.Fields = fields
		out[i] = r
	}
	return out
}

func fieldsOf(s consent.Signal) map[string]any {
	return map[string]any{"signal": s.Name, "value": s.Value, "source": s.Source, "opts_out": s.OptsOut}
}

// ofAsset begins the source of a signal that a file states.
const ofAsset = "asset "

// statedBy adds the signals of the response with a file to the record of its asset. key is the
// task's.
func statedBy(records []seine.Record, key string, a seine.Asset, signals []consent.Signal) []seine.Record {
	if len(signals) == 0 {
		return records
	}
	records = slices.Clone(records) // the scraper's
	for i, r := range records {
		if cmp.Or(r.Key, key) != cmp.Or(a.Record, key) {
			continue
		}
		fields := maps.Clone(r.Fields)
		if fields == nil {
			fields = map[string]any{}
		}
		list, _ := fields[frontier.ConsentField].([]any)
		list = slices.Clone(list)
		for _, s := range signals {
			s.Source = ofAsset + a.Name + ": " + s.Source
			list = append(list, fieldsOf(s))
		}
		fields[frontier.ConsentField] = list
		records[i].Fields = fields
	}
	return records
}

// refusal returns why a file of a page may not be stored, before it is fetched.
func refusal(job *seine.Job, page *seine.Page, usages []robots.Usage, a seine.Asset) error {
	if job.Consent == seine.Ignore || page == nil {
		return nil
	}
	kind := consent.FileOfPage
	switch {
	case a.Body:
		kind = kindOf(page, consent.Image, consent.File)
	case a.Image != nil:
		kind = consent.ImageOfPage
	}
	return optOut(manners.Signals(page, usages, kind))
}

// refused returns the signals of a response with a file, and the reason against storing the file:
// its own header, or for an image its page.
func refused(job *seine.Job, of, file *seine.Page, usages []robots.Usage) ([]consent.Signal, error) {
	kind := kindOf(file, consent.Image, consent.File)
	own := manners.Signals(file, usages, kind)
	if job.Consent == seine.Ignore {
		return own, nil
	}
	if err := optOut(own); err != nil || kind == consent.File || of == nil {
		return own, err
	}
	return own, optOut(manners.Signals(of, nil, consent.ImageOfPage))
}

// optOut returns the first signal that opts out as an error.
func optOut(signals []consent.Signal) error {
	if s, no := consent.Refused(signals); no {
		return &optOutError{s}
	}
	return nil
}

// kindOf returns image for a response with an image, else the other kind.
func kindOf(page *seine.Page, image, other consent.Kind) consent.Kind {
	if strings.HasPrefix(page.Type, "image/") {
		return image
	}
	return other
}
