"""How the files of a fleet fit together, beyond what the schema of each can say."""
