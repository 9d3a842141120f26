"""What is counted, in prometheus-client, the one store of figures (design.md, "Decisions")."""

from prometheus_client import Counter

heartbeats = Counter("sandglass_heartbeats", "Heartbeats answered, by outcome", ["outcome"])
heartbeat_batches = Counter("sandglass_heartbeat_batches", "Batches of heartbeats committed")
heartbeat_failures = Counter("sandglass_heartbeat_failures", "Heartbeats that failed closed or were refused as busy")
refusals = Counter("sandglass_refusals", "Answers of the API with status 400 and above", ["status"])
