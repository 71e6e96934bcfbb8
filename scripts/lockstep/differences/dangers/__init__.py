"""The kinds of dangerous changes, a function each; ``table`` registers them."""
