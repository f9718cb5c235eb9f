package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// python is Pillow, which is sent one file after the other.
type python struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
	end func() error
}

func startPillow() (*python, error) {
	c := exec.CommandContext(context.Background(), "/usr/bin/python3", "-c", pillow, "serve")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	return &python{cmd: c, in: json.NewEncoder(in), out: json.NewDecoder(out), end: in.Close}, nil
}

type answer struct {
	Seconds float64
	Bytes   int
	Sum     uint32 // of the pixels
}

func (p *python) ask(file string, optimize bool) (a answer, err error) {
	if err := p.in.Encode(map[string]any{"file": file, "optimize": optimize, "box": []int{box.Min.X, box.Min.Y, box.Max.X, box.Max.Y}}); err != nil {
		return a, err
	}
	if err := p.out.Decode(&a); err != nil {
		return a, fmt.Errorf("Pillow stopped: %w", err)
	}
	return a, nil
}

func (p *python) save(optimize bool) func(string) (time.Duration, int, error) {
	return func(file string) (time.Duration, int, error) {
		a, err := p.ask(file, optimize)
		return time.Duration(a.Seconds * float64(time.Second)), a.Bytes, err
	}
}

func (p *python) stop() {
	_ = p.end()
	_ = p.cmd.Wait()
}
