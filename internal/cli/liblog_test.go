package cli

import (
	"bytes"
	"encoding/json"
	"log"
	"testing"
)

func TestLibrariesLogAsEvents(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := newApp(Program{}, noEnv, nil, nil, &out)
	a.log = logJSON
	logger := log.New(libraryLog{a.logger}, "", 0)
	logger.Print("Unsolicited response received on idle HTTP channel")
	if out.Len() > 0 {
		t.Errorf("without -v: %q; want nothing", out.String())
	}
	a.verbose = true
	logger.Print("http2: Transport closing \x1b[31m")
	var event map[string]any
	if err := json.Unmarshal(out.Bytes(), &event); err != nil || event["text"] != "http2: Transport closing \x1b[31m" {
		t.Errorf("with -v: %q, %v; want one event", out.String(), err)
	}
}

func noEnv(string) (string, bool) { return "", false }
