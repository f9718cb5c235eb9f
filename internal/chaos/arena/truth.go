package arena

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"github.com/seinehq/seine"
	"github.com/seinehq/seine/internal/asset"
	"github.com/seinehq/seine/internal/cardsite"
	"github.com/seinehq/seine/internal/chaos"
)

// jobText is the original's job in small, with a pace. Each page links to a page of another host.
const jobText = `job: chaos
permission: "ours: bundled with Seine"
contact: data@example.org
seeds:
  ids: {from: %d, to: %d}
  url: %s/cert/{id}/psa
scope: {hosts: ["%s"]}
fetch:
  via: http
  allow_private: [127.0.0.0/8]
  user_agent: "${HOSTNAME:-nobody}"
  timeout: 10s
pace:
  delay: %s
  concurrency: %d
  assets: {delay: %s, concurrency: 4}
pages:
  card:
    fields:
      cert:   {css: p.text-subtitle1, match: '#(\d+)'}
      visit:  {css: "#visit"}
      text:   {text: body, keep: false}
      title:  {css: h1}
      link:   {css: a.linked, keep: false}
      images: {css: "img[itemprop=contentUrl]", attr: src, all: true}
      grade:  {first: [{text: main, match: '\bPSA\s*(10|[1-9])\b'}, {text: main, match: '(?i)\b(?:PR|GOOD|VG|VG-EX|EX|EX-MT|NM|NM-MT|MINT|GEM\s*MT)\s*(10|[1-9])\b'}], or: unknown}
    verdict:
      - {skip: "status == 404", why: no such id}
      - {error: "status >= 429", why: trouble}
      - {stale: "cert != id", why: page did not load}
      - {skip: "!(lower(text) contains 'pokemon')", why: not pokemon}
      - {skip: "lower(text) matches 'japanese|asia|chinese'", why: not english}
      - {skip: "len(images) < 2", why: images missing}
    assets:
      front: {url: "images[0]", upgrade: {from: /small/, to: /large/}, image: {crop: {of: 1024x1768, box: [110, 467, 920, 1625]}, to: png}}
      back:  {url: "images[1]", upgrade: {from: /small/, to: /large/}, image: {crop: {of: 1024x1768, box: [110, 467, 915, 1622]}, to: png}}
    follow: [{css: a.linked, to: linked, meta: {want: link}}]
  linked:
    fields:
      cert:  {css: p.text-subtitle1, match: '#(\d+)'}
      visit: {css: "#visit"}
      want:  {column: want, keep: false}
    verdict:
      - {error: "status >= 429", why: trouble}
      - {stale: "cert != want", why: page did not load}
store:
  key: png/{grade}/{id}_{asset}.png
explore: {strategy: "off"}
retry: {error: %d, stale: %d, backoff: 50ms}
max_failures: 1000000
`

// siteFetcher gives the site's pictures without asking it.
type siteFetcher struct {
	site *cardsite.Site
	of   cardsite.Truth
}

// Fetch answers /large/front.jpg and the like.
func (f siteFetcher) Fetch(_ context.Context, req seine.Request) (*seine.Page, error) {
	_, rest, _ := strings.Cut(req.URL, "://site/")
	size, side, _ := strings.Cut(strings.TrimSuffix(rest, ".jpg"), "/")
	body, ok := f.site.Image(f.of.ID, side, size)
	if !ok {
		return &seine.Page{URL: req.URL, Status: http.StatusNotFound}, nil
	}
	return &seine.Page{URL: req.URL, Status: http.StatusOK, Header: http.Header{"Content-Type": {"image/jpeg"}}, Body: body}, nil
}

// truths returns the truth of each ID, with the bytes of its pictures when rendered without faults.
func truths(ctx context.Context, site *cardsite.Site) ([]chaos.Truth, error) {
	keeper := asset.New(nil, asset.Options{})
	var out []chaos.Truth
	for _, t := range site.Truths() {
		x := chaos.Truth{Key: fmt.Sprint(t.ID), State: t.State, Reason: t.Reason}
		if t.State == seine.Done {
			x.Fields = map[string]string{"cert": x.Key, "grade": t.Grade, "title": "1999 POKEMON GAME " + t.Name}
			for _, side := range []string{"front", "back"} {
				b := cardsite.Boxes[side]
				stored, err := keeper.Preview(ctx, siteFetcher{site, t}, nil, seine.Asset{
					Name: side, URL: "http://site/small/" + side + ".jpg", Upgrade: &seine.Upgrade{From: "/small/", To: "/large/"},
					Path: fmt.Sprintf("png/%s/%d_%s.png", t.Grade, t.ID, side),
					Image: &seine.Image{To: seine.PNG, Crop: &seine.Crop{
						OfWidth: cardsite.Width, OfHeight: cardsite.Height, Left: b.Min.X, Top: b.Min.Y, Right: b.Max.X, Bottom: b.Max.Y,
					}},
				})
				if err != nil {
					return nil, fmt.Errorf("picture %d %s: %w", t.ID, side, err)
				}
				for _, s := range stored {
					x.Assets = append(x.Assets, chaos.File{Name: s.Name, Path: s.Path, Bytes: s.Bytes, SHA256: hex.EncodeToString(s.SHA256)})
				}
			}
		}
		out = append(out, x)
		if site.Links(t) {
			out = append(out, linkedTruth(site, t, x.Key))
		}
	}
	return out, nil
}

// linkedTruth is the truth of the linked page of an ID.
func linkedTruth(site *cardsite.Site, t cardsite.Truth, parent string) chaos.Truth {
	x := chaos.Truth{Key: linkedKey + parent, Parent: parent, State: seine.Done, Fields: map[string]string{"cert": parent}}
	if site.Forbids(t.ID) {
		x.State, x.Reason, x.Fields, x.Forbidden = seine.Skipped, "disallowed by robots.txt", nil, true
	}
	return x
}

// workerOf returns the worker that a user agent begins with.
func workerOf(userAgent string) string {
	worker, _, _ := strings.Cut(userAgent, " ")
	return worker
}

// visits is the site's journal as the checker reads it.
func visits(journal []cardsite.Entry) []chaos.Visit {
	var out []chaos.Visit
	for _, e := range journal {
		parts := strings.Split(e.Path, "/") // /cert/ID/…
		v := chaos.Visit{
			N: e.Visit, At: e.At, Host: e.Host, Path: e.Path, Worker: workerOf(e.UserAgent), Robots: e.Path == "/robots.txt",
			Trouble: string(e.Trouble), RetryAfter: e.RetryAfter,
		}
		if len(parts) > 2 {
			v.Key = parts[2]
		}
		if v.Page = e.Host != "images" && !v.Robots; e.Host == "linked" && v.Page {
			v.Key = linkedKey + v.Key
		}
		out = append(out, v)
	}
	return out
}
