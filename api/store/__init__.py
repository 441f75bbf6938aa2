"""What the service remembers: tables and files."""
