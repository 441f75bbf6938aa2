"""One verb per module: what the command line and the HTTP front both ask for."""
