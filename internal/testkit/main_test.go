package testkit_test

import (
	"os"
	"testing"

	"github.com/seinehq/seine/internal/frontier/pgfrontier/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
