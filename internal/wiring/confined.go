package wiring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// confined is a folder as a bucket that follows no symbolic link out of the folder. The driver of
// gocloud.dev opens paths by name. A link inside the store would therefore make it write, read or
// delete elsewhere.
type confined struct {
	*blob.Bucket
	root *os.Root
}

func confine(folder string, bucket *blob.Bucket) (*blob.Bucket, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, errors.Join(err, bucket.Close())
	}
	return blob.NewBucket(&confined{bucket, root}), nil
}

// check fails if a key leads out of the folder. A key that is not there leads nowhere.
func (c *confined) check(key string) error {
	_, err := c.root.Stat(key)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%s leads out of the store by a symbolic link, or is not a path in it (%w): remove the link", key, err)
}

func (c *confined) ErrorCode(err error) gcerrors.ErrorCode { return gcerrors.Code(err) }

func (c *confined) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	if err := c.check(key); err != nil {
		return nil, err
	}
	a, err := c.Bucket.Attributes(ctx, key)
	if err != nil {
		return nil, err
	}
	return &driver.Attributes{
		CacheControl: a.CacheControl, ContentDisposition: a.ContentDisposition, ContentEncoding: a.ContentEncoding, ContentLanguage: a.ContentLanguage,
		ContentType: a.ContentType, Metadata: a.Metadata, CreateTime: a.CreateTime, ModTime: a.ModTime, Size: a.Size, MD5: a.MD5, ETag: a.ETag, AsFunc: a.As,
	}, nil
}

func (c *confined) ListPaged(ctx context.Context, opts *driver.ListOptions) (*driver.ListPage, error) {
	token, size := opts.PageToken, opts.PageSize
	if len(token) == 0 {
		token = blob.FirstPageToken
	}
	if size <= 0 {
		size = 1000
	}
	objects, next, err := c.ListPage(ctx, token, size, &blob.ListOptions{Prefix: opts.Prefix, Delimiter: opts.Delimiter, BeforeList: opts.BeforeList})
	if err != nil {
		return nil, err
	}
	page := &driver.ListPage{NextPageToken: next}
	for _, o := range objects {
		page.Objects = append(page.Objects, &driver.ListObject{Key: o.Key, ModTime: o.ModTime, Size: o.Size, MD5: o.MD5, IsDir: o.IsDir, AsFunc: o.As})
	}
	return page, nil
}

type confinedReader struct{ *blob.Reader }

func (r confinedReader) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{ContentType: r.ContentType(), ModTime: r.ModTime(), Size: r.Size()}
}

func (c *confined) NewRangeReader(ctx context.Context, key string, offset, length int64, opts *driver.ReaderOptions) (driver.Reader, error) {
	if err := c.check(key); err != nil {
		return nil, err
	}
	r, err := c.Bucket.NewRangeReader(ctx, key, offset, length, &blob.ReaderOptions{BeforeRead: opts.BeforeRead})
	if err != nil {
		return nil, err
	}
	return confinedReader{r}, nil
}

func (c *confined) NewTypedWriter(ctx context.Context, key, contentType string, opts *driver.WriterOptions) (driver.Writer, error) {
	if err := c.check(key); err != nil {
		return nil, err
	}
	return c.NewWriter(ctx, key, &blob.WriterOptions{
		BufferSize: opts.BufferSize, MaxConcurrency: opts.MaxConcurrency, CacheControl: opts.CacheControl, ContentDisposition: opts.ContentDisposition,
		ContentEncoding: opts.ContentEncoding, ContentLanguage: opts.ContentLanguage, ContentType: contentType, ContentMD5: opts.ContentMD5,
		Metadata: opts.Metadata, DisableContentTypeDetection: opts.DisableContentTypeDetection, BeforeWrite: opts.BeforeWrite, IfNotExist: opts.IfNotExist,
	})
}

func (c *confined) Copy(ctx context.Context, dstKey, srcKey string, opts *driver.CopyOptions) error {
	if err := errors.Join(c.check(dstKey), c.check(srcKey)); err != nil {
		return err
	}
	return c.Bucket.Copy(ctx, dstKey, srcKey, &blob.CopyOptions{BeforeCopy: opts.BeforeCopy})
}

func (c *confined) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	if err := c.check(key); err != nil {
		return err
	}
	return c.Bucket.Delete(ctx, key)
}

// SignedURL is unsupported, because a folder has none.
func (c *confined) SignedURL(ctx context.Context, key string, _ *driver.SignedURLOptions) (string, error) {
	return c.Bucket.SignedURL(ctx, key, nil)
}

func (c *confined) Close() error { return errors.Join(c.Bucket.Close(), c.root.Close()) }
