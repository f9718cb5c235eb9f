package chromefetch

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Names lists the browsers to search, best first. The headless shell renders for a third of the CPU
// time of the full browser and contacts no host of its own.
var Names = []string{"chromium-headless-shell", "chrome-headless-shell", "headless_shell", "headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the path of the named browser, or of the first of [Names].
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
		return "", fmt.Errorf("%w: no program %s exists", ErrBrowser, path)
	}
	return "", fmt.Errorf("%w: none found: apt-get install chromium-headless-shell (or chromium)", ErrBrowser)
}

// flags returns the flags of every browser. deny is the address of a proxy that refuses every
// request, used for the browser itself. Pages have their job's.
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

		// A window's first request would go out before it could be told whose it is. With this flag
		// the headless shell opens no window. The full browser ignores the flag, but it opens
		// windows only after a click, and Seine never clicks.
		"--block-new-web-contents",

		// Automation stays visible unless a job presents itself as a desktop. Shared workers are
		// off, because they belong to no single page and their requests lack the page's settings.
		"--disable-blink-features=AutomationControlled,SharedWorker",

		// Pages that rules of speculation name are fetched by the browser past all interception.
		// With a debugger attached, the only effective switch is the limit of concurrent
		// prefetches.
		"--enable-features=PrefetchSchedulerTesting:kPrefetchSchedulerTestingActiveSetSizeLimitForBase/0/kPrefetchSchedulerTestingActiveSetSizeLimitForBurst/0",

		// Frames of other sites stay in their page's process, so that its blocks apply to them and
		// a page costs one process.
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

// sandboxed reports whether a browser can have its sandbox, which root cannot.
func sandboxed(off bool) bool { return !off && os.Geteuid() != 0 }
