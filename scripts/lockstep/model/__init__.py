"""Values that every layer shares; imports nothing of Lockstep outside this package."""
