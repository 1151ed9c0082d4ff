package monitoring

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/fedsync/fedsync/lab"
	"github.com/fedsync/fedsync/lab/daemon"
	"github.com/fedsync/fedsync/lab/federation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// secret is a text that nobody may see.
type secret struct{ what, text string }

// hide makes a value for a Secret, which is base64 of something that nobody may see, and neither may its base64.
func (s *story) hide(what string) string {
	plain := "sesame " + what
	encoded := base64.StdEncoding.EncodeToString([]byte(plain))
	s.hidden = append(s.hidden, secret{what, plain}, secret{what + ", in base64", encoded})
	return encoded
}

// hideText notes that a text may not be seen, and returns it.
func (s *story) hideText(text string) string {
	s.hidden = append(s.hidden, secret{"a text of " + fmt.Sprint(len(text)) + " letters", text})
	return text
}

// hideTokens notes the tokens by which fedsync talks to members.
func (s *story) hideTokens(t *testing.T) {
	t.Helper()
	for _, member := range memberNames() {
		s.hideText(s.token(t, member))
	}
}

// token is the one by which fedsync talks to a member.
func (s *story) token(t *testing.T, member string) string {
	t.Helper()
	o := s.host.get(t, named{federation.Namespace, "Secret", member + "-token"})
	encoded, _, _ := unstructured.NestedString(o.Object, "data", "token")
	token, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(token) == 0 {
		t.Fatalf("%s: token of %d bytes, %v", member, len(token), err)
	}
	return string(token)
}

// found names the secrets that stand in a text.
func (s *story) found(in []byte) []string {
	var found []string
	for _, one := range s.hidden {
		if i := bytes.Index(in, []byte(one.text)); i >= 0 {
			found = append(found, fmt.Sprintf("%s, as in %q", one.what, in[max(0, i-300):min(len(in), i+len(one.text)+20)]))
		}
	}
	return found
}

// readPage looks for secrets on the page of metrics.
func (s *story) readPage(t *testing.T, d *daemon.Process) {
	t.Helper()
	if found := s.found(page(t, d)); len(found) > 0 {
		t.Errorf("/metrics shows %s", strings.Join(found, "\n"))
	}
}

func page(t *testing.T, d *daemon.Process) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.MetricsURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it is read to its end
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// nothingShows looks for secrets in the logs and in every event on the host.
func (s *story) nothingShows(t *testing.T) {
	t.Helper()
	for _, role := range []string{leader, standby} {
		content, err := os.ReadFile(s.log(role))
		if err != nil {
			t.Fatal(err)
		}
		if found := s.found(content); len(found) > 0 {
			t.Errorf("the log of the %s shows %s", role, strings.Join(found, "\n"))
		}
	}
	all, raw, err := s.host.events(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Error("there are no events to look at")
	}
	if found := s.found(raw); len(found) > 0 {
		t.Errorf("events show %s", strings.Join(found, "\n"))
	}
}

// logsAreGood fails on a data race and on a line that is no JSON.
func (s *story) logsAreGood(t *testing.T) {
	t.Helper()
	const shown = 5
	for _, role := range []string{leader, standby} {
		content, err := os.ReadFile(s.log(role))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("DATA RACE")) {
			t.Errorf("the %s has a data race:\n%s", role, content)
			continue
		}
		lines, bad := 0, 0
		for line := range bytes.Lines(content) {
			lines++
			var decoded map[string]any
			if err := json.Unmarshal(line, &decoded); err != nil {
				if bad++; bad <= shown {
					t.Errorf("the %s logs what is no JSON: %s", role, line)
				}
			}
		}
		t.Logf("measured: the log of the %s has %d lines", role, lines)
		if lines == 0 || bad > shown {
			t.Errorf("the log of the %s has %d lines, of which %d are no JSON", role, lines, bad)
		}
	}
}

func (s *story) member(t *testing.T, name string) *lab.Cluster {
	t.Helper()
	c, err := s.lab.Cluster(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
