// Package webpenc encodes images as lossy WebP files.
//
// The encoder is libwebp 1.4.0, compiled to WebAssembly. It runs in a sandbox with a memory of its
// own per image, so equal pixels give equal bytes on each machine, and a fault of the encoder is an
// error. The alpha channel is lossless. Metadata is not written.
package webpenc

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"io"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// MaxSide is the largest width and height of a WebP file in pixels (RFC 9649, section 2.5).
const MaxSide = 1<<14 - 1

// method is libwebp's trade of time for bytes, from 0 to 6. Its own default is 4.
const method = 4

// The sandbox has at most pixelMemory bytes per pixel, and baseMemory for the rest. Noise with
// transparency takes 50 bytes per pixel, the most of all images.
const (
	pixelMemory = 56
	baseMemory  = 4 << 20
	maxMemory   = 1<<32 - 1<<16 // of WebAssembly
)

// Memory returns the most bytes that the encoder takes for an image of a size.
func Memory(pixels int64) int64 { return min(baseMemory+pixelMemory*pixels, maxMemory) }

// library is webp.wasm.gz of github.com/gen2brain/webp v0.5.5 (MIT), made of libwebp 1.4.0 (BSD).
// scripts/webp-wasm fetches it and checks its digest.
//
//go:embed libwebp.wasm.gz
var library []byte

// program compiles the library once per process, when the first image is encoded.
var program = sync.OnceValues(compile)

type compiled struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
}

func compile() (compiled, error) {
	// The program outlives the task that needs it first.
	ctx := context.Background()
	r, err := gzip.NewReader(bytes.NewReader(library))
	if err != nil {
		return compiled{}, err
	}
	code, err := io.ReadAll(r)
	if err != nil {
		return compiled{}, err
	}
	runtime := wazero.NewRuntime(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, runtime); err != nil {
		return compiled{}, err
	}
	module, err := runtime.CompileModule(ctx, code)
	return compiled{runtime: runtime, module: module}, err
}

// errRefused reports that libwebp encoded nothing.
var errRefused = errors.New("libwebp refused the image")

// Encode returns an image as a lossy WebP file of a quality from 1 to 100.
func Encode(ctx context.Context, img image.Image, quality int) ([]byte, error) {
	b := img.Bounds()
	if b.Empty() || b.Dx() > MaxSide || b.Dy() > MaxSide {
		return nil, fmt.Errorf("%dx%d pixels fit into no WebP file", b.Dx(), b.Dy())
	}
	p, err := program()
	if err != nil {
		return nil, fmt.Errorf("compile libwebp: %w", err)
	}
	most := Memory(int64(b.Dx()) * int64(b.Dy()))
	bounded := experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(func(_, _ uint64) experimental.LinearMemory {
		return make(sandbox, most)
	}))
	// No name, because names are unique among the instances.
	instance, err := p.runtime.InstantiateModule(bounded, p.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, fmt.Errorf("start libwebp: %w", err)
	}
	defer func() { _ = instance.Close(context.WithoutCancel(ctx)) }()
	return encoder{ctx: ctx, instance: instance}.encode(img, quality)
}

// sandbox is the memory of an instance. It grows in place, so no copy exists beside it. The system
// provides its pages when they are written.
type sandbox []byte

// Reallocate returns the first bytes of the sandbox, or nil beyond its bound.
func (s sandbox) Reallocate(size uint64) []byte {
	if size > uint64(len(s)) {
		return nil
	}
	return s[:size]
}

// Free leaves the memory to the garbage collector.
func (sandbox) Free() {}

// encoder is one instance of libwebp, for one image.
type encoder struct {
	ctx      context.Context //nolint:containedctx // lives as long as one call of Encode
	instance api.Module
}

func (e encoder) encode(img image.Image, quality int) ([]byte, error) {
	size := img.Bounds().Size()
	pixels, err := e.alloc(4 * size.X * size.Y)
	if err != nil {
		return nil, err
	}
	if !e.write(pixels, img) {
		return nil, errRefused
	}
	length, err := e.alloc(8)
	if err != nil {
		return nil, err
	}
	memory := e.instance.Memory()
	if !memory.WriteUint64Le(length, 0) {
		return nil, errRefused
	}
	const rgba, lossy, anyHidden = 0, 0, 0
	at, err := e.call("encode", uint64(pixels), uint64(size.X), uint64(size.Y), uint64(length), rgba, uint64(quality), method, lossy, anyHidden)
	if err != nil {
		return nil, err
	}
	n, ok := memory.ReadUint32Le(length)
	if !ok || n == 0 || at == 0 {
		return nil, errRefused
	}
	body, ok := memory.Read(at, n)
	if !ok {
		return nil, errRefused
	}
	return bytes.Clone(body), nil
}

// write puts the pixels into the sandbox, row by row, as red, green, blue and alpha that are not
// multiplied.
func (e encoder) write(at uint32, img image.Image) bool {
	b := img.Bounds()
	row := image.NewNRGBA(image.Rect(0, 0, b.Dx(), 1))
	for y := range b.Dy() {
		draw.Draw(row, row.Rect, img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
		if !e.instance.Memory().Write(at+uint32(y*len(row.Pix)), row.Pix) {
			return false
		}
	}
	return true
}

func (e encoder) alloc(n int) (uint32, error) {
	at, err := e.call("malloc", uint64(n))
	if err == nil && at == 0 {
		err = errRefused
	}
	return at, err
}

func (e encoder) call(name string, args ...uint64) (uint32, error) {
	results, err := e.instance.ExportedFunction(name).Call(e.ctx, args...)
	switch {
	case e.ctx.Err() != nil:
		return 0, e.ctx.Err()
	case err != nil:
		return 0, fmt.Errorf("libwebp: %w", err)
	}
	return api.DecodeU32(results[0]), nil
}
