"""What moves a family: fetch, decide, commit, publish."""
