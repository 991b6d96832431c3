"""Pictures of networks and runs; each module draws one kind of figure and imports matplotlib itself."""
