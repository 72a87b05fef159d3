"""lookalike: a shop's catalogue in, recommendations by likeness out."""
