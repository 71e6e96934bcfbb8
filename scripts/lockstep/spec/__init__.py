"""What people write in clusters/: YAML read with its places, validated, assembled, edited."""
