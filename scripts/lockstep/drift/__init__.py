"""What of a live cluster differs from git, and what that means: from values alone."""
