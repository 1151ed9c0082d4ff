package engine

import (
	"context"

	"github.com/fedsync/fedsync/federation/plan"
	"github.com/fedsync/fedsync/federation/report"
)

// recordVersions writes the object's PropagatedVersion, if that was asked for: which version of each copy was found in step
// with the declaration. What is on its way is written when it has settled.
func (e *Engine) recordVersions(ctx context.Context, s *subject, summary report.Summary) error {
	if e.versions == nil || s.Object.Deleting || !summary.Settled {
		return nil
	}
	versions, err := report.HashDeclaration(s.Object)
	if err != nil {
		return nil //nolint:nilerr // a faulty declaration has no version, and the status says what is wrong with it
	}
	for _, m := range e.Snapshot().Members() {
		ms := e.memberState(m.Name)
		if ms == nil {
			continue
		}
		at := e.gather(s, ms, m)
		if at.input.Want == plan.WantChosen && plan.Decide(at.input).Reason == plan.InSync {
			versions.ClusterVersions = append(versions.ClusterVersions, report.ClusterVersion{
				ClusterName: m.Name, Version: report.VersionOf(at.input.Observed),
			})
		}
	}
	return ignoreLost(e.versions.Write(ctx, s.Kind, s.Object, versions))
}
