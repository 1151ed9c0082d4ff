package crd

import apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

const (
	// MaxConditionMessage is how many characters (not bytes) the message of a condition may have.
	MaxConditionMessage = 4096
	// MaxClusterMessage is how many characters (not bytes) the message of one cluster in the status may have. It is
	// smaller than that of a condition because there are as many of them as members.
	MaxClusterMessage = 1024
	// MaxConditions is how many conditions a FederatedTypeConfig may have.
	MaxConditions = 16

	maxConditionReason = 1024
	maxConditionType   = 316

	// What metav1.Condition asks of its strings, so that its Go type and this schema agree.
	conditionReasonPattern = `^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$`
	conditionTypePattern   = `^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?` +
		`(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`

	typeObject  = "object"
	typeArray   = "array"
	typeString  = "string"
	typeBoolean = "boolean"
	typeInteger = "integer"

	formatDateTime = "date-time"
	formatInt64    = "int64"
)

// schema is short for the longest type name in this package.
type schema = apiextensionsv1.JSONSchemaProps

func object(description string, properties map[string]schema, required ...string) schema {
	return schema{Type: typeObject, Description: description, Properties: properties, Required: required}
}

// anyObject is an object whose fields are nobody's business here.
func anyObject(description string) schema {
	return schema{Type: typeObject, Description: description, XPreserveUnknownFields: new(true)}
}

func list(description string, item schema) schema {
	return schema{Type: typeArray, Description: description, Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &item}}
}

func text(description string) schema {
	return schema{Type: typeString, Description: description}
}

func shortText(description string, maxLength int64) schema {
	return schema{Type: typeString, Description: description, MaxLength: &maxLength}
}

func timestamp(description string) schema {
	return schema{Type: typeString, Format: formatDateTime, Description: description}
}

func integer64(description string) schema {
	return schema{Type: typeInteger, Format: formatInt64, Description: description}
}

// federatedSchema is the schema of a federated object: reference/kubefed.md section 1.6, and the two messages.
// Nothing else is bounded, and no list is a map: KubeFed's objects must pass whatever they hold.
func federatedSchema(t Type) schema {
	spec := map[string]schema{
		"template": anyObject("The " + t.Target.Kind + " that every chosen member gets, before its overrides."),
		"placement": object("Which members get a copy.", map[string]schema{
			"clusters": list("The members by name. If it is given, even empty, clusterSelector is not looked at.",
				object("", map[string]schema{"name": text("The name of a KubeFedCluster.")}, "name")),
			"clusterSelector": selectorSchema(),
		}),
		"overrides": list("What differs from the template, by member.", overrideSchema()),
	}
	if t.RetainReplicas {
		spec["retainReplicas"] = schema{
			Type:        typeBoolean,
			Description: "Leave spec.replicas of a copy to whoever scales it in its member, such as a HorizontalPodAutoscaler.",
		}
	}

	return object(t.Federated.Kind+" keeps a "+t.Target.Kind+" in several clusters.", map[string]schema{
		"apiVersion": text(""),
		"kind":       text(""),
		"metadata":   {Type: typeObject},
		"spec":       object("What members should have.", spec),
		"status":     federatedStatusSchema(),
	}, "spec") // Required, because a ConfigMap written by mistake as a FederatedConfigMap has none.
}

func selectorSchema() schema {
	labels := schema{
		Type:        typeObject,
		Description: "Labels that a member must carry.",
		AdditionalProperties: &apiextensionsv1.JSONSchemaPropsOrBool{
			Allows: true,
			Schema: &schema{Type: typeString},
		},
	}

	return object("The members by the labels of their KubeFedCluster. An empty selector chooses all.", map[string]schema{
		"matchLabels": labels,
		"matchExpressions": list("Requirements that a member's labels must meet.", object("", map[string]schema{
			"key":      text("The label."),
			"operator": text("In, NotIn, Exists or DoesNotExist."),
			"values":   list("The values for In and NotIn.", text("")),
		}, "key", "operator")),
	})
}

func overrideSchema() schema {
	return object("", map[string]schema{
		"clusterName": text("The member that differs."),
		"clusterOverrides": list("JSON patch operations, applied in order.", object("", map[string]schema{
			"op":    {Type: typeString, Pattern: `^(add|remove|replace)?$`, Description: "Empty means replace."},
			"path":  text("A JSON pointer into the template, such as /spec/replicas."),
			"value": {XPreserveUnknownFields: new(true), Description: "The new value; not for remove."},
		}, "path")),
	})
}

func federatedStatusSchema() schema {
	return object("What members have.", map[string]schema{
		"observedGeneration": integer64("The generation of the object that this status speaks of."),
		"conditions": list("The state of the object as a whole.", object("", map[string]schema{
			"type":               text("Propagation: whether every chosen member has its copy as declared. OverridesEffective: there only while an override does nothing, or something else than it seems to."),
			"status":             text("True, False or Unknown."),
			"reason":             text("One word for why it is not True."),
			"message":            shortText("What happened and what to do next.", MaxConditionMessage),
			"lastUpdateTime":     timestamp("When a member was last written to, or failed."),
			"lastTransitionTime": timestamp("When the status last changed."),
		}, "type", "status")),
		"clusters": list("The members that have or should have a copy.", object("", map[string]schema{
			"name":         text("The member."),
			"status":       text("Absent if the copy is as declared; otherwise one word for what is wrong."),
			"message":      shortText("What happened and what to do next.", MaxClusterMessage),
			"remoteStatus": anyObject("The status of the copy, if the type collects it."),
		}, "name")),
	})
}

// conditionsSchema is that of a list of metav1.Condition.
func conditionsSchema() schema {
	conditions := list("The state of the object as a whole.", object("", map[string]schema{
		"type":               {Type: typeString, MaxLength: new(int64(maxConditionType)), Pattern: conditionTypePattern},
		"status":             {Type: typeString, Enum: enum("True", "False", "Unknown")},
		"reason":             conditionReasonSchema(),
		"message":            shortText("What happened and what to do next.", MaxConditionMessage),
		"lastTransitionTime": timestamp("When the status last changed."),
		"observedGeneration": {Type: typeInteger, Format: formatInt64, Minimum: new(0.0)},
	}, "lastTransitionTime", "message", "reason", "status", "type"))
	conditions.MaxItems = new(int64(MaxConditions))
	conditions.XListType = new("map")
	conditions.XListMapKeys = []string{"type"}

	return conditions
}

func conditionReasonSchema() schema {
	return schema{
		Type:        typeString,
		Description: "One word for why.",
		MinLength:   new(int64(1)),
		MaxLength:   new(int64(maxConditionReason)),
		Pattern:     conditionReasonPattern,
	}
}

func enum(values ...string) []apiextensionsv1.JSON {
	quoted := make([]apiextensionsv1.JSON, 0, len(values))
	for _, value := range values {
		quoted = append(quoted, apiextensionsv1.JSON{Raw: []byte(`"` + value + `"`)})
	}

	return quoted
}
