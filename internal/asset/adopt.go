package asset

import (
	"context"

	"github.com/seinehq/seine"
)

// Adopt returns a file of another program as an asset, which [Keeper.Store] puts in place. image
// means that the rules of the job ask for an image. Such a file must be decodable. types are the
// media types that the rules permit, nil for any.
func (k *Keeper) Adopt(ctx context.Context, name, path string, body []byte, image bool, types []string) (Remade, error) {
	kind, err := check(&seine.Page{Body: body}, image, types)
	if err == nil {
		err = k.Verify(ctx, body)
	}
	if err != nil {
		return Remade{}, err
	}
	f := fileOf(name, path, "", kind, body)
	f.Width, f.Height = sizeOf(body)
	f.PHash = k.hash(ctx, body)
	return Remade(f), nil
}
