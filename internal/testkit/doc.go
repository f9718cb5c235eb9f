// Package testkit holds the helpers that tests of several packages share: an empty frontier per
// driver, a site that records its requests, an HTTP GET, and a terminal. Test files alone import
// it. A helper fails its test if a step fails, and it releases its resources when the test ends.
package testkit
