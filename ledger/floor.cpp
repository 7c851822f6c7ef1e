namespace tally::ledger {}
