{{/* The name of everything: the release's, with memlint in it. */}}
{{- define "memlint.name" -}}
{{- $name := .Release.Name -}}
{{- if not (contains "memlint" $name) }}{{ $name = printf "%s-memlint" $name }}{{ end -}}
{{- $name | trunc 52 | trimSuffix "-" -}}
{{- end }}

{{/* What never changes between versions. */}}
{{- define "memlint.selector" -}}
app.kubernetes.io/name: memlint
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "memlint.labels" -}}
{{ include "memlint.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "memlint.image" -}}
{{- $image := printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- with .Values.image.digest }}{{ $image = printf "%s@%s" $image . }}{{ end -}}
{{- $image -}}
{{- end }}

{{/* The Secret with the serving certificate; not for own-ca. */}}
{{- define "memlint.tlsSecret" -}}
{{- .Values.certificates.secretName | default (printf "%s-tls" (include "memlint.name" .)) -}}
{{- end }}

{{/* The ConfigMap with the policy file; empty for the default policy. */}}
{{- define "memlint.policyConfigMap" -}}
{{- if .Values.policy }}{{ include "memlint.name" . }}-policy{{ else }}{{ .Values.policyFrom.configMap }}{{ end -}}
{{- end }}

{{/* Whether the webhook talks to the API server; empty if it never does. */}}
{{- define "memlint.asksApiServer" -}}
{{- if or (eq .Values.certificates.mode "own-ca") .Values.events (not .Values.capacity) }}true{{ end -}}
{{- end }}

{{/* Whether it looks for autoscalers. */}}
{{- define "memlint.looksForAutoscalers" -}}
{{- if and (eq .Values.nodes "auto") (not .Values.capacity) }}true{{ end -}}
{{- end }}

{{/* Whether others than the Pod itself reach the port for metrics and health. */}}
{{- define "memlint.opensMetrics" -}}
{{- if or .Values.monitoring.enabled .Values.clientCertificates.configMap }}true{{ end -}}
{{- end }}

{{/* What values.schema.json cannot say. */}}
{{- define "memlint.check" -}}
{{- with .Values }}
{{- if and (eq .failurePolicy "Fail") (lt (int .replicas) 2) }}{{ fail "failurePolicy Fail needs at least two replicas: while the only one restarts, no Pod could be created" }}{{ end }}
{{- if and .policy .policyFrom.configMap }}{{ fail "policy and policyFrom.configMap exclude each other" }}{{ end }}
{{- if and .clientCertificates.configMap (not .clientCertificates.names) }}{{ fail "clientCertificates.names must say whose certificates are good" }}{{ end }}
{{- if and .capacity .watchPods }}{{ fail "watchPods needs the cluster's own nodes: remove capacity" }}{{ end }}
{{- if and (eq .certificates.mode "secret") (not .certificates.secretName) }}{{ fail "certificates.mode secret needs certificates.secretName" }}{{ end }}
{{- if and .autoscaling.enabled (lt (int .autoscaling.maxReplicas) (int .replicas)) }}{{ fail "autoscaling.maxReplicas is below replicas, which is the minimum" }}{{ end }}
{{- if ne (toString .resources.requests.memory) (toString .resources.limits.memory) }}{{ fail "resources: the memory request must equal the memory limit" }}{{ end }}
{{- end }}
{{- end }}
