package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seinehq/seine/html"
	"github.com/seinehq/seine/internal/jobfile"
	"github.com/seinehq/seine/internal/propose"
	"github.com/seinehq/seine/internal/terminal"
)

// images writes the project of a list of images. With a URL the list has the images of that page.
func (s *sketch) images(ctx context.Context) error {
	rows, private, err := s.imageRows(ctx)
	if err != nil {
		return err
	}
	job := propose.Modeline + fmt.Sprintf(`# A list of image URLs becomes a data set of images: %[2]surls.csv%[2]s names them.
job: %[1]s
# permission: "who allowed this, and when"
%[3]s
seeds: {file: urls.csv, columns: {url: url}}   # also TSV, JSONL or Parquet, with any name of the column
%[4]space: {delay: 500ms}                            # between two requests to a host
limit: {tasks: 100}                             # for a first run
fields:
  caption: {column: caption}                    # other columns of the list
assets:
  image: {url: url, image: {resize: 256x256, mode: center_crop, to: jpeg}}
`, s.name, "`", contactLine(s.contact), private)
	if _, err := jobfile.Parse("job.yaml", []byte(job), s.lookup); err != nil {
		return err
	}
	if err := s.files(job, "Images of a list", "seine export job.yaml -o shards/", false); err != nil {
		return err
	}
	if err := writeExample(filepath.Join(s.dir, "urls.csv"), rows.Bytes()); err != nil {
		return err
	}
	if n := strings.Count(rows.String(), "\n") - 1; s.at != "" {
		s.print("wrote %s and urls.csv with %s", terminal.Escape(filepath.Join(s.dir, "job.yaml")), counted(n, "image"))
	} else {
		s.print("wrote %s: put the URLs of your images into urls.csv, which is empty", terminal.Escape(filepath.Join(s.dir, "job.yaml")))
	}
	s.next("")
	return nil
}

// imageRows returns the list of the images, and the line of the job file that allows their private
// hosts.
func (s *sketch) imageRows(ctx context.Context) (rows *bytes.Buffer, private string, err error) {
	rows = &bytes.Buffer{}
	out := csv.NewWriter(rows)
	_ = out.Write([]string{"url", "caption"})
	if s.at != "" {
		page, err := s.fetch(ctx, s.at)
		if err != nil {
			return nil, "", err
		}
		if s.chrome != nil {
			defer func() { _ = s.chrome.Close() }()
		}
		doc, err := html.ParseContext(ctx, page)
		if err != nil {
			return nil, "", s.unread(s.at, page, err)
		}
		defer doc.Close()
		list := propose.Images(doc)
		if len(list) == 0 {
			return nil, "", fmt.Errorf("init: %s shows no image: give a page with images, or leave the URL out and fill urls.csv", terminal.Escape(s.at))
		}
		var hosts []string
		own, _, _ := strings.Cut(s.host, ":")
		for _, i := range list {
			_ = out.Write([]string{i.URL, i.Caption})
			// A page must not open the private hosts of its choice, so only its own machine counts.
			if u, err := url.Parse(i.URL); err == nil && u.Hostname() == own && !slices.Contains(hosts, u.Host) {
				hosts = append(hosts, u.Host)
			}
		}
		if s.private && len(hosts) > 0 {
			private = `fetch: {allow_private: ["` + strings.Join(hosts, `", "`) + `"]}` + "\n"
		}
	}
	out.Flush()
	return rows, private, out.Error()
}

func contactLine(contact string) string {
	if contact == "" {
		return "# contact: you@example.org   # sent in the user agent"
	}
	return "contact: " + propose.Text(contact) + "   # sent in the user agent"
}
