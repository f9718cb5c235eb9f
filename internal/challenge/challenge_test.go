package challenge

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func page(title, body string) string {
	return "<!DOCTYPE html>\n<html lang=\"en\"><head><title>" + title + "</title></head>\n<body>" + body + "</body></html>"
}

var challenges = []struct {
	name   string // of the signature
	status int
	header string // NAME: VALUE
	body   string
}{
	{"Cloudflare challenge", 403, "Cf-Mitigated: challenge", ""},
	{"Cloudflare challenge", 503, "", page("Just a moment...", `<script>window._cf_chl_opt={cvId:'3'}</script>`)},
	{"Cloudflare challenge", 200, "", page("Just a moment…", `<script src="https://challenges.cloudflare.com/x"></script>`)},
	{"Cloudflare challenge", 503, "", page("x", "Checking your browser before accessing a.example. DDoS protection by Cloudflare")},
	{"Cloudflare block", 403, "", page("Attention Required! | Cloudflare", "Sorry, you have been blocked")},
	{"Cloudflare block", 403, "", "error code: 1020"},
	{"Cloudflare block", 403, "", page("Access denied | a.example used Cloudflare to restrict access", `<div id="cf-error-details">The owner of this website has banned you</div>`)},
	{"Akamai block", 403, "", "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n \nYou don't have permission to access \"http&#58;&#47;&#47;a&#46;example&#47;\" on this server.<P>\nReference&#32;&#35;18&#46;x\n</BODY>"},
	{"Akamai challenge", 428, "", page("", `<iframe src="/_sec/cp_challenge/x.htm" id="sec-cpt-if"></iframe>`)},
	{"DataDome challenge", 403, "", `<html><script>var dd={'rt':'c','host':'geo.captcha-delivery.com'}</script></html>`},
	{"DataDome challenge", 403, "", `{"url":"https://geo.captcha-delivery.com/captcha/?initialCid=x"}`},
	{"DataDome challenge", 403, "X-DD-B: 2", ""},
	{"HUMAN challenge", 403, "", page("x", `<div id="px-captcha"></div>`)},
	{"HUMAN challenge", 200, "", page("Access to this page has been denied", "Press &amp; Hold")},
	{"HUMAN challenge", 403, "", `{"appId":"PXx","jsClientSrc":"/x","blockScript":"/y"}`},
	{"Imperva block", 403, "", `<html><body><iframe>Request unsuccessful. Incapsula incident ID: 1-2</iframe></body></html>`},
	{"Imperva challenge", 200, "", `<html><head><META NAME="robots" CONTENT="noindex,nofollow"><script src="/_Incapsula_Resource?SWJIYLWA=1"></script></head><body></body></html>`},
	{"Imperva challenge", 200, "", page("Pardon Our Interruption...", "As you were browsing something about your browser made us think you were a bot.")},
	{"AWS WAF challenge", 202, "X-Amzn-Waf-Action: challenge", ""},
	{"AWS WAF challenge", 405, "X-Amzn-Waf-Action: captcha", page("Human Verification", "")},
	{"AWS WAF challenge", 202, "", page("", `<script>window.gokuProps = {"key":"x"};</script>`)},
	{"DDoS-Guard challenge", 403, "", page("DDoS-Guard", "")},
	{"DDoS-Guard challenge", 403, "", page("a.example", `<script src="/.well-known/ddos-guard/check"></script>`)},
	{"Sucuri challenge", 200, "", "<html><title>You are being redirected...</title><script>var s={},sucuri_cloudproxy_js='';</script></html>"},
	{"Sucuri block", 403, "", page("Sucuri WebSite Firewall - Access Denied", "")},
	{"Vercel challenge", 429, "X-Vercel-Mitigated: challenge", ""},
	{"Kasada challenge", 429, "", "<script>window.KPSDK={};</script>"},
	{"Radware challenge", 200, "", page("Radware Captcha Page", "")},
	{"Anubis challenge", 200, "", page("Making sure you&#39;re not a bot!", `<link href="/.within.website/x/cmd/anubis/x.css">`)},
	{"SiteGround challenge", 202, "", `<html><head><meta http-equiv="refresh" content="0;/.well-known/sgcaptcha/?r=x"></head></html>`},
	{"LiteSpeed challenge", 403, "", page("Bot Verification", `<div class="g-recaptcha"></div>`)},
	{"Amazon challenge", 200, "", page("Amazon.com", `<!-- please contact api-services-support@amazon.com. --><form action="/errors/validateCaptcha">`)},
	{"Google block", 429, "", page("https://www.google.com/", "Our systems have detected unusual traffic from your computer network.")},
	{"captcha page", 200, "", page(" Are you\na Robot? ", `<div class="h-captcha"></div>`)},
	{"captcha page", 403, "", page("Security Check", `<script src="https://www.google.com/recaptcha/api.js"></script>`)},
	{"unusual traffic", 403, "", page("Blocked", "We detected unusual traffic.")},
	{"IP ban", 403, "", page("Forbidden", "Your IP address has been blocked.")},
}

// normal are pages that mention or use parts of challenges.
var normal = []struct {
	name   string
	status int
	header string
	body   string
}{
	{"empty", 200, "", ""},
	{"page behind Cloudflare", 200, "Server: cloudflare", page("Shoes", `<script>window.__CF$cv$params={r:'x'};a.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'</script>`)},
	{"error behind Cloudflare", 404, "CF-Ray: x", page("Not found", `<script src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"></script>`)},
	{"reCAPTCHA in a form", 200, "", page("Contact", `<form><div class="g-recaptcha"></div></form><script src="https://www.google.com/recaptcha/api.js"></script>`)},
	{"hCaptcha in a login", 403, "", page("Sign in", `<div class="h-captcha"></div><script src="https://hcaptcha.com/1/api.js"></script>`)},
	{"Turnstile in a form", 200, "", page("Newsletter", `<div class="cf-turnstile"></div><script src="https://challenges.cloudflare.com/turnstile/v0/api.js"></script>`)},
	{"article about challenges", 200, "", page("How Cloudflare's Just a moment... works", "The page sets window._cf_chl_opt, DataDome loads geo.captcha-delivery.com, and px-captcha is HUMAN's. "+
		"Our systems have detected unusual traffic from your computer network. Checking your browser before accessing cloudflare. Your IP has been banned.")},
	{"song of that title", 200, "", page("Just a moment...", "<p>A song</p>")},
	{"page about captchas", 200, "", page("Captcha", "<p>A captcha is a test.</p>")},
	{"article with that title", 200, "", page("Are you a robot?", "<p>A play in three acts</p>")},
	{"DataDome's script", 200, "", page("Shoes", `<script src="https://js.datadome.co/tags.js"></script>`)},
	{"DataDome's cookie", 200, "Set-Cookie: datadome=x", page("Shoes", "")},
	{"HUMAN's script", 200, "", page("Shoes", `<script>window._pxAppId='PXx'</script><style>#px-captcha{}</style>`)},
	{"Imperva's script", 200, "X-Iinfo: 1", page("Shoes", "<h1>Shoes</h1><p>Red</p>"+`<script src="/_Incapsula_Resource?x"></script>`)},
	{"AWS WAF allows", 200, "X-Amzn-Waf-Action: allow", page("Shoes", "")},
	{"AWS WAF's script", 200, "", page("Shoes", `<script src="https://x.token.awswaf.com/x/challenge.js"></script>`)},
	{"plain 403", 403, "", page("403 Forbidden", "<center><h1>403 Forbidden</h1></center><hr><center>nginx</center>")},
	{"403 of an origin", 403, "", page("Access Denied", "Log in to see this page.")},
	{"plain 429", 429, "Retry-After: 5", page("Too Many Requests", "Slow down")},
	{"503 for maintenance", 503, "", page("Maintenance", "Back in a moment")},
	{"JSON", 200, "", `{"title":"just a moment...","captcha":false}`},
	{"long page about a script", 200, "", page("Sucuri's script", "sucuri_cloudproxy_js"+strings.Repeat(" text", 4000))},
	{"long page of a forum that denies a topic", 403, "", page("Forum", "Why do I read: your IP has been banned"+strings.Repeat(" text", 8000))},
	{"marks beyond 64 KiB", 403, "", page("Shoes", strings.Repeat(" ", maxBody)+"_cf_chl_opt")},
}

func response(status int, header, body string) Page {
	h := http.Header{}
	if name, value, ok := strings.Cut(header, ": "); ok {
		h.Set(name, value)
	}
	return Page{Status: status, Header: h, Body: []byte(body)}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range challenges {
		if got, ok := Of(response(tt.status, tt.header, tt.body)); got != tt.name || !ok {
			t.Errorf("%d %s %.200s\n is %q, %v; want %q", tt.status, tt.header, tt.body, got, ok, tt.name)
		}
	}
	for _, tt := range normal {
		if got, ok := Of(response(tt.status, tt.header, tt.body)); ok {
			t.Errorf("%s is %q", tt.name, got)
		}
	}
}

// Every signature names its source, states a condition that parts it from normal pages, and is
// written in lower case.
func TestSignatures(t *testing.T) {
	t.Parallel()
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	var all []signature
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, c := range challenges {
		tested[c.name] = true
	}
	for i, s := range all {
		texts := append(append(append(append([]string{}, s.Title...), s.All...), s.Any...), s.Lacks...)
		for name, text := range s.Header {
			texts = append(texts, name, text)
		}
		for _, text := range texts {
			if text != strings.ToLower(text) {
				t.Errorf("signature %d: %q is not in lower case", i, text)
			}
		}
		if s.Name == "" || s.Source == "" || !tested[s.Name] {
			t.Errorf("signature %d (%s): no name, source or test", i, s.Name)
		}
		if len(s.Status)+len(s.Header)+len(s.Title)+s.Under == 0 && len(s.All)*len(s.Any) == 0 {
			t.Errorf("signature %d (%s) asks for a text alone, which an article may hold", i, s.Name)
		}
	}
}

// FuzzOf checks that a page matches in any case, and that text after 64 KiB does not count.
func FuzzOf(f *testing.F) {
	for _, c := range challenges {
		f.Add(c.status, c.header, c.body)
	}
	for _, c := range normal[:10] {
		f.Add(c.status, c.header, c.body)
	}
	f.Fuzz(func(t *testing.T, status int, header, body string) {
		p := response(status, header, body)
		name, ok := Of(p)
		if ok != (name != "") {
			t.Errorf("%q, %v", name, ok)
		}
		if len(body) <= maxBody {
			return
		}
		p.Body = append(p.Body[:maxBody:maxBody], bytes.Repeat([]byte("x"), len(body)-maxBody)...)
		if again, _ := Of(p); again != name {
			t.Errorf("%q with other text behind 64 KiB: %q", name, again)
		}
	})
}
