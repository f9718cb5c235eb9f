package dataset

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/assetfile"
	"github.com/seinehq/seine/internal/frontier"
	"github.com/seinehq/seine/internal/number"
)

// commit stores the rows of rendered images. The notes of a file that is written are forgotten. The
// notes of an earlier file stay until it is deleted.
func (r *renderer) commit(ctx context.Context, list []remaking, stored []frontier.Stored) error {
	batch, of := []frontier.Rendered{}, map[string]int{}
	for _, m := range list {
		if m.now.Path == "" || m.Outcome == RenderedFailed || m.Outcome == RenderedMeanwhile {
			continue
		}
		i, ok := of[m.task.Key]
		if !ok {
			i, of[m.task.Key] = len(batch), len(batch)
			batch = append(batch, frontier.Rendered{Task: m.task.Key, At: m.task.UpdatedAt})
		}
		batch[i].Assets = append(batch[i].Assets, frontier.Asset{Key: m.was.Key, Stored: m.now, Task: m.was.Task})
	}
	for i := range batch {
		fields, err := r.fields(batch[i], stored, list)
		if err != nil {
			return err
		}
		batch[i].Fields = fields
	}
	lost := map[string]bool{}
	if len(batch) > 0 {
		keys, err := r.Frontier.Render(ctx, r.ID, batch)
		if err != nil {
			return err
		}
		for _, key := range keys {
			lost[key] = true
		}
	}
	var over []string
	for i := range list {
		m := &list[i]
		if lost[m.task.Key] && (m.Outcome == RenderedNew || m.now.Path != "") {
			m.Outcome = RenderedMeanwhile
		}
		switch {
		case m.Outcome == RenderedMeanwhile:
			r.again[m.task.Key] = true
		case m.now.Path != "" && m.now.Path == m.was.Path:
			over = append(over, m.now.Path)
		case m.now.Path != "" || m.Outcome == RenderedFailed:
			r.left++ // settle looks whose file it is
		}
	}
	return r.Frontier.Settled(ctx, r.ID, over)
}

// fields returns the records of a task with the properties of its new files.
func (r *renderer) fields(of frontier.Rendered, stored []frontier.Stored, list []remaking) (out []frontier.RecordFields, err error) {
	page := ""
	for _, m := range list {
		if m.task.Key == of.Task {
			page = m.task.Page
		}
	}
	for _, rec := range stored {
		names := r.rules.FileFields(page, rec.Kind)
		if cmp.Or(rec.Task, rec.Key) != of.Task || len(names) == 0 {
			continue
		}
		values, err := decodeFields(rec.Fields)
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", rec.Key, err)
		}
		var files []assetfile.Stored
		for _, a := range rec.Assets {
			file := a.Stored
			if now := named(of.Assets, a.Key, a.Name); now != nil {
				file = now.Stored
			}
			files = append(files, file)
		}
		before := maps.Clone(values)
		asset.Fill(values, names, files)
		text, err := encodeChanged(before, values)
		if err != nil {
			return nil, err
		}
		if text != nil {
			out = append(out, frontier.RecordFields{Key: rec.Key, Kind: rec.Kind, Fields: text})
		}
	}
	return out, nil
}

// encodeChanged returns the fields of a record as JSON, or nil if they are as before.
func encodeChanged(before, after map[string]any) (json.RawMessage, error) {
	was, err := number.Marshal(before)
	if err != nil {
		return nil, err
	}
	now, err := number.Marshal(after)
	if err != nil || bytes.Equal(was, now) {
		return nil, err
	}
	return now, nil
}
