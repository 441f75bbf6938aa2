"""From response curves and rules to a budget plan with its proof. Imports only `measurement`."""
