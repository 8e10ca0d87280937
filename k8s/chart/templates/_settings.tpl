{{- define "longhaul.labels" -}}
app.kubernetes.io/name: longhaul
app.kubernetes.io/component: worker
{{- end }}

{{- define "longhaul.parsed" -}}
{{- $parsed := fromYaml .text }}
{{- if hasKey $parsed "Error" }}{{ fail (printf "%s: %s" .path $parsed.Error) }}{{ end }}
{{- toYaml $parsed }}
{{- end }}

{{/* The workers' environment: the base's, then what the values add. */}}
{{- define "longhaul.env" -}}
{{- $env := dict }}
{{- range $line := splitList "\n" (.Files.Get "base/worker/worker.env") }}
{{- if contains "=" $line }}
{{- $pair := splitn "=" 2 $line }}
{{- $_ := set $env $pair._0 $pair._1 }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.worker.env }}
{{- $_ := set $env $name (toString $value) }}
{{- end }}
{{- toYaml $env }}
{{- end }}

{{/* kubernetes.yaml: the base's, then what the values add. */}}
{{- define "longhaul.kubernetes" -}}
{{- $base := fromYaml (include "longhaul.parsed" (dict "path" "base/worker/kubernetes.yaml" "text" (.Files.Get "base/worker/kubernetes.yaml"))) }}
{{- $images := dict "image" .Values.images.task "keeperImage" .Values.images.keeper }}
{{- toYaml (mergeOverwrite $base $images (deepCopy .Values.sandboxes)) }}
{{- end }}

{{/* Changes the worker's Deployment in place. */}}
{{- define "longhaul.worker" -}}
{{- $values := .root.Values }}
{{- $spec := .object.spec }}
{{- if $values.autoscaling.enabled }}{{ $_ := unset $spec "replicas" }}{{ else }}{{ $_ := set $spec "replicas" $values.worker.replicas }}{{ end }}
{{- $_ := set $spec "strategy" $values.worker.strategy }}
{{- $settings := printf "%s\n%s" (include "longhaul.env" .root) (include "longhaul.kubernetes" .root) }}
{{- $_ := set $spec.template.metadata "annotations" (dict "longhaul.dev/settings" (sha256sum $settings)) }}
{{- with $values.worker.topologySpreadConstraints }}{{ $_ := set $spec.template.spec "topologySpreadConstraints" . }}{{ end }}
{{- range $container := $spec.template.spec.containers }}
{{- $_ := set $container "resources" (mergeOverwrite $container.resources (deepCopy $values.worker.resources)) }}
{{- end }}
{{- end }}

{{/* Names the images of a Deployment as the values do, in place. */}}
{{- define "longhaul.images" -}}
{{- $images := .root.Values.images }}
{{- range $container := .object.spec.template.spec.containers }}
{{- range $name, $image := $images }}
{{- if hasPrefix (printf "registry.example.com/longhaul/%s:" $name) $container.image }}{{ $_ := set $container "image" $image }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
