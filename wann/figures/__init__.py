"""Pictures of networks, runs and episodes; each module has one kind of picture, or what several kinds share."""
