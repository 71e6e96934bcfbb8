"""Text for people, and of PromQL: phrases, and sanitising of text that comes from elsewhere."""
