"""Pages and plots: views that take results and compute nothing."""
