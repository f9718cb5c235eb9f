package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/PuerkitoBio/goquery"
	"github.com/gocolly/colly/v2"
)

// peers are the crawlers in Go. Each writes the URLs and titles to pages.jsonl and keeps its queue
// in memory.
var peers = map[string]func(start string) error{"colly": crawlWithColly, "bare": crawlBare}

type page struct {
	URL   string `json:"url"`
	Title string `json:"title"`
}

func crawlWithColly(start string) error {
	at, err := url.Parse(start)
	if err != nil {
		return err
	}
	file, err := os.Create("pages.jsonl")
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	out := json.NewEncoder(buffered)
	var mu sync.Mutex
	c := colly.NewCollector(colly.Async(true), colly.AllowedDomains(at.Hostname()), colly.MaxBodySize(0))
	if err := c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: connections}); err != nil {
		return err
	}
	c.WithTransport(transport())
	c.OnHTML("html", func(e *colly.HTMLElement) {
		mu.Lock()
		_ = out.Encode(page{e.Request.URL.String(), e.DOM.Find("title").First().Text()})
		mu.Unlock()
	})
	c.OnHTML("a[href], area[href]", func(e *colly.HTMLElement) {
		// Colly takes two fragments of a page for two pages.
		link, _, _ := strings.Cut(e.Attr("href"), "#")
		_ = e.Request.Visit(link)
	})
	if err := c.Visit(start); err != nil {
		return err
	}
	c.Wait()
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Close()
}

func transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections}
}

// crawlBare is the shortest program for this task: a map, a queue and 16 goroutines.
func crawlBare(start string) error {
	file, err := os.Create("pages.jsonl")
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	out := json.NewEncoder(buffered)
	first, err := url.Parse(start)
	if err != nil {
		return err
	}
	var (
		client = &http.Client{Transport: transport()}
		mu     sync.Mutex
		work   sync.WaitGroup
		ready  = sync.NewCond(&mu)
		queue  = []string{start}
		seen   = map[string]bool{start: true}
		busy   int
	)
	for range connections {
		work.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for {
				for len(queue) == 0 && busy > 0 {
					ready.Wait()
				}
				if len(queue) == 0 {
					ready.Broadcast()
					return
				}
				at := queue[0]
				queue = queue[1:]
				busy++
				mu.Unlock()
				found, links := visit(client, at)
				mu.Lock()
				busy--
				if found != nil {
					_ = out.Encode(found)
				}
				for _, l := range links {
					if l.Host == first.Host && !seen[l.String()] {
						seen[l.String()] = true
						queue = append(queue, l.String())
					}
				}
				ready.Broadcast()
			}
		})
	}
	work.Wait()
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Close()
}

func visit(client *http.Client, at string) (*page, []*url.URL) {
	resp, err := client.Get(at)
	if err != nil {
		return nil, nil
	}
	defer func() {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return nil, nil
	}
	doc, err := goquery.NewDocumentFromReader(resp.Body)
	if err != nil {
		return nil, nil
	}
	var links []*url.URL
	doc.Find("a[href], area[href]").Each(func(_ int, s *goquery.Selection) {
		if u, err := resp.Request.URL.Parse(s.AttrOr("href", "")); err == nil {
			u.Fragment = ""
			links = append(links, u)
		}
	})
	return &page{at, doc.Find("title").First().Text()}, links
}
