"""What the Kubernetes manifests must fulfil, checked on what kustomize makes of them and against the real daemons."""
