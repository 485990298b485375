{{- /*
A template with objects of each shard renders them once for the release itself,
and then for each item of shards. The root of a shard has the item in its Values,
and its class as Shard:

  range prepend (.Values.shards | default list) (dict)
    $root := merge (dict "Shard" .controllerClass "Values" (deepCopy .)) $
*/}}

{{- /*
The name of the objects. It is shorter than the limit, because some objects add
a suffix to it. Objects of a shard have its class in their name.
*/}}
{{- define "operator.fullname" -}}
{{- $name := printf "%s-%s" .Release.Name .Chart.Name }}
{{- if .Values.fullnameOverride }}
{{- $name = .Values.fullnameOverride }}
{{- else if contains .Chart.Name .Release.Name }}
{{- $name = .Release.Name }}
{{- end }}
{{- include "operator.ofShard" (dict "name" ($name | replace "." "-") "shard" .Shard "length" 46) }}
{{- end }}

{{- /* A name of at most this length, which ends with the class of the shard. */}}
{{- define "operator.ofShard" -}}
{{- if .shard }}
{{- printf "%s-%s" (.name | trunc (sub .length (len .shard | add1) | int) | trimSuffix "-") .shard }}
{{- else }}
{{- .name | trunc .length | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "operator.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ include "operator.ofShard" (dict "name" .Release.Name "shard" .Shard "length" 63) }}
{{- end }}

{{- define "operator.labels" -}}
{{ include "operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "operator.serviceAccountName" -}}
{{- if and .Values.serviceAccount.create .Values.serviceAccount.name }}
{{- include "operator.ofShard" (dict "name" .Values.serviceAccount.name "shard" .Shard "length" 253) }}
{{- else if .Values.serviceAccount.create }}
{{- include "operator.fullname" . }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{- /*
The environment variables. Go's garbage collector keeps the heap below
GOMEMLIMIT. It is 85 % of a memory limit in Mi or Gi: the rest is for what is
outside the heap. extraEnv can set another value.
*/}}
{{- define "operator.environment" -}}
{{- $limit := dig "limits" "memory" "" .Values.resources | toString }}
{{- $own := list }}
{{- range .Values.extraEnv }}
{{- $own = append $own .name }}
{{- end }}
{{- if and (regexMatch "^[0-9]+[MG]i$" $limit) (not (has "GOMEMLIMIT" $own)) }}
- name: GOMEMLIMIT
  value: {{ div (mul (regexFind "^[0-9]+" $limit | int64) (ternary 87040 85 (hasSuffix "Gi" $limit))) 100 }}MiB
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /*
Not empty if metrics are served. Authorizing clients of the metrics requires a
ClusterRole, and with watchNamespaces there is no ClusterRole.
*/}}
{{- define "operator.metrics" -}}
{{- if and .Values.metrics.enabled (or (not .Values.watchNamespaces) (not .Values.metrics.secure)) }}true{{ end }}
{{- end }}

{{- /*
The ClusterRole for clients of the metrics, or nothing if it is not created.
Metrics over HTTP need no permission.
*/}}
{{- define "operator.metricsReader" -}}
{{- if and .Values.rbac.create .Values.metrics.secure (include "operator.metrics" .) }}{{ include "operator.fullname" . }}-metrics-reader{{ end }}
{{- end }}

{{- /* The Secret with the inline credentials of the default controller. */}}
{{- define "operator.inlineSecret" -}}
{{- printf "%s-juju-login" (include "operator.fullname" .) }}
{{- end }}

{{- /* The objects in a file that is copied from config/, as {items: [...]}. */}}
{{- define "operator.objects" -}}
items:
{{- range regexSplit "(?m)^---$" . -1 }}
{{- $object := fromYaml . }}
{{- if $object.kind }}
{{ list $object | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{- /*
Fails for values that contradict each other, with a solution. values.schema.json
validates single values.
*/}}
{{- define "operator.validate" -}}
{{- if and .Values.rbac.create (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) }}
{{- fail "\n\nset serviceAccount.name: otherwise the operator's roles are bound to the service account default, which every Pod of the namespace can use" }}
{{- end }}
{{- $classes := list .Values.controllerClass }}
{{- range .Values.shards }}
{{- if has .controllerClass $classes }}
{{- fail (printf "\n\nshards[].controllerClass %q is not unique: give each shard, and the release itself, a different controllerClass" .controllerClass) }}
{{- end }}
{{- $classes = append $classes .controllerClass }}
{{- end }}
{{- $monitoring := or .Values.metrics.serviceMonitor.enabled .Values.metrics.prometheusRule.enabled }}
{{- if and $monitoring (not (include "operator.metrics" .)) }}
{{- if .Values.metrics.enabled }}
{{- fail "\n\nmetrics.serviceMonitor and metrics.prometheusRule need metrics: with watchNamespaces, set metrics.secure=false, because authorizing clients of the metrics requires a ClusterRole" }}
{{- else }}
{{- fail "\n\nmetrics.serviceMonitor and metrics.prometheusRule need metrics: set metrics.enabled=true" }}
{{- end }}
{{- end }}
{{- if and .Values.metrics.certificateSecret (not .Values.metrics.secure) }}
{{- fail "\n\nmetrics.certificateSecret needs HTTPS: set metrics.secure=true, or remove metrics.certificateSecret" }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.tlsConfig (not .Values.metrics.secure) }}
{{- fail "\n\nmetrics.serviceMonitor.tlsConfig needs HTTPS: set metrics.secure=true, or remove metrics.serviceMonitor.tlsConfig" }}
{{- end }}
{{- with .Values.defaultController }}
{{- if .create }}
{{- if $.Values.watchNamespaces }}
{{- fail "\n\ndefaultController.create needs an operator for all namespaces, because a ClusterJujuController is cluster-scoped: leave out watchNamespaces, or create a JujuController in each of these namespaces" }}
{{- end }}
{{- if not .addresses }}
{{- fail "\n\ndefaultController.addresses is missing: set it to the api-endpoints of `juju show-controller`" }}
{{- end }}
{{- if and .caCertificate .caCertificateFrom }}
{{- fail "\n\nset only one of defaultController.caCertificate and defaultController.caCertificateFrom" }}
{{- end }}
{{- $credentials := .credentials }}
{{- $keys := ternary (list "username" "password") (list "client-id" "client-secret") (eq $credentials.login "userPass") }}
{{- if eq (empty $credentials.existingSecret) (empty $credentials.inline) }}
{{- fail (printf "\n\nset one of defaultController.credentials.existingSecret, a Secret with the keys %s, and defaultController.credentials.inline" (join " and " $keys)) }}
{{- end }}
{{- if and $credentials.inline (ne (keys $credentials.inline | sortAlpha | join " ") ($keys | sortAlpha | join " ")) }}
{{- fail (printf "\n\ndefaultController.credentials.inline has to have the keys %s for defaultController.credentials.login=%s" (join " and " $keys) $credentials.login) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
