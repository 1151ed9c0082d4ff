package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/fedsync/fedsync/charts"
)

// establishTimeout is how long the API server may take to serve a definition, pollEstablished how often it is asked.
const (
	establishTimeout = time.Minute
	pollEstablished  = 200 * time.Millisecond
)

// applyCRDsCommand brings the host's CRDs to what this build was made with. Helm never upgrades what is in a chart's crds/.
func applyCRDsCommand() *cobra.Command {
	c := &Config{}
	cmd := &cobra.Command{
		Use:   "apply-crds",
		Short: "Create and upgrade the CRDs of this version on the host, and end",
		Long: "apply-crds applies the CRDs that this fedsyncd was built with, and waits until the host serves them.\n" +
			"Definitions of other federated types are left alone, and nothing is ever deleted.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := hostConfig(c)
			if err != nil {
				return fmt.Errorf("find the host cluster: %w", err)
			}
			client, err := dynamic.NewForConfig(config)
			if err != nil {
				return fmt.Errorf("connect to the host: %w", err)
			}
			return applyCRDs(cmd.Context(), client, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&c.Kubeconfig, "kubeconfig", "", "path of the kubeconfig of the host cluster")
	cmd.Flags().StringVar(&c.Context, "context", "", "context of the kubeconfig, the current one if empty")
	return cmd
}

func applyCRDs(ctx context.Context, client dynamic.Interface, out io.Writer) error {
	files, err := charts.CRDs()
	if err != nil {
		return err
	}
	resource := client.Resource(schema.GroupVersionResource{Group: apiextensionsv1.GroupName, Version: "v1", Resource: "customresourcedefinitions"})
	names := make([]string, 0, len(files))
	for _, file := range files {
		definition := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(file, &definition.Object); err != nil {
			return fmt.Errorf("read a definition: %w", err)
		}
		// Forced: whoever applied these fields before, KubeFed's tools or kubectl, applied an earlier version of them.
		if _, err := resource.Apply(ctx, definition.GetName(), definition, metav1.ApplyOptions{FieldManager: "fedsyncd", Force: true}); err != nil {
			return fmt.Errorf("apply definition %q: %w", definition.GetName(), err)
		}
		names = append(names, definition.GetName())
	}
	for _, name := range names {
		if err := awaitEstablished(ctx, resource, name); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is served\n", name)
	}
	return nil
}

func awaitEstablished(ctx context.Context, resource dynamic.ResourceInterface, name string) error {
	err := wait.PollUntilContextTimeout(ctx, pollEstablished, establishTimeout, true, func(ctx context.Context) (bool, error) {
		definition, err := resource.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
		for _, c := range conditions {
			if condition, ok := c.(map[string]any); ok && condition["type"] == string(apiextensionsv1.Established) && condition["status"] == string(metav1.ConditionTrue) {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		return fmt.Errorf("wait until definition %q is served: %w", name, err)
	}
	return nil
}
