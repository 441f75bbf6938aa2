"""What a platform's rules are: limits and steps of bids and budgets, and exact rounding to them."""
