{{- define "gvDetails" }}{{ $gv := . }}
The kinds of `{{ $gv.GroupVersionString }}`:
{{ range $gv.SortedKinds }}
- {{ $gv.TypeForKind . | markdownRenderTypeLink }}
{{- end }}

`kubectl explain` has the same texts. Some rules are about several fields, or about a change. They are not listed here: the API
server answers to a manifest that breaks one with a sentence that says what to write instead.
{{ range $gv.SortedTypes }}{{ if .GVK }}{{ template "type" . }}{{ end }}{{ end -}}
{{ range $gv.SortedTypes }}{{ if not .GVK }}{{ template "type" . }}{{ end }}{{ end -}}
{{- end -}}
