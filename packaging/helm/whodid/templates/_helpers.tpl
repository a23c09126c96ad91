{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}

{{- define "whodid.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "whodid.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "whodid.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "whodid.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "whodid.selectorLabels" -}}
app.kubernetes.io/name: {{ include "whodid.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "whodid.labels" -}}
{{ include "whodid.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/component: sensor
app.kubernetes.io/part-of: whodid
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "whodid.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "whodid.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* whodid.yaml: config, and the sink that otlp asks for. */ -}}
{{- define "whodid.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- with .Values.otlp -}}
{{- if .endpoint -}}
{{- $sink := dict "name" "otlp" "type" "otlp" "endpoint" .endpoint "protocol" .protocol -}}
{{- if .metrics -}}{{- $_ := set $sink "metrics_endpoint" "auto" -}}{{- end -}}
{{- if .headersSecret -}}{{- $_ := set $sink "headers_file" "/etc/whodid/headers/headers" -}}{{- end -}}
{{- if .tls.secret -}}
{{- $tls := dict "ca" "/etc/whodid/tls/ca.crt" -}}
{{- if .tls.clientCertificate -}}
{{- $_ := set $tls "certificate" "/etc/whodid/tls/tls.crt" -}}
{{- $_ := set $tls "key" "/etc/whodid/tls/tls.key" -}}
{{- end -}}
{{- $_ := set $sink "tls" $tls -}}
{{- end -}}
{{- $_ := set $config "sinks" (append (default list $config.sinks) $sink) -}}
{{- end -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* The sensor's own security context, which values may change key by key. */ -}}
{{- define "whodid.securityContext" -}}
{{- $own := dict "runAsUser" 0 "readOnlyRootFilesystem" true
      "seccompProfile" (dict "type" "Unconfined") -}}
{{- if .Values.leastPrivileged -}}
{{- $_ := set $own "privileged" false -}}
{{- $_ := set $own "allowPrivilegeEscalation" false -}}
{{- $_ := set $own "capabilities" (dict "drop" (list "ALL") "add" (list "BPF" "PERFMON" "SYS_PTRACE" "DAC_READ_SEARCH")) -}}
{{- else -}}
{{- $_ := set $own "privileged" true -}}
{{- end -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}
{{- $_ := set $own "appArmorProfile" (dict "type" "Unconfined") -}}
{{- end -}}
{{- toYaml (mergeOverwrite $own (deepCopy .Values.securityContext)) -}}
{{- end -}}
