package see

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/kubefed/pkg/apis/core/common"
	fedv1b1 "sigs.k8s.io/kubefed/pkg/apis/core/v1beta1"

	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/cli"
	"github.com/fedsync/fedsync/cmd/kubectl-fed/internal/control"
	"github.com/fedsync/fedsync/federation/host"
)

// How the connection to a member stands.
const (
	memberReady     = "Ready"
	memberNotReady  = "NotReady"
	memberMalformed = "Malformed"
	memberUnprobed  = "Unprobed"
)

// Member is a registered cluster.
type Member struct {
	Name string `json:"name"`
	// State is Ready, NotReady, Malformed (there is no connection) or Unprobed (fedsyncd has not looked yet).
	State    string            `json:"state"`
	Message  string            `json:"message,omitempty"`
	Cordoned bool              `json:"cordoned"`
	Drained  bool              `json:"drained"`
	Version  string            `json:"kubernetesVersion,omitempty"`
	Endpoint string            `json:"apiEndpoint"`
	Identity string            `json:"identity,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Joined   time.Time         `json:"joined"`
	Copies   Tally             `json:"copies"`
}

// MemberCounts counts members by how the connection stands.
type MemberCounts struct {
	Total     int `json:"total"`
	Ready     int `json:"ready"`
	NotReady  int `json:"notReady"`
	Malformed int `json:"malformed"`
	Unprobed  int `json:"unprobed"`
	Cordoned  int `json:"cordoned"`
	Drained   int `json:"drained"`
}

// memberOf says what the host stores of a member.
func memberOf(c *fedv1b1.KubeFedCluster) Member {
	m := Member{
		Name: c.Name, State: memberUnprobed, Cordoned: host.Marked(c, host.CordonedAnnotation), Drained: host.Marked(c, host.DrainedAnnotation),
		Version: c.Status.KubernetesVersion, Endpoint: c.Spec.APIEndpoint, Identity: c.Annotations[host.MemberUIDAnnotation],
		Labels: c.Labels, Joined: c.CreationTimestamp.Time,
	}
	for _, condition := range c.Status.Conditions {
		said := ""
		if condition.Message != nil {
			said = *condition.Message
		}
		switch {
		case condition.Type == common.ClusterReady && condition.Status == corev1.ConditionTrue:
			m.State = memberReady
		case condition.Type == common.ClusterReady && m.State != memberMalformed:
			m.State = memberNotReady
			if m.Message == "" {
				m.Message = said
			}
		case condition.Type == common.ClusterConfigMalformed && condition.Status == corev1.ConditionTrue:
			m.State, m.Message = memberMalformed, said
		case condition.Type == common.ClusterOffline && condition.Status == corev1.ConditionTrue:
			m.Message = said // it says more than that the member is not ready
		}
	}
	return m
}

// count counts the members.
func count(members []Member) MemberCounts {
	c := MemberCounts{Total: len(members)}
	for i := range members {
		m := &members[i]
		switch m.State {
		case memberReady:
			c.Ready++
		case memberNotReady:
			c.NotReady++
		case memberMalformed:
			c.Malformed++
		default:
			c.Unprobed++
		}
		if m.Drained {
			c.Drained++
		} else if m.Cordoned {
			c.Cordoned++
		}
	}
	return c
}

// countCopies adds what the statuses say of each member's copies.
func countCopies(members []Member, all []typed) {
	for _, of := range all {
		for i := range of.objects {
			for _, entry := range of.objects[i].Status.Clusters {
				if j, found := slices.BinarySearchFunc(members, string(entry.Name), byName); found {
					members[j].Copies.add(entry.Status)
				}
			}
		}
	}
}

func byName(m Member, name string) int {
	switch {
	case m.Name < name:
		return -1
	case m.Name > name:
		return 1
	}
	return 0
}

// service says whether the member is out of service.
func (m *Member) service() string {
	switch {
	case m.Drained:
		return "drained"
	case m.Cordoned:
		return "cordoned"
	}
	return ""
}

func memberHeadings(wide bool) []string {
	headings := []string{"NAME", "STATE", "COPIES", "SERVICE", "VERSION", "AGE"}
	if wide {
		headings = append(headings, "ENDPOINT", "IDENTITY", "LABELS")
	}
	return append(headings, "MESSAGE")
}

func (m *Member) row(wide bool, now time.Time) []string {
	row := []string{m.Name, m.State, fmt.Sprintf("%d/%d", m.Copies.InStep, m.Copies.Total()), orDash(m.service()), orDash(m.Version), age(now, m.Joined)}
	if wide {
		row = append(row, m.Endpoint, orDash(m.Identity), orDash(labels.Set(m.Labels).String()))
	}
	return append(row, m.Message)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func age(now, since time.Time) string { return duration.HumanDuration(now.Sub(since)) }

type membersOptions struct {
	g      *cli.Global
	output cli.Output
	watch  bool
}

func membersCommand(g *cli.Global) *cobra.Command {
	o := &membersOptions{g: g}
	c := &cobra.Command{
		Use:     "members [MEMBER...]",
		Aliases: []string{"clusters"},
		Short:   "List the members, their health and how many copies are in step",
		Example: "  kubectl fed members -o wide",
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.output.Validate(); err != nil {
				return err
			}
			return o.run(c.Context(), args)
		},
		ValidArgsFunction: g.CompleteMembers,
	}
	o.output.AddFlag(c.Flags(), "json", "yaml", "wide", "name")
	c.Flags().BoolVarP(&o.watch, "watch", "w", false, "go on, and print a member when it changes")
	return c
}

func (o *membersOptions) run(ctx context.Context, names []string) error {
	plane, err := o.g.Plane()
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := plane.Cluster(ctx, name); err != nil {
			return err
		}
	}
	if o.watch {
		return o.follow(ctx, plane, names)
	}
	members, _, err := gather(ctx, o.g, plane, "")
	if err != nil {
		return err
	}
	members = slices.DeleteFunc(members, func(m Member) bool { return len(names) > 0 && !slices.Contains(names, m.Name) })
	return o.print(members)
}

func (o *membersOptions) print(members []Member) error {
	switch {
	case o.output.Structured():
		return o.output.Print(o.g.Out, map[string]any{"members": members})
	case o.output.Format == "name":
		for i := range members {
			fmt.Fprintln(o.g.Out, "kubefedcluster.core.kubefed.io/"+members[i].Name)
		}
		return nil
	case len(members) == 0:
		fmt.Fprintf(o.g.ErrOut, "no members; `%s join MEMBER` registers one\n", o.g.Program)
		return nil
	}
	rows := make([][]string, 0, len(members))
	for i := range members {
		rows = append(rows, members[i].row(o.output.Wide(), o.g.Clock.Now()))
	}
	return cli.Table(o.g.Out, memberHeadings(o.output.Wide()), rows)
}

// follow prints members as they change. How many copies they have changes with objects, and is left out.
func (o *membersOptions) follow(ctx context.Context, plane *control.Plane, names []string) error {
	columns := cli.NewColumns(o.g.Out, []string{"NAME", "STATE", "SERVICE", "VERSION", "AGE", "MESSAGE"})
	told := map[string]string{}
	return plane.Follow(ctx, control.ClusterResource(), plane.Namespace, func(change control.Change) error {
		if len(names) > 0 && !slices.Contains(names, change.Object.Name) {
			return nil
		}
		c := &fedv1b1.KubeFedCluster{}
		if err := convert(change.Object, c); err != nil {
			return err
		}
		m := memberOf(c)
		if change.Deleted {
			m.State, m.Message = "Unjoined", ""
		}
		row := []string{m.Name, m.State, orDash(m.service()), orDash(m.Version), age(o.g.Clock.Now(), m.Joined), m.Message}
		if now := fmt.Sprint(row[1:4], row[5]); told[m.Name] != now {
			told[m.Name] = now
			return columns.Write(row)
		}
		return nil
	})
}

// convert reads an object of any kind as a typed one.
func convert(from any, into metav1.Object) error {
	body, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
