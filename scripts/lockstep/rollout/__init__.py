"""How a family moves: its position, the next move, rollback, quarantine and the ledger."""
