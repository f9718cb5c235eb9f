package cli

import (
	"context"
	"log"
	"log/slog"
	"strings"
)

// libraryLog takes what packages of the standard library log by themselves,
// net/http above all. Each line becomes an event of our log, which -v shows.
type libraryLog struct{ logger func(slog.Level) *slog.Logger }

// Write logs one line.
func (l libraryLog) Write(line []byte) (int, error) {
	l.logger(slog.LevelWarn).InfoContext(context.Background(), "library", "text", strings.TrimRight(string(line), "\n"))
	return len(line), nil
}

// catchLibraryLog leads the standard logger into ours.
func (c *console) catchLibraryLog() {
	log.SetFlags(0)
	log.SetOutput(libraryLog{c.logger})
}
