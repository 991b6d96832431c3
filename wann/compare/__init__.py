"""The opposite road: dense networks, trained and pruned, side by side with what evolved."""
