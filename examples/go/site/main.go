// Command site serves the stations that the example scrapes, at http://127.0.0.1:8730.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/seinehq/seine/internal/stationsite"
)

func main() {
	server := &http.Server{Addr: "127.0.0.1:8730", Handler: stationsite.New(1), ReadHeaderTimeout: 10 * time.Second}
	fmt.Println("http://" + server.Addr + "  STATIONS_KEY=" + stationsite.Key)
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
