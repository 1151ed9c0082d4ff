package member

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestValidityOf(t *testing.T) {
	token := func(claims string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
	}
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	secret := func(entries ...metav1.ManagedFieldsEntry) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(made), ManagedFields: entries}}
	}
	wrote := func(fields string, after time.Duration) metav1.ManagedFieldsEntry {
		at := metav1.NewTime(made.Add(after))
		return metav1.ManagedFieldsEntry{Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	tests := map[string]struct {
		why, token string
		secret     *corev1.Secret
		want       Validity
	}{
		"a token that says both":   {why: "who issued it knows best", token: token(`{"iat":1767312000,"exp":1767315600}`), secret: secret(), want: Validity{Since: time.Unix(1767312000, 0), Expiry: time.Unix(1767315600, 0)}},
		"a token of a Secret":      {why: "it says neither and does not end", token: token(`{"iss":"kubernetes/serviceaccount"}`), secret: secret(), want: Validity{Since: made}},
		"a Secret written later":   {why: "the token was replaced", token: "opaque", secret: secret(wrote(`{"f:data":{"f:token":{}}}`, time.Hour)), want: Validity{Since: made.Add(time.Hour)}},
		"a Secret labelled later":  {why: "that is no new token", token: "opaque", secret: secret(wrote(`{"f:metadata":{"f:labels":{}}}`, time.Hour)), want: Validity{Since: made}},
		"three parts of nonsense":  {why: "it looks like a token and is none", token: "a.!!.c", secret: secret(), want: Validity{Since: made}},
		"claims that are no JSON":  {why: "the same", token: token("nonsense"), secret: secret(), want: Validity{Since: made}},
		"claims of another kind":   {why: "the same", token: token(`{"exp":"soon"}`), secret: secret(), want: Validity{Since: made}},
		"an expiry before 1970":    {why: "nobody means it", token: token(`{"exp":-1}`), secret: secret(), want: Validity{Since: made}},
		"padding that is too much": {why: "some libraries pad", token: "e30." + base64.URLEncoding.EncodeToString([]byte(`{"exp":1767315600}`)) + ".c2ln", secret: secret(), want: Validity{Since: made, Expiry: time.Unix(1767315600, 0)}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := validityOf(&login{token: tc.token}, tc.secret)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got), because %s:\n%s", tc.why, diff)
			}
		})
	}
}
