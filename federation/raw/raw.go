package raw

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	codecs "k8s.io/apimachinery/pkg/runtime/serializer"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	kubejson "sigs.k8s.io/json"
)

// Object is an object of any kind whose content stays undecoded JSON.
type Object struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec   json.RawMessage `json:"spec"`
	Status json.RawMessage `json:"status"`
}

// DeepCopyObject implements runtime.Object. The raw content is shared: nobody changes it.
func (r *Object) DeepCopyObject() runtime.Object {
	c := *r
	r.ObjectMeta.DeepCopyInto(&c.ObjectMeta)
	return &c
}

// List is a list of objects.
type List struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []Object `json:"items"`
}

// DeepCopyObject implements runtime.Object.
func (r *List) DeepCopyObject() runtime.Object {
	c := *r
	c.Items = slices.Clone(r.Items)
	return &c
}

// serializer reads JSON of any kind into the types above, so that no type need be registered. What it is given to decode into
// says the kind: unlike the serializers of a scheme it need not read everything once just to find that out.
type serializer struct{ runtime.Serializer }

// Decode implements runtime.Decoder. Without anything to decode into, an API server's Status becomes that, and everything else an
// Object. Unknown fields are dropped.
func (serializer) Decode(data []byte, _ *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if into != nil {
		kind := into.GetObjectKind().GroupVersionKind()
		return into, &kind, kubejson.UnmarshalCaseSensitivePreserveInts(data, into)
	}
	o := &Object{}
	err := kubejson.UnmarshalCaseSensitivePreserveInts(data, o)
	kind := o.GroupVersionKind()
	if err == nil && kind.Kind == "" {
		err = runtime.NewMissingKindErr(string(data))
	}
	if kind != statusKind {
		return o, &kind, err
	}
	status := &metav1.Status{}
	return status, &kind, kubejson.UnmarshalCaseSensitivePreserveInts(data, status)
}

//nolint:gochecknoglobals // constant
var statusKind = schema.GroupVersionKind{Version: "v1", Kind: "Status"}

// NewSerializer reads and writes JSON. It decodes into what it is given, and into Object without that.
func NewSerializer() runtime.Serializer {
	return serializer{jsonserializer.NewSerializerWithOptions(jsonserializer.DefaultMetaFactory, nil, nil, jsonserializer.SerializerOptions{})}
}

// negotiator speaks JSON only.
type negotiator struct{ runtime.NegotiatedSerializer }

func newNegotiator() runtime.NegotiatedSerializer {
	return negotiator{codecs.NewCodecFactory(runtime.NewScheme()).WithoutConversion()}
}

// SupportedMediaTypes implements runtime.NegotiatedSerializer.
func (negotiator) SupportedMediaTypes() []runtime.SerializerInfo {
	s := NewSerializer()
	return []runtime.SerializerInfo{{
		MediaType: runtime.ContentTypeJSON, MediaTypeType: "application", MediaTypeSubType: "json", EncodesAsText: true, Serializer: s,
		StreamSerializer: &runtime.StreamSerializerInfo{EncodesAsText: true, Serializer: s, Framer: jsonserializer.Framer},
	}}
}

// DecoderToVersion implements runtime.NegotiatedSerializer: there is no conversion.
func (negotiator) DecoderToVersion(d runtime.Decoder, _ runtime.GroupVersioner) runtime.Decoder {
	return d
}

// Source lists and watches the objects of one collection. It implements watch.Source.
type Source struct {
	// Client decodes into Object: it comes from NewClient or NewClientFor.
	Client *rest.RESTClient
	// Path is the collection's, in parts.
	Path []string
	// LabelSelector limits what is told, empty for all.
	LabelSelector string
}

// List returns the objects as they were sent.
func (s *Source) List(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	list := &List{}
	if err := s.get(o).Do(ctx).Into(list); err != nil {
		return nil, err
	}
	return list, nil
}

// Watch watches the objects.
func (s *Source) Watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	o.Watch = true
	return s.get(o).Watch(ctx)
}

func (s *Source) get(o metav1.ListOptions) *rest.Request {
	o.LabelSelector = s.LabelSelector
	return s.Client.Get().AbsPath(s.Path...).SpecificallyVersionedParams(&o, metav1.ParameterCodec, metav1.Unversioned)
}

// NewClient returns a REST client for any path of the cluster that decodes objects of any kind into Object.
func NewClient(config *rest.Config) (*rest.RESTClient, error) {
	return rest.RESTClientFor(clientConfig(config))
}

// NewClientFor does the same over a transport that exists.
func NewClientFor(config *rest.Config, transport *http.Client) (*rest.RESTClient, error) {
	return rest.RESTClientForConfigAndClient(clientConfig(config), transport)
}

func clientConfig(config *rest.Config) *rest.Config {
	c := rest.CopyConfig(config)
	c.NegotiatedSerializer = newNegotiator()
	c.ContentType, c.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	c.GroupVersion = &schema.GroupVersion{}
	return c
}
