package host

import (
	"encoding/json"
	"reflect"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/rest"
)

// rawObject is a federated object whose content stays undecoded JSON: it becomes a fleet.FederatedObject in the store.
type rawObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   json.RawMessage `json:"spec"`
	Status json.RawMessage `json:"status"`
}

// DeepCopyObject implements runtime.Object. The raw content is shared: nobody changes it.
func (r *rawObject) DeepCopyObject() runtime.Object {
	c := *r
	r.ObjectMeta.DeepCopyInto(&c.ObjectMeta)
	return &c
}

// rawList is a list of federated objects.
type rawList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []rawObject `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (r *rawList) DeepCopyObject() runtime.Object {
	c := *r
	c.Items = slices.Clone(r.Items)
	return &c
}

// rawTypes makes the JSON serializer decode every kind into the types above, so that no type need be registered.
type rawTypes struct{}

// New implements runtime.ObjectCreater.
func (rawTypes) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	if kind.Kind == "Status" && kind.Group == "" {
		return &metav1.Status{}, nil
	}
	return &rawObject{}, nil // lists are always decoded into the rawList that is given
}

// ObjectKinds implements runtime.ObjectTyper: nothing is registered, so the serializer decodes into what it is given.
func (rawTypes) ObjectKinds(o runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return nil, false, runtime.NewNotRegisteredErrForType("rawTypes", reflect.TypeOf(o))
}

// Recognizes implements runtime.ObjectTyper.
func (rawTypes) Recognizes(schema.GroupVersionKind) bool { return false }

// rawNegotiator speaks JSON only.
type rawNegotiator struct{ runtime.NegotiatedSerializer }

func newRawNegotiator() runtime.NegotiatedSerializer {
	return rawNegotiator{serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()}
}

// SupportedMediaTypes implements runtime.NegotiatedSerializer.
func (rawNegotiator) SupportedMediaTypes() []runtime.SerializerInfo {
	s := jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, rawTypes{}, rawTypes{}, jsonserializer.SerializerOptions{})
	return []runtime.SerializerInfo{{
		MediaType: runtime.ContentTypeJSON, MediaTypeType: "application", MediaTypeSubType: "json", EncodesAsText: true, Serializer: s,
		StreamSerializer: &runtime.StreamSerializerInfo{EncodesAsText: true, Serializer: s, Framer: jsonserializer.Framer},
	}}
}

// DecoderToVersion implements runtime.NegotiatedSerializer: there is no conversion.
func (rawNegotiator) DecoderToVersion(d runtime.Decoder, _ runtime.GroupVersioner) runtime.Decoder {
	return d
}

// rawClient returns a REST client for any path of the cluster.
func rawClient(config *rest.Config) (*rest.RESTClient, error) {
	c := rest.CopyConfig(config)
	c.NegotiatedSerializer = newRawNegotiator()
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	c.GroupVersion = &schema.GroupVersion{}
	return rest.RESTClientFor(c)
}
