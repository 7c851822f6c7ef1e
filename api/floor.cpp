namespace tally::api {}
