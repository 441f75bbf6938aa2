"""Who asks: the command line, the HTTP front and the pages. Computes nothing itself."""
