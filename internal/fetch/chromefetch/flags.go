package chromefetch

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Names lists the browsers that are looked for, best first: the headless shell
// renders for a third of the CPU time of the full browser, and asks no host of
// its own.
var Names = []string{"chromium-headless-shell", "chrome-headless-shell", "headless_shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the path of a browser: of the one named, or of the first of
// [Names].
func Find(path string) (string, error) {
	names := Names
	if path != "" {
		names = []string{path}
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	if path != "" {
		return "", fmt.Errorf("%w: there is no program %s", ErrBrowser, path)
	}
	return "", fmt.Errorf("%w: none found: apt-get install chromium-headless-shell (or chromium)", ErrBrowser)
}

// flags are those of every browser. deny is the address of a proxy that refuses
// everything: what the browser wants for itself. Pages have their job's.
func flags(deny string, sandbox bool) []string {
	out := []string{
		"--headless",
		"--proxy-server=" + deny,
		"--proxy-bypass-list=<-loopback>",
		// It resolves no name by itself, whatever it forgets to ask the proxy for.
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
		"--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
		"--webrtc-ip-handling-policy=disable_non_proxied_udp",
		"--disable-quic",
		"--dns-prefetch-disable",

		"--no-first-run",
		"--no-default-browser-check",
		"--no-pings",
		"--disable-background-networking",
		"--disable-breakpad",
		"--disable-crash-reporter",
		"--disable-client-side-phishing-detection",
		"--disable-component-update",
		"--disable-component-extensions-with-background-pages",
		"--disable-default-apps",
		"--disable-domain-reliability",
		"--disable-extensions",
		"--disable-field-trial-config",
		"--disable-sync",
		"--disable-search-engine-choice-screen",
		"--metrics-recording-only",
		"--safebrowsing-disable-auto-update",
		"--password-store=basic",
		"--use-mock-keychain",

		// A page in the background is a page.
		"--disable-background-timer-throttling",
		"--disable-backgrounding-occluded-windows",
		"--disable-renderer-backgrounding",
		"--disable-hang-monitor",
		"--disable-prompt-on-repost",
		"--disable-ipc-flooding-protection",

		// A window's first request would go out before it could be told whose it
		// is. The headless shell opens none with this flag; the full browser, which
		// does not know it, opens none that no click asked for, and we never click.
		"--block-new-web-contents",

		// Automation: jobs that do not show themselves as a desktop turn it on for
		// their pages. Shared workers: they are not one page's, and their requests
		// carry nothing of what the page's carry.
		"--disable-blink-features=AutomationControlled,SharedWorker",

		// Pages that rules of speculation name are fetched by the browser past all
		// interception. The one switch that holds with a debugger attached is the
		// number of them that may be under way.
		"--enable-features=PrefetchSchedulerTesting:kPrefetchSchedulerTestingActiveSetSizeLimitForBase/0/kPrefetchSchedulerTestingActiveSetSizeLimitForBurst/0",

		// Frames of other sites stay in their page's process: what is blocked
		// there is blocked in them, and a page costs one process.
		"--disable-site-isolation-trials",
		"--disable-features=" + strings.Join([]string{
			"AcceptCHFrame", "AutofillServerCommunication", "BackForwardCache", "CertificateTransparencyComponentUpdater", "DestroyProfileOnBrowserClose",
			"DialMediaRouteProvider", "GlobalMediaControls", "HttpsUpgrades", "InterestFeedContentSuggestions", "IsolateOrigins", "LensOverlay",
			"MediaRouter", "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "Prerender2", "ProcessPerSiteUpToMainFrameThreshold",
			"SpareRendererForSitePerProcess", "site-per-process", "Translate"}, ","),

		"--disable-gpu",
		"--force-color-profile=srgb",
		"--hide-scrollbars",
		"--mute-audio",
		fmt.Sprintf("--window-size=%d,%d", defaultWidth, defaultHeight),
	}
	if !sandbox {
		out = append(out, "--no-sandbox")
	}
	if !roomy("/dev/shm") {
		out = append(out, "--disable-dev-shm-usage")
	}
	return out
}

// sandboxed reports whether a browser can have its sandbox: not as root.
func sandboxed(off bool) bool { return !off && os.Geteuid() != 0 }
