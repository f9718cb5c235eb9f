package weburl_test

import (
	"fmt"

	"github.com/seinehq/seine/internal/weburl"
)

func ExampleCanonical() {
	for _, raw := range []string{
		"HTTP://Shop.Example:80/a/../%7Ecards?b=2&a=%2f#top",
		"https://bücher.example",
		"http://a.example/a%2Fb",
		"mailto:data@example.org",
	} {
		c, err := weburl.Canonical(raw)
		fmt.Println(c, err)
	}
	// Output:
	// http://shop.example/~cards?b=2&a=%2F <nil>
	// https://xn--bcher-kva.example/ <nil>
	// http://a.example/a%2Fb <nil>
	//  no http or https URL
}

func ExampleExpand() {
	url, err := weburl.Expand("https://a.example/cert/{id}/psa", "../7?x")
	fmt.Println(url, err)
	// Output:
	// https://a.example/cert/..%2F7%3Fx/psa <nil>
}
