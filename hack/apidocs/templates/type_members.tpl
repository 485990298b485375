{{- define "type_members" -}}
{{- if eq .Name "metadata" -}}
the standard metadata of an object
{{- else -}}
{{ .Doc | replace "|" "\\|" | replace "\n" " " | trim }}
{{- end -}}
{{- end -}}
