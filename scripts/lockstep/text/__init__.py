"""Text for people: phrases, and sanitising of what comes from elsewhere."""
