package main

import (
	"testing"
	"time"
)

func TestSizesAreRead(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "512MiB": 512 << 20, "512 mib": 512 << 20, "2GiB": 2 << 30, "64k": 64 << 10, "1GB": 1e9,
		"": -1, "-1": -1, "MiB": -1, "1TiB": -1, "1.5GiB": -1, "99999999999GiB": -1,
	} {
		got, err := parseSize(text)
		if (want < 0) != (err != nil) || err == nil && got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
}

func TestTheTimeLimitOfATypeWinsOverThatOfAll(t *testing.T) {
	limits, err := parseTimeouts([]string{"*=90s", "My::Org::Thing=5m", "My::Org::Quick=2s/1s"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]timeout{
		"My::Org::Thing": {5 * time.Minute, 150 * time.Second}, "My::Org::Quick": {2 * time.Second, time.Second},
		"AWS::S3::Bucket": {90 * time.Second, 45 * time.Second},
	} {
		if got := (timeout{limits.change(name), limits.read(name)}); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	if limits, err = parseTimeouts([]string{"My::Org::Thing=10s"}); err != nil || limits.read("My::Org::Thing") != 30*time.Second {
		t.Errorf("%v, %v: a read keeps 30s", limits, err)
	}
	if got := limits.change("Other::Org::Thing"); got != 0 {
		t.Errorf("a type without a limit has %v, want the default", got)
	}
}
