package frontier

import (
	"errors"

	"github.com/seinehq/seine"
)

// ErrOwned means that a completion without a look at the owners would have written to a record of
// another task. Drivers return it to [CompleteBatch], which calls them again with the look.
var ErrOwned = errors.New("a record belongs to another task")

// TakenKey is a record that a completion brings and another page owns. Kind is empty for an asset
// of such a record.
type TakenKey struct {
	Key, Kind string

	// Owner is the key of the task that owns the record. It is the completion's own task if the
	// completion brings the record twice.
	Owner string
}

// RecordID identifies a record of a job, and AssetID an asset.
type (
	RecordID struct{ Key, Kind string }
	AssetID  struct{ Key, Name string }
)

// OwnerOf returns the owner of a row as a frontier stores it: nil if the row's key is the task's.
func OwnerOf(task, key string) *string {
	if task == key {
		return nil
	}
	return &task
}

// Replaces reports whether the records of a completion replace those of an earlier one. Only a
// requeued task has a mark. An attempt that fetches assets alone keeps the records of its page.
//
// If a replay skips a task, its rules decided about the same page, so that its records go.
func (c Completion) Replaces() bool {
	if !c.Replayed.IsZero() {
		return c.State == seine.Done || c.State == seine.Skipped
	}
	return c.Mark != Unmarked && (c.State == seine.Done || c.Again != nil) && !c.Alone() && !c.Unchanged && !c.Gone
}

// NeedsOwners reports whether a batch may bring records of other tasks: records under keys of their
// own. The key of any other record is the task's.
func NeedsOwners(batch []Completion) bool {
	for _, c := range batch {
		for i, r := range c.Records {
			if r.Merge || r.Key != c.Key {
				return true
			}
			for _, earlier := range c.Records[:i] {
				if earlier.Kind == r.Kind {
					return true
				}
			}
		}
		for _, a := range c.Assets {
			if a.Key != c.Key {
				return true
			}
		}
	}
	return false
}

// Owners holds the owners of records and assets by task key, both the stored ones and the ones that
// a batch adds.
type Owners struct {
	Records map[RecordID]string
	Assets  map[AssetID]string
}

// NewOwners returns an empty set of owners.
func NewOwners() Owners { return Owners{map[RecordID]string{}, map[AssetID]string{}} }

// Take takes the records and assets of a completion, in the order of a batch. If one belongs to
// another task and is not merged, or comes twice, Take takes none and returns it.
func (o Owners) Take(c Completion) (TakenKey, bool) {
	seen, merged := map[RecordID]bool{}, map[string]string{}
	for _, r := range c.Records {
		id := RecordID{Clean(r.Key), Clean(r.Kind)}
		owner, known := o.Records[id]
		switch {
		case seen[id]:
			return TakenKey{id.Key, id.Kind, c.Key}, true
		case known && owner != c.Key && !r.Merge:
			return TakenKey{id.Key, id.Kind, owner}, true
		case known && r.Merge:
			merged[id.Key] = owner
		}
		seen[id] = true
	}
	for _, a := range c.Assets {
		id := AssetID{Clean(a.Key), Clean(a.Name)}
		if owner, known := o.Assets[id]; known && owner != c.Key && merged[id.Key] != owner {
			return TakenKey{Key: id.Key, Owner: owner}, true
		}
	}
	for id := range seen {
		if _, known := o.Records[id]; !known {
			o.Records[id] = c.Key
		}
	}
	for _, a := range c.Assets {
		id := AssetID{Clean(a.Key), Clean(a.Name)}
		if _, known := o.Assets[id]; known {
			continue
		}
		o.Assets[id] = c.Key
		if owner, ok := merged[id.Key]; ok {
			o.Assets[id] = owner // it stays with its record
		}
	}
	return TakenKey{}, false
}

// Record returns the owner of a record, and Asset of an asset.
func (o Owners) Record(c Completion, r Record) string {
	if len(o.Records) == 0 {
		return c.Key
	}
	if owner, ok := o.Records[RecordID{Clean(r.Key), Clean(r.Kind)}]; ok {
		return owner
	}
	return c.Key
}

// Asset returns the owner of an asset.
func (o Owners) Asset(c Completion, a Asset) string {
	if len(o.Assets) == 0 {
		return c.Key
	}
	if owner, ok := o.Assets[AssetID{Clean(a.Key), Clean(a.Name)}]; ok {
		return owner
	}
	return c.Key
}
