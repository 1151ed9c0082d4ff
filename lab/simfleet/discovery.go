package simfleet

import (
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

var serverVersion = version.Info{Major: "1", Minor: "37", GitVersion: "v1.37.2-simulated", Platform: "linux/amd64"}

// discover answers what is asked about the kinds that are served. It returns false for everything else.
func (f *Fleet) discover(w http.ResponseWriter, segments []string) bool {
	switch path := strings.Join(segments, "/"); {
	case path == "api":
		writeJSON(w, metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case path == "apis":
		writeJSON(w, f.kinds.groups())
	case len(segments) == 2 && segments[0] == "api":
		return f.resources(w, schema.GroupVersion{Version: segments[1]})
	case len(segments) == 3 && segments[0] == "apis":
		return f.resources(w, schema.GroupVersion{Group: segments[1], Version: segments[2]})
	default:
		return false
	}
	return true
}

func (ks *kinds) groups() metav1.APIGroupList {
	list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	for _, gv := range ks.versions() {
		if gv.Group == "" {
			continue
		}
		v := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
		list.Groups = append(list.Groups, metav1.APIGroup{Name: gv.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v})
	}
	return list
}

func (f *Fleet) resources(w http.ResponseWriter, gv schema.GroupVersion) bool {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	for _, k := range f.kinds.all {
		if k.gvk.GroupVersion() == gv {
			list.APIResources = append(list.APIResources, k.APIResource)
		}
	}
	if len(list.APIResources) == 0 {
		return false
	}
	writeJSON(w, list)
	return true
}
