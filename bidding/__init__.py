"""Daily bids inside the plan's budget. Imports `optimizer` and `measurement` only."""
