"""From panels and experiments to what each channel really sells. Imports nothing from the other packages."""
