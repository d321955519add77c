"""HTTP in and out. The one place that knows status codes."""
