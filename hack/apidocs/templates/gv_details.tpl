{{- define "gvDetails" }}{{ $gv := . }}
The kinds of `{{ $gv.GroupVersionString }}`:
{{ range $gv.SortedKinds }}
- {{ $gv.TypeForKind . | markdownRenderTypeLink }}
{{- end }}

`kubectl explain` prints the same texts. Rules about several fields, or about a change of a field, are not listed here.
The API server rejects a manifest that violates such a rule, and its message contains the solution.
{{ range $gv.SortedTypes }}{{ if .GVK }}{{ template "type" . }}{{ end }}{{ end -}}
{{ range $gv.SortedTypes }}{{ if not .GVK }}{{ template "type" . }}{{ end }}{{ end -}}
{{- end -}}
