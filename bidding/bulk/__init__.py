"""Changes in; the platform's own bulk file, or one answer per item from an API client, out."""
