{{- define "fedsync.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: fedsync
{{ include "fedsync.selector" . }}
{{- end }}

{{- define "fedsync.selector" -}}
app.kubernetes.io/name: fedsyncd
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fedsync.scope" -}}
{{ .Values.global.scope | default "Cluster" }}
{{- end }}

{{- /* The name of what belongs to no namespace: control planes of single namespaces may share a cluster. */ -}}
{{- define "fedsync.clusterName" -}}
{{- if eq (include "fedsync.scope" .) "Namespaced" -}}
fedsyncd-{{ .Release.Namespace }}
{{- else -}}
fedsyncd
{{- end -}}
{{- end }}

{{- define "fedsync.image" -}}
{{- with .Values.controllermanager.controller -}}
{{ .repository }}/{{ .image }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default (printf "v%s" $.Chart.AppVersion) }}{{ end }}
{{- end -}}
{{- end }}

{{- define "fedsync.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "fedsync.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "fedsync.args" -}}
- --kubefed-namespace={{ .Release.Namespace }}
- --log-format={{ .Values.fedsyncd.logFormat }}
- --v={{ int64 .Values.controllermanager.controller.logLevel }}
- --metrics-addr=:9090
- --healthz-addr=:8080
- --member-workers={{ int64 .Values.fedsyncd.memberWorkers }}
- --host-workers={{ int64 .Values.fedsyncd.hostWorkers }}
- --removal-budget-count={{ int64 .Values.fedsyncd.removalBudget.count }}
- --removal-budget-percent={{ int64 .Values.fedsyncd.removalBudget.percent }}
- --removal-budget-window={{ .Values.fedsyncd.removalBudget.window }}
- --template-annotations={{ .Values.fedsyncd.templateAnnotations }}
- --metrics-detail={{ .Values.metrics.detail }}
- --overdue-after={{ .Values.metrics.overdueAfter }}
{{- if .Values.fedsyncd.propagatedVersions }}
- --propagated-versions
{{- end }}
{{- if .Values.metrics.kubefed }}
- --kubefed-metrics
{{- end }}
{{- with .Values.tracing.endpoint }}
- {{ printf "--tracing-endpoint=%s" . | quote }}
- --tracing-sample-ratio={{ $.Values.tracing.sampleRatio }}
{{- end }}
{{- if .Values.webhook.enabled }}
- --webhook-addr=:8443
{{- if .Values.webhook.strict }}
- --webhook-strict
{{- end }}
{{- if .Values.controllermanager.certManager.enabled }}
- --webhook-cert-dir=/certificate
{{- else }}
- --webhook-names={{ include "fedsync.webhookName" . }}
- --webhook-configuration={{ include "fedsync.clusterName" . }}
{{- end }}
{{- end }}
{{- range .Values.fedsyncd.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{- /* Whether there is a fedsyncd to ask: without one, failurePolicy Fail would refuse everything. */ -}}
{{- define "fedsync.asks" -}}
{{- if and .Values.webhook.enabled (or .Values.controllermanager.enabled .Values.webhook.url) }}true{{ end -}}
{{- end }}

{{- /* What the API server calls the webhook. */ -}}
{{- define "fedsync.webhookName" -}}
{{- if .Values.webhook.url -}}
{{ (urlParse .Values.webhook.url).hostname }}
{{- else -}}
fedsyncd-webhook.{{ .Release.Namespace }}.svc
{{- end -}}
{{- end }}

{{- define "fedsync.webhookClient" -}}
clientConfig:
{{- if .root.Values.webhook.url }}
  url: {{ .root.Values.webhook.url }}{{ .path }}
{{- else }}
  service:
    name: fedsyncd-webhook
    namespace: {{ .root.Release.Namespace }}
    path: {{ .path }}
    port: 443
{{- end }}
admissionReviewVersions: [v1]
sideEffects: None
failurePolicy: {{ .policy | default "Ignore" }}
timeoutSeconds: {{ .root.Values.webhook.timeoutSeconds }}
matchConditions:
# What fedsyncd writes itself needs no second look, and must not wait for one.
- name: not-fedsyncd
  expression: request.userInfo.username != "system:serviceaccount:{{ .root.Release.Namespace }}:fedsyncd"
# Nor does anybody who takes the last finalizer off.
- name: not-leaving
  expression: '!has(object.metadata.deletionTimestamp)'
namespaceSelector:
  matchExpressions:
{{- if eq (include "fedsync.scope" .root) "Namespaced" }}
  - {key: kubernetes.io/metadata.name, operator: In, values: [{{ .root.Release.Namespace }}]}
{{- else }}
  - {key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kube-public, kube-node-lease]}
{{- end }}
{{- end }}

{{- define "fedsync.federatedGroups" -}}
[types.kubefed.io{{ range .Values.rbac.federatedGroups }}, {{ . }}{{ end }}]
{{- end }}

{{- /* Rights over federated objects, where the control plane works. */ -}}
{{- define "fedsync.federatedRules" }}
- apiGroups: {{ include "fedsync.federatedGroups" . }}
  resources: ["*"]
  verbs: [get, list, watch, patch]
- apiGroups: {{ include "fedsync.federatedGroups" . }}
  resources: ["*/status"]
  verbs: [patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- if .Values.fedsyncd.propagatedVersions }}
{{- $namespaced := eq (include "fedsync.scope" .) "Namespaced" }}
- apiGroups: [core.kubefed.io]
  resources: [propagatedversions{{ if not $namespaced }}, clusterpropagatedversions{{ end }}]
  verbs: [get, create, patch]
- apiGroups: [core.kubefed.io]
  resources: [propagatedversions/status{{ if not $namespaced }}, clusterpropagatedversions/status{{ end }}]
  verbs: [patch]
{{- end }}
{{- end }}

{{- /* The fields of a part of the KubeFedConfig that are given, as YAML; nothing if none is. */ -}}
{{- define "fedsync.given" -}}
{{- $given := dict }}
{{- range $field, $value := . }}
{{- if $value }}{{ $_ := set $given $field $value }}{{ end }}
{{- end }}
{{- if $given }}{{ toYaml $given }}{{ end }}
{{- end }}

{{- define "fedsync.crdsHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
