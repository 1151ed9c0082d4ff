package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fedsync/fedsync/federation/fault"
)

func BenchmarkOf(b *testing.B) {
	for name, err := range map[string]error{
		"none":     nil,
		"conflict": fmt.Errorf("apply %q: %w", "web", apierrors.NewConflict(deployments, "web", errors.New("changed"))),
		"timeout":  fmt.Errorf("apply %q: %w", "web", context.DeadlineExceeded),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fault.Of(err)
			}
		})
	}
}
