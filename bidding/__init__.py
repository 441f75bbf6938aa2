"""Daily bids inside the plan's budget. Holds nothing yet; imports `optimizer` and `measurement` only."""
