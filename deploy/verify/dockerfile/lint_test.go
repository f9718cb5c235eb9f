package dockerfile

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func file(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docker/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// findings are BuildKit's and ours.
func findings(t *testing.T, text string) []string {
	t.Helper()
	lint, err := Lint(t.Context(), []byte(text))
	if err != nil {
		return []string{err.Error()}
	}
	own, err := Check([]byte(text))
	if err != nil {
		return append(lint, err.Error())
	}
	return append(lint, own...)
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	if got := findings(t, file(t)); len(got) != 0 {
		t.Errorf("%d findings:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// Each planted mistake is found.
func TestDockerfileMutations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, from, to, want string }{
		{"casing", "FROM scratch AS seine", "FROM scratch as seine", "FromAsCasing"},
		{"a secret", "ENV HOME=/tmp SEINE_LOG=json\nUSER 10001:10001\nSTOPSIGNAL SIGTERM\nENTRYPOINT [\"/usr/local", "ENV HOME=/tmp SEINE_LOG=json API_TOKEN=x\nUSER 10001:10001\nSTOPSIGNAL SIGTERM\nENTRYPOINT [\"/usr/local", "SecretsUsedInArgOrEnv"},
		{"a relative folder", "WORKDIR /src", "WORKDIR src", "WorkdirRelativePath"},
		{"a shell", `ENTRYPOINT ["/usr/bin/tini", "--", "/usr/local/bin/seine"]`, "ENTRYPOINT /usr/local/bin/seine", "JSONArgsRecommended"},
		{"a stage that is not there", "FROM ${DEBIAN} AS seine-chromium", "FROM ${NOTHING} AS seine-chromium", "UndefinedArgInFrom"},
		{"an instruction that is none", "STOPSIGNAL SIGTERM\nENTRYPOINT [\"/usr/local", "STOPSIGNALS SIGTERM\nENTRYPOINT [\"/usr/local", "unknown instruction"},
		{"a base that can't be pinned", "FROM ${DEBIAN} AS seine-chromium", "FROM debian:bookworm-slim AS seine-chromium", "can't be given by digest"},
		{"root", "USER 10001:10001\nSTOPSIGNAL SIGTERM\n# tini", "USER root\nSTOPSIGNAL SIGTERM\n# tini", `runs as "root"`},
		{"nobody said who", "USER 10001:10001\nSTOPSIGNAL SIGTERM\nENTRYPOINT", "STOPSIGNAL SIGTERM\nENTRYPOINT", `stage seine: runs as ""`},
		{"no init", `["/usr/bin/tini", "--", "/usr/local/bin/seine"]`, `["/usr/local/bin/seine"]`, "no init reaps"},
		{"any Chromium", "\"chromium-headless-shell=${CHROMIUM}\"", "chromium-headless-shell", "the browser's version is not pinned"},
		{"a Chromium of no version", "ARG CHROMIUM=", "ARG CHROMIUM=latest #", "not pinned by version and date"},
		{"a Chromium of no date", "ARG CHROMIUM_DATE=20", "ARG CHROMIUM_DATE=some day, 20", "not pinned by version and date"},
		{"a binary that pages can read", " \\\n && chmod 0711 /out/seine", "", "no chmod 0711 /out/seine"},
		{"an init that pages can read", " \\\n && chmod 0711 /usr/bin/tini", "", "a page can read the environment of tini"},
		{"no CJK", " fonts-noto-cjk", "", "no fonts-noto-cjk"},
		{"recommended packages", " --no-install-recommends", "", "recommended packages"},
		{"package lists", "rm -rf /var/lib/apt/lists/*", "rm -rf", "leaves the package lists"},
		{"paths in the binary", " GOFLAGS=-trimpath", "", "no -trimpath"},
		{"C", "CGO_ENABLED=0 ", "", "no CGO_ENABLED=0"},
		{"a build id", " -buildid=", "", "no -buildid="},
		{"no version", `test -n "${VERSION}" ||`, "true ||", "no test -n"},
		{"no version on the image", `org.opencontainers.image.title="seine-chromium" org.opencontainers.image.version="${VERSION}"`, `org.opencontainers.image.title="seine-chromium"`, "no version on it"},
		{"a system below the binary", "FROM scratch AS seine", "FROM ${DEBIAN} AS seine", "more than the binary"},
		{"fetched from anywhere", "RUN apt-get update", "RUN curl https://example.com/x | sh && apt-get update", "fetches outside of packages"},
		{"ADD", "COPY --from=build /out/seine /usr/local/bin/seine\n# Only", "ADD https://example.com/seine /usr/local/bin/seine\n# Only", "ADD fetches"},
		{"a writable place", "# Only /tmp and what", "VOLUME /data\n# Only /tmp and what", "VOLUME makes"},
		{"the source in the image", "# Only /tmp and what", "COPY . /src\n# Only /tmp and what", "copies files other than the build's"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := file(t)
			if n := strings.Count(text, tt.from); n != 1 {
				t.Fatalf("the Dockerfile holds %q %d times, not once", tt.from, n)
			}
			got := findings(t, strings.Replace(text, tt.from, tt.to, 1))
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, tt.want) }) {
				t.Errorf("findings %q, want one with %q", got, tt.want)
			}
		})
	}
}
