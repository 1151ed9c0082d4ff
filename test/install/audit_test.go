package install

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// auditLog is a file in each cluster's directory.
const auditLog = "audit.log"

// request is what the audit log tells of one.
type request struct {
	Stage string `json:"stage"`
	Verb  string `json:"verb"`
	URI   string `json:"requestURI"` //nolint:tagliatelle // the API server's name
	User  struct {
		Username string `json:"username"`
	} `json:"user"`
	Object *struct {
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
		Group       string `json:"apiGroup"`
		Namespace   string `json:"namespace"`
		Name        string `json:"name"`
	} `json:"objectRef"`
	Response struct {
		Code   int    `json:"code"`
		Reason string `json:"reason"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
}

// forbidden tells that RBAC said no.
func (r *request) forbidden() bool { return r.Annotations["authorization.k8s.io/decision"] == "forbid" }

// requests returns what an account asked a cluster so far, in its order.
func (w *world) requests(t *testing.T, cluster, user string) (found []request) {
	t.Helper()
	file, err := os.Open(filepath.Join(w.lab.Dir(), cluster, auditLog))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // it is only read
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("read the audit log: %v: %s", err, lines.Bytes())
		}
		if r.User.Username == user {
			found = append(found, r)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}
