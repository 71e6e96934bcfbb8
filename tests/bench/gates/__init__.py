"""Simulates rollouts, and judges them with the program's own code of gates."""
