package cli

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/terminal"
	"github.com/seinehq/seine/internal/wiring"
)

// addAsset adds the files of an asset, or why it has none.
func (o *tryJSON) addAsset(x wiring.TriedAsset) {
	if x.Err != nil {
		failed := tryAssetJSON{Name: x.Name, URL: x.URL, Path: x.Path, Error: x.Err.Error()}
		switch {
		case x.OnFailure == seine.KeepRecord && !x.Retried:
			failed.Error += "; the record is stored with this failure"
		case x.OnFailure == seine.KeepRecord:
			failed.Error += "; the record is stored, and the asset is tried again"
		case x.Reason == "":
			failed.Error += "; the asset is optional"
		}
		o.Assets = append(o.Assets, failed)
	}
	for _, s := range x.Stored {
		o.Assets = append(o.Assets, tryAssetJSON{
			Name: s.Name, URL: s.URL, Path: s.Path, Bytes: s.Bytes, SHA256: hex.EncodeToString(s.SHA256), Width: s.Width, Height: s.Height,
			Original: &originalJSON{s.OriginalBytes, s.OriginalWidth, s.OriginalHeight},
		})
	}
}

// printTry prints the steps for people.
func (a *tryCommand) printTry(o *tryJSON) {
	a.print("%s  %s", o.Key, o.URL)
	if o.Page != "" {
		a.print("  page      %s", o.Page)
	}
	if o.page == nil {
		a.print("  fetch     %s", o.Error)
		return
	}
	for _, r := range o.page.Redirects {
		a.print("  redirect  from %s", r)
	}
	a.print("  response  HTTP %d, %s, %s in %s", o.page.Status, o.page.Type, size(int64(len(o.page.Body))), o.page.Took.Round(time.Millisecond))
	for _, w := range o.Waits {
		state := "held"
		switch {
		case w.OK && w.By != "":
			state = "held by " + w.By
		case w.By != "":
			state = "ended by " + w.By
		case !w.OK:
			state = "ran out; the page is judged as it stands"
		}
		a.print("  wait      %s: %s", w.Wait, state)
	}
	for _, n := range o.Notes {
		a.print("  note      %s", n)
	}
	if o.trace != nil {
		for _, f := range o.trace.Fields {
			a.print("  field     %-10s %s", f.Name, shorten(f.Value))
			if f.From != "" {
				a.print("            %-10s from %s", "", f.From)
			}
			if f.Why != "" {
				a.print("            %-10s %s", "", f.Why)
			}
		}
	}
	if o.trace == nil {
		for _, name := range slices.Sorted(maps.Keys(o.Fields)) {
			a.print("  field     %-10s %s", name, shorten(o.Fields[name]))
		}
	}
	why := o.Verdict.Reason
	if o.Verdict.Rule != "" {
		why += "  (rule " + o.Verdict.Rule + ")"
	}
	a.print("%s", strings.TrimRight(fmt.Sprintf("  verdict   %s  %s", o.Verdict.State, why), " "))
	for _, r := range o.Rejected {
		a.print("  schema    %s: %s", cmp.Or(terminal.Escape(r.Field), "the record"), terminal.Escape(r.Reason))
	}
	a.printRecords(o.Records)
	for _, x := range o.Assets {
		if x.Error != "" {
			a.print("  asset     %-10s %s", x.Name, x.Error)
			continue
		}
		from := ""
		if p := x.Original; p != nil && p.Width > 0 {
			from = fmt.Sprintf(" from %d x %d, %s", p.Width, p.Height, size(p.Bytes))
		}
		dims := ""
		if x.Width > 0 {
			dims = fmt.Sprintf("%d x %d, ", x.Width, x.Height)
		}
		a.print("  asset     %-10s %s%s%s", x.Name, dims, size(x.Bytes), from)
		a.print("            %-10s %s", "", x.URL)
		a.print("            %-10s key %s", "", x.Path)
	}
	if len(o.Links) > 0 {
		a.printLinks(o.Links)
	} else {
		sort.Strings(o.Follow)
		for _, f := range o.Follow {
			a.print("  follow    %s", f)
		}
	}
	if o.trace != nil {
		for _, none := range o.trace.NoLinks {
			a.print("  no link   %s", terminal.Escape(none))
		}
	}
	if a.save == "" {
		a.print("  nothing was written")
	}
}

// maxShown is the most characters of a value that are shown to people.
const maxShown = 120

func shorten(v any) string {
	b, err := json.Marshal(v)
	s := string(b)
	if err != nil {
		s = fmt.Sprint(v)
	}
	s = strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(s)
	if r := []rune(s); len(r) > maxShown {
		return string(r[:maxShown]) + "…"
	}
	return s
}

func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d B", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
