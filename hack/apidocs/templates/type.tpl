{{- define "type" }}{{ $type := . }}{{ if markdownShouldRenderType $type }}
## {{ $type.Name }}

{{ $type.Doc }}
{{ with $type.SortedReferences }}
In {{ range $i, $ref := . }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $ref }}{{ end }}.
{{ end }}
{{- if $type.Members }}
| Field | Meaning | Default | Bounds |
|---|---|---|---|
{{ with $type.GVK }}| `apiVersion`, string | `{{ .Group }}/{{ .Version }}` | | required |
| `kind`, string | `{{ .Kind }}` | | required |
{{ end }}
{{- range $type.Members }}| `{{ .Name }}`, {{ markdownRenderType .Type }} | {{ template "type_members" . }} | {{ with .Default }}`{{ . | replace " " "" }}`{{ end }} | {{ template "bounds" .Validation }} |
{{ end }}{{ end }}
{{- if $type.EnumValues }}
| Value | Meaning |
|---|---|
{{ range $type.EnumValues }}| `{{ .Name }}` | {{ regexReplaceAll "^[A-Za-z0-9]+ (means that )?" (.Doc | replace "\n" " " | trim) "" }} |
{{ end }}{{ end }}{{ end }}{{ end -}}

{{- /* The bounds of one field in the schema, without its CEL rules. */ -}}
{{- define "bounds" }}{{ $bounds := list }}
{{- range . }}{{ if not (contains "XValidation" .) }}
{{- $text := . | replace ": {}" "" | replace "Required" "required" | replace "Optional" "optional" }}
{{- if ne $text "optional" }}{{ $bounds = append $bounds ($text | replace "|" "\\|") }}{{ end }}
{{- end }}{{ end }}{{ $bounds | join ", " }}{{ end -}}
