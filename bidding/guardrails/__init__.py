"""What holds a bid back, in one fixed order."""
