{{- define "tranship.labels" -}}
app.kubernetes.io/name: tranship
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tranship.settings" -}}
listen: ":50051"
admin: ":9464"
{{- if eq .Values.store "disk" }}
root: /data/files
{{- end }}
{{- if .Values.tls.secretName }}
tls-cert: /etc/tranship/tls/tls.crt
tls-key: /etc/tranship/tls/tls.key
{{- else }}
insecure: true
{{- end }}
{{- if .Values.access.tokens }}
tokens: /etc/tranship/access/tokens
{{- end }}
{{- if .Values.access.policy }}
policy: /etc/tranship/access/policy
{{- end }}
{{- if .Values.metrics.serviceMonitor }}
admin-insecure: true
{{- end }}
{{- with .Values.settings }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tranship.pod" -}}
metadata:
  labels:
    {{- include "tranship.labels" . | nindent 4 }}
  annotations:
    tranship/settings: {{ include "tranship.settings" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: tranship
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve, --config, /etc/tranship/config/tranship.yaml]
      env:
        # The settings of the file win over those of the image.
        - {name: TRANSHIP_ROOT, value: ""}
        - {name: TRANSHIP_LISTEN, value: ""}
        - {name: TRANSHIP_ADMIN, value: ""}
      {{- with .Values.environment.secretName }}
      envFrom:
        - secretRef: {name: {{ . }}}
      {{- end }}
      ports:
        - {name: grpc, containerPort: 50051}
        - {name: admin, containerPort: 9464}
      startupProbe:
        httpGet: {path: /readyz, port: admin}
        periodSeconds: 2
        failureThreshold: 60
      readinessProbe:
        httpGet: {path: /readyz, port: admin}
        periodSeconds: 5
      livenessProbe:
        httpGet: {path: /healthz, port: admin}
        periodSeconds: 10
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/tranship/config, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if .Values.tls.secretName }}
        - {name: tls, mountPath: /etc/tranship/tls, readOnly: true}
        {{- end }}
        {{- if .Values.access.secretName }}
        - {name: access, mountPath: /etc/tranship/access, readOnly: true}
        {{- end }}
        {{- if eq .Values.store "disk" }}
        - {name: data, mountPath: /data}
        {{- end }}
  volumes:
    - name: config
      configMap: {name: {{ .Release.Name }}, defaultMode: 0444}
    - name: tmp
      emptyDir: {}
    {{- with .Values.tls.secretName }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.access.secretName }}
    - name: access
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
