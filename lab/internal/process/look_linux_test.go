package process

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const rest = " 1 2 2 0 -1 4194560 1 0 0 0 150 50 0 0 20 0 12 0 4711 1000000 3 18446744073709551615"
	cases := map[string]struct {
		stat  string
		state State
	}{
		"runs":                     {"12 (etcd) R" + rest, Running},
		"sleeps":                   {"12 (etcd) S" + rest, Running},
		"is stopped":               {"12 (etcd) T" + rest, Stopped},
		"is a zombie":              {"12 (etcd) Z" + rest, Gone},
		"has a name with brackets": {"12 (a) Z (b) c) S" + rest, Running},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			start, info, err := parseStat([]byte(c.stat))
			want := Info{State: c.state, Memory: 3 * int64(os.Getpagesize()), CPU: 2 * time.Second}
			if err != nil || start != 4711 || info != want {
				t.Errorf("parseStat() = %d, %+v, %v; want 4711, %+v", start, info, err, want)
			}
		})
	}
	for _, bad := range []string{"", "12 etcd S 1 2", "12 (etcd) S 1 2"} {
		if _, _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("parseStat(%q) gave no error", bad)
		}
	}
}
