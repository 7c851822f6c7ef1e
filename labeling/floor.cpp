namespace tally::labeling {}
