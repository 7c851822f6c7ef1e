namespace tally::space {}
