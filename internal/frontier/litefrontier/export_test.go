package litefrontier

import (
	"context"
	"fmt"
)

// Limit bounds the size of the file, as a full disk does.
func (f *Frontier) Limit(ctx context.Context, pages int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := f.conn.ExecContext(ctx, fmt.Sprintf(`pragma max_page_count = %d`, pages))
	return err
}

// Owned are the conditions on the rows of a task.
var Owned = owned
