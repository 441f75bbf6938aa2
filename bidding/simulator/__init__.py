"""An auction market with known truth, for proof. Shares no code with the bidder, save the values it hands over."""
