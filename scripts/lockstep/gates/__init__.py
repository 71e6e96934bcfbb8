"""What the evidence of a gate means: verdicts, and the statistics behind them."""
