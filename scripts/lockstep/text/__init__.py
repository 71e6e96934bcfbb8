"""Text for people: phrases, and sanitising of text that comes from elsewhere."""
