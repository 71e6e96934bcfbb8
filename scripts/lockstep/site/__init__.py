"""The page of a fleet: HTML from the states, time lines and decisions of its families."""
