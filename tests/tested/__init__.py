"""What each action was tested against, as the tests themselves show it."""
