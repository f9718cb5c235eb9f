//go:build !linux

package chromefetch

import "os/exec"

func confines() (Confinement, error) { return Confinement{why: "only Linux can"}, nil }

func (c Confinement) start(cmd *exec.Cmd, _ bounds) error { return cmd.Start() }
