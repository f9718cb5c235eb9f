package tracing

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// samplers lists the library's samplers.
var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

// Secrets returns the values that no output may hold: the values of headers, and the token after a
// kind (Bearer TOKEN).
func Secrets(getenv func(string) string) (secrets []string) {
	for _, kind := range []string{"", "TRACES_"} {
		for pair := range strings.SplitSeq(getenv("OTEL_EXPORTER_OTLP_"+kind+"HEADERS"), ",") {
			_, value, _ := strings.Cut(pair, "=")
			plain, err := url.PathUnescape(value)
			if err != nil {
				plain = value
			}
			secrets = append(secrets, strings.TrimSpace(value), strings.TrimSpace(plain))
			if words := strings.Fields(plain); len(words) > 1 {
				secrets = append(secrets, words[len(words)-1])
			}
		}
	}
	return secrets
}

// check rejects settings that the library would skip with a log line of its own, which may hold a
// token. It never repeats a header's value.
func check(getenv func(string) string) error {
	for _, kind := range []string{"", "TRACES_"} {
		name := "OTEL_EXPORTER_OTLP_" + kind + "ENDPOINT"
		if at := strings.TrimSpace(getenv(name)); at != "" {
			if u, err := url.Parse(at); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				return fmt.Errorf("%w: %s is not the URL of a collector: http://HOST:4318", ErrSettings, name)
			}
		}
		name = "OTEL_EXPORTER_OTLP_" + kind + "HEADERS"
		if text := getenv(name); text != "" {
			for i, pair := range strings.Split(text, ",") {
				key, value, ok := strings.Cut(pair, "=")
				if _, err := url.PathUnescape(value); !ok || strings.TrimSpace(key) == "" || err != nil {
					return fmt.Errorf("%w: %s: entry %d is not NAME=VALUE, the value percent-encoded", ErrSettings, name, i+1)
				}
			}
		}
		name = "OTEL_EXPORTER_OTLP_" + kind + "TIMEOUT"
		if text := strings.TrimSpace(getenv(name)); text != "" {
			if ms, err := strconv.Atoi(text); err != nil || ms < 0 {
				return fmt.Errorf("%w: %s=%s: give milliseconds", ErrSettings, name, text)
			}
		}
		for _, file := range []string{"CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"} {
			name = "OTEL_EXPORTER_OTLP_" + kind + file
			if path := getenv(name); path != "" {
				if _, err := os.Stat(path); err != nil {
					return fmt.Errorf("%w: %s: %w", ErrSettings, name, err)
				}
			}
		}
	}
	sampler, arg := strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER"))), strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER_ARG"))
	if sampler != "" && !slices.Contains(samplers, sampler) {
		return fmt.Errorf("%w: OTEL_TRACES_SAMPLER=%s: give one of %s", ErrSettings, sampler, strings.Join(samplers, ", "))
	}
	if strings.HasSuffix(sampler, "traceidratio") && arg != "" {
		if share, err := strconv.ParseFloat(arg, 64); err != nil || share < 0 || share > 1 {
			return fmt.Errorf("%w: OTEL_TRACES_SAMPLER_ARG=%s: give a share from 0 to 1", ErrSettings, arg)
		}
	}
	for _, pair := range strings.Split(getenv("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if key, _, ok := strings.Cut(pair, "="); strings.TrimSpace(pair) != "" && (!ok || strings.TrimSpace(key) == "") {
			return fmt.Errorf("%w: OTEL_RESOURCE_ATTRIBUTES holds an entry other than NAME=VALUE", ErrSettings)
		}
	}
	return nil
}
